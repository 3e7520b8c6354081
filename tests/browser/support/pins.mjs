// The one script that knows the hashes of what it loads: how a page pins it, and how a test gets
// rid of the pins to change what is behind them.
import { readFileSync } from 'node:fs';

/** The script's path at Kassa. */
export const PINNED = '/assets/checkout/kassa-checkout.js';

/** The script's own hash, as the build wrote it down for pages to pin. */
export const integrity = () =>
  JSON.parse(readFileSync(new URL('../../../pkg/dist/integrity.json', import.meta.url), 'utf8'))['checkout/kassa-checkout.js'];

/** The script without the hashes: what it loads may be changed. */
export const unpinned = (script) => Buffer.from(String(script).replaceAll(/sha384-[\w+/=]+/g, ''));

/** The bytes with one text, the last of its kind, written in another way. */
export function changed(bytes, text, other) {
  const at = bytes.lastIndexOf(text);
  if (at < 0 || text.length !== other.length) throw new Error(`${JSON.stringify(text)} cannot be changed`);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(other), bytes.subarray(at + text.length)]);
}
