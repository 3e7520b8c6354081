// Kassa's own webhooks for a shop's server: Standard Webhooks, version 1.
import { KassaError } from '../references/error.js';
import { bodyText, header, headerPairs } from './incoming.js';
import { Redacted, decode64, hmacKey, secretText, utf8 } from './secret.js';

/** How old or early a webhook may be, in seconds. */
const TOLERANCE = 300;

const PREFIX = 'whsec_';

/** The shop's end of the webhooks: one secret, or several while they change. */
export const webhooks = (secrets) => new Webhooks([secrets].flat());

class Webhooks extends Redacted {
  #secrets;
  #imported;

  constructor(secrets) {
    super('Webhooks');
    if (secrets.length === 0) throw new KassaError('keys/empty', 'webhook secret is missing');
    this.#secrets = secrets.map(bytes);
  }

  /** Reads a webhook if, and only if, this shop's Kassa signed it within five minutes of `now`. */
  async verify({ headers, body }, { now = Date.now() } = {}) {
    const pairs = headerPairs(headers);
    const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
      header(pairs, `webhook-${name}`),
    );
    const text = bodyText(body);
    // A full stop in the identifier would leave it open where the timestamp begins.
    const readable = id && !id.includes('.') && /^(?:0|[1-9][0-9]{0,14})$/.test(timestamp);
    if (!readable || !(await this.#holds(signatures, utf8(`${id}.${timestamp}.${text}`)))) {
      throw new KassaError('webhook/signature', 'webhook signature refused');
    }
    if (Math.abs(Number(timestamp) - Math.floor(now / 1000)) > TOLERANCE) {
      throw new KassaError('webhook/timestamp', 'webhook timestamp is more than five minutes away');
    }
    return { id, ...parsed(text) };
  }

  async #holds(signatures = '', message) {
    this.#imported ??= Promise.all(this.#secrets.map((secret) => hmacKey(secret, 'SHA-256')));
    const keys = await this.#imported;
    // Signatures of other versions are passed over.
    const codes = signatures.split(' ').filter((part) => part.startsWith('v1,'));
    for (const code of codes.map((part) => decode64(part.slice(3)))) {
      for (const key of keys) {
        if (code && (await crypto.subtle.verify('HMAC', key, code, message))) return true;
      }
    }
    return false;
  }
}

function bytes(secret) {
  const kind = 'webhook secret';
  const text = secretText(secret, kind);
  if (!text.startsWith(PREFIX)) {
    throw new KassaError('keys/prefix', `${kind} has another prefix: expected ${PREFIX}`);
  }
  const decoded = decode64(text.slice(PREFIX.length));
  if (!decoded) throw new KassaError('keys/encoding', `${kind} is encoded in another way than expected`);
  if (decoded.length < 24) throw new KassaError('keys/too-short', `${kind} is too short: expected at least 24 bytes`);
  if (decoded.length > 64) throw new KassaError('keys/too-long', `${kind} is too long: expected at most 64 bytes`);
  return decoded;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new KassaError('webhook/malformed', 'webhook is not JSON');
  }
}
