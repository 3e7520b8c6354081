// The keyboard in the bank list: arrows, Home, End, letters, Enter and Escape.
// Every bank is a button in the tab order, so nothing here is needed to reach one; it is faster.

const fold = (text) => text.toLowerCase().normalize('NFD').replace(/[^a-z0-9]/g, '');

/** Handles a key pressed inside the view. */
export function press(inside, event, search) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const { key, target } = event;
  const banks = [...inside.querySelectorAll('li:not([hidden])>.k-bank')];
  const field = inside.querySelector('[type=search]');
  const clear = () => {
    field.value = '';
    search('');
    return field;
  };
  let next;
  if (target === field) {
    if (key === 'ArrowDown') next = banks[0];
    else if (key === 'Escape' && field.value) next = clear();
    else if (key === 'Enter') {
      // One bank left is the bank meant; of several the first is offered.
      event.preventDefault();
      if (banks.length === 1) banks[0].click();
      else next = banks[0];
    }
  } else if (banks.includes(target)) {
    const here = banks.indexOf(target);
    const letter = key.length === 1 && fold(key);
    if (key === 'ArrowDown') next = banks[here + 1] ?? target;
    else if (key === 'ArrowUp') next = banks[here - 1] ?? field ?? target;
    else if (key === 'Home') next = banks[0];
    else if (key === 'End') next = banks.at(-1);
    else if (key === 'Escape' && field) next = clear();
    else if (letter) {
      const named = (bank) => fold(bank.querySelector('.k-name').textContent).startsWith(letter);
      next = [...banks.slice(here + 1), ...banks.slice(0, here)].find(named);
    }
  }
  if (!next) return;
  event.preventDefault();
  next.focus();
}
