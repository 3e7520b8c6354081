// Sends the form of a page that only leads on. Without script its button does.
document.querySelector('form.onward').submit();
