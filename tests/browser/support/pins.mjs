// The one script that knows the hashes of what it loads: how a page pins it, and how a test gets
// rid of the pins to change what is behind them.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const DIST = new URL('../../../pkg/dist/', import.meta.url);
const NAME = 'checkout/kassa-checkout.js';

/** The script's path at Kassa. */
export const PINNED = `/assets/${NAME}`;

/** The script's own hash, as the build wrote it down for pages to pin: a build that has one. */
export function integrity(dist = DIST) {
  const written = JSON.parse(built('integrity.json', dist) ?? '{}')[NAME];
  const script = built(NAME, dist);
  if (script && written === `sha384-${createHash('sha384').update(script).digest('base64')}`) return written;
  throw new Error('pkg/dist holds no pinned script, or an older one, as after `cargo xtask demo`: `cargo xtask build --release` makes it');
}

/** A file of the build, where it is there. */
function built(name, dist) {
  try {
    return readFileSync(new URL(name, dist));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The script without the hashes: what it loads may be changed. */
export const unpinned = (script) => Buffer.from(String(script).replaceAll(/sha384-[\w+/=]+/g, ''));

/** The bytes with one text, the last of its kind, written in another way. */
export function changed(bytes, text, other) {
  const at = bytes.lastIndexOf(text);
  if (at < 0 || text.length !== other.length) throw new Error(`${JSON.stringify(text)} cannot be changed`);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(other), bytes.subarray(at + text.length)]);
}
