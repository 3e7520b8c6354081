// What comes in: the body as it was received, and headers in any of their shapes.
import { KassaError, misshapen } from '../references/error.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The raw body as text. What was parsed already is refused: only the bytes received are signed. */
export function bodyText(body) {
  if (typeof body === 'string') return body;
  const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : body;
  if (!(bytes instanceof Uint8Array)) {
    throw misshapen('body', 'the raw body as it was received (a string, Uint8Array or ArrayBuffer), not parsed');
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new KassaError('callback/malformed', 'message is malformed');
  }
}

/** Name and value of every header, names in lower case: of a `Headers` or of Node's object. */
export function headerPairs(headers) {
  if (headers === null || typeof headers !== 'object') throw misshapen('headers', 'an object');
  const entries = typeof headers.entries === 'function' ? headers.entries() : Object.entries(headers);
  return [...entries]
    .filter(([, value]) => value != null)
    .flatMap(([name, value]) => [value].flat().map((one) => [name.toLowerCase(), String(one)]));
}

/** The one value of a header; undefined when it is missing or stands there twice. */
export function header(pairs, name) {
  const values = pairs.filter(([known]) => known === name);
  return values.length === 1 ? values[0][1] : undefined;
}
