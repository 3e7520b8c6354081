/** A reference in all its forms. */
export interface Reference {
  kind: 'national' | 'rf';
  /** What goes into a payment: no spaces. */
  machine: string;
  /** What people read: groups of five (national) or four (RF). */
  print: string;
  /** The same reference as RF. */
  rf: string;
  /** The national reference inside, where there is one. */
  national: string | null;
}

/** Whether it is a national or an RF reference, with or without spaces. Throws for no text. */
export function isReference(text: unknown): text is string;

/**
 * Reads a national or RF reference, with or without spaces.
 * @throws {KassaError} `reference/…`, with the `position` of a wrong character
 */
export function parseReference(text: string): Reference;

/**
 * Makes a national reference (viitenumero) from 3 to 19 digits.
 * @throws {KassaError} `reference/…`
 */
export function createReference(base: string): Reference;

/**
 * Makes an RF creditor reference (ISO 11649) from 1 to 21 letters and digits.
 * @throws {KassaError} `reference/…`
 */
export function createRfReference(body: string): Reference;

/**
 * Makes the national references of `count` bases from `start` on, `step` apart; all or none.
 * At most a million in one call.
 * @throws {KassaError} `reference/…`
 */
export function createReferences(start: string, count: number, step?: number): string[];

/**
 * Says of each of many references what it is, in one call: 0 none, 1 national, 2 RF.
 * The list is a string or UTF-8 bytes with a reference a line (LF or CRLF), or an array of strings.
 */
export function checkReferences(list: string | readonly string[] | Uint8Array): Uint8Array;

/** A Finnish account. */
export interface Iban {
  machine: string;
  /** Groups of four. */
  print: string;
  /** The 14 digits behind `FI` and the check digits. */
  account: string;
  /** The bank's BIC; null where the bank code is not in the published list. */
  bic: string | null;
  /** Who holds the bank code, often a group of banks. */
  bank: string | null;
  /** Whether the account's own check digit holds, too. Not every newer institution keeps it. */
  nationalCheck: boolean;
}

/** Whether it is a Finnish IBAN, with or without spaces. */
export function isIban(text: unknown): text is string;

/**
 * Reads a Finnish IBAN.
 * @throws {KassaError} `iban/…`
 */
export function parseIban(text: string): Iban;

/**
 * Makes the IBAN of an account number in the old form, `123456-785`.
 * @throws {KassaError} `iban/format`
 */
export function createIban(account: string): Iban;

/**
 * Reads a BIC of any country, and returns its machine form.
 * @throws {KassaError} `bic/…`
 */
export function parseBic(text: string): string;
