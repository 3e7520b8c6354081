// The installed package, and what tests of it share.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install } from './install.mjs';

/** `cargo xtask test` installs once for all files; alone, each does. */
export const folder = process.env.KASSA_NPM_FOLDER ?? installed();
export const shop = join(folder, 'shop');
export const dist = join(shop, 'node_modules/kassa/dist');

function installed() {
  const fresh = mkdtempSync(join(tmpdir(), 'kassa-npm-'));
  install(fresh);
  return fresh;
}

/** Imports by the name that a shop would write. */
export const { load } = await import(pathToFileURL(join(shop, 'load.mjs')));

/** A built file by its own address, past the package's conditions; `again` makes another copy. */
export const loadFile = (file, again = '') => import(`${pathToFileURL(join(dist, file))}${again}`);

export const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));

/** A check of what was thrown: for `assert.throws` and `assert.rejects`. */
export const refused = (code, rest = {}) => (error) => {
  assert.ok(error instanceof Error);
  assert.equal(error.name, 'KassaError');
  assert.equal(error.code, code);
  for (const [key, value] of Object.entries(rest)) assert.equal(error[key], value, key);
  return true;
};

/** What a call gave, or the error that it threw. */
export function outcome(call) {
  try {
    return { value: call() };
  } catch (error) {
    assert.equal(error.name, 'KassaError', error.stack);
    return { error };
  }
}
