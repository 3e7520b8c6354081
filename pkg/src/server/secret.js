// What holds a secret: refused when it can be none, and never printed.
import { KassaError } from '../references/error.js';

/** Prints, inspects and serialises as its name alone. What is secret stands in private fields. */
export class Redacted {
  #name;

  constructor(name) {
    this.#name = name;
  }

  toString() {
    return `${this.#name}([redacted])`;
  }

  toJSON() {
    return this.toString();
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toString();
  }

  [Symbol.for('Deno.customInspect')]() {
    return this.toString();
  }
}

/** What nobody sees in a text, and what a careless copy brings along. */
const INVISIBLE =
  /(?![ \n\r\t])[\p{C}\p{Z}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/u;

/** The text of a secret, or why it is none; never the secret. */
export function secretText(text, kind, { least = 1, most = Infinity } = {}) {
  const refuse = (rule, why) => new KassaError(`keys/${rule}`, `${kind} ${why}`);
  if (typeof text !== 'string') throw refuse('empty', 'is missing: expected a string');
  if (text === '') throw refuse('empty', 'is empty');
  if (INVISIBLE.test(text)) throw refuse('invisible-character', 'holds an invisible character');
  if (text.trim() !== text) throw refuse('surrounding-space', 'has white space before or after it');
  const { length } = encoder.encode(text);
  if (length < least) throw refuse('too-short', `is too short: expected at least ${least} bytes`);
  if (length > most) throw refuse('too-long', `is too long: expected at most ${most} bytes`);
  return text;
}

const encoder = new TextEncoder();

/** The bytes of a text in UTF-8. */
export const utf8 = (text) => encoder.encode(text);

/** A secret for HMAC, held by the host's cryptography, which does not give it out again. */
export function hmacKey(bytes, hash) {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash }, false, ['sign', 'verify']);
}

/** Base64 of bytes. */
export function encode64(bytes) {
  let units = '';
  for (const byte of new Uint8Array(bytes)) units += String.fromCharCode(byte);
  return btoa(units);
}

/** The bytes of standard Base64 with padding; undefined for anything else. */
export function decode64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const bytes = Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
  // The last character may hold bits that count for nothing; only one spelling is taken.
  return encode64(bytes) === text ? bytes : undefined;
}

/** Whether two byte strings are equal, in a time that does not tell where they differ. */
export function same(ours, theirs) {
  let difference = ours.length ^ theirs.length;
  for (let place = 0; place < ours.length; place += 1) {
    difference |= ours[place] ^ (theirs[place] ?? 0);
  }
  return difference === 0;
}
