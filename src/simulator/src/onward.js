// VETUMA's pages that need no word of the user go on by themselves.
document.querySelector('form[data-onward]').submit();
