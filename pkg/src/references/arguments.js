// What arguments must be, before they reach the module.
import { misshapen } from './error.js';

export function text(value, field) {
  if (typeof value !== 'string') throw misshapen(field, 'a string');
  return value;
}

/** What is left out is empty. */
export const optional = (value, field) => (value == null ? '' : text(value, field));

export function object(value, field) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw misshapen(field, 'an object');
  }
  return value;
}

/** An object with none but these names. */
export function known(value, field, names) {
  for (const name of Object.keys(object(value, field))) {
    if (!names.includes(name)) throw misshapen(name, `one of ${names.join(', ')}`);
  }
  return value;
}

export function whole(value, field, most) {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw misshapen(field, `a whole number from 0 to ${most}`);
}

/** Whole cents in digits. */
export const cents = (value) => String(whole(value, 'cents', Number.MAX_SAFE_INTEGER));
