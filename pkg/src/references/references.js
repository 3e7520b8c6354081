// References, accounts and banks. The rules are in the module (src/viite).
import { whole } from './arguments.js';
import { core, put, putBytes, take, takeBytes, takeLines } from './bridge.js';
import { misshapen } from './error.js';

/** Whether it is a national or an RF reference. */
export const isReference = (text) =>
  typeof text === 'string' && core().is_reference(put(text)) !== 0;

/** Reads a national or RF reference, with or without spaces. */
export const parseReference = (text) => reference(core().read_reference(put(text, 'reference')));

/** Makes a national reference from 3 to 19 digits. */
export const createReference = (base) => reference(core().make_reference(put(base, 'base')));

/** Makes an RF creditor reference from 1 to 21 letters and digits. */
export const createRfReference = (body) => reference(core().make_rf_reference(put(body, 'body')));

/** As many references are made in one go: a million. */
const MOST = 1e6;

/** Makes the references of `count` bases from `start` on, `step` apart; all or none. */
export function createReferences(start, count, step = 1) {
  const length = put(start, 'start');
  const [many, apart] = [whole(count, 'count', MOST), whole(step, 'step', 2 ** 32 - 1)];
  return takeLines(core().make_references(length, many, apart)).slice(0, -1);
}

/** Says of each of many references what it is: 0 none, 1 national, 2 RF. */
export function checkReferences(list) {
  return takeBytes(core().check_references(putList(list)));
}

/** Whether it is a Finnish IBAN. */
export const isIban = (text) => typeof text === 'string' && core().is_iban(put(text)) !== 0;

/** Reads a Finnish IBAN. */
export const parseIban = (text) => account(core().read_iban(put(text, 'iban')));

/** Makes the IBAN of an account number in the old form, `123456-785`. */
export const createIban = (old) => account(core().make_iban(put(old, 'account')));

/** Reads a BIC of any country, and returns its machine form. */
export const parseBic = (text) => take(core().read_bic(put(text, 'bic')));

function reference(length) {
  const [machine, print, rf, national] = takeLines(length);
  const kind = machine.startsWith('R') ? 'rf' : 'national';
  return { kind, machine, print, rf, national: national || null };
}

function account(length) {
  const [machine, print, digits, bic, bank, check] = takeLines(length);
  return {
    machine,
    print,
    account: digits,
    bic: bic || null,
    bank: bank || null,
    nationalCheck: check !== '',
  };
}

function putList(list) {
  if (typeof list === 'string') return put(list);
  if (list instanceof Uint8Array) return putBytes(list);
  const isLine = (line) => typeof line === 'string' && !line.includes('\n');
  if (!Array.isArray(list) || !list.every(isLine)) {
    throw misshapen('list', 'lines in a string or bytes, or an array of lines');
  }
  return put(list.map((line) => `${line}\n`).join(''));
}
