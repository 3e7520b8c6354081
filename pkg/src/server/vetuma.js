// VETUMA for a server that still speaks it: messages signed, answers verified. No live VETUMA
// exists since 2017.
import { vetumaMessage } from '../core/messages.js';
import { core, putAll, take, takeLines } from '../references/bridge.js';
import { KassaError, misshapen } from '../references/error.js';
import { hex } from './rsa.js';
import { Redacted, decode64, same, secretText, utf8 } from './secret.js';

/** The shared secrets of one purpose, by their names. */
export const vetuma = (account) => new Vetuma(account);

class Vetuma extends Redacted {
  #secrets;

  constructor({ secrets } = {}) {
    super('Vetuma');
    this.#secrets = [secrets].flat().map(read);
  }

  /** A message, signed with the secret that its `RCVID` names: the fields of a form. */
  async sign(kind, fields) {
    const message = vetumaMessage(kind, fields);
    const [secret] = this.#named(fields.RCVID);
    if (!secret) throw new KassaError('keys/no-key', 'no shared secret of the name in RCVID');
    return message.signed(capitals(await digest(latin1(message.signingInput), secret)));
  }

  /** The fields of a message, if, and only if, its MAC is right. */
  async verify(kind, body) {
    const parts = [kind, ascii(body)];
    await this.#check(parts);
    return JSON.parse(take(core().vetuma_open(putAll(parts))));
  }

  /**
   * What the answer to a payment call says, if, and only if, its MAC is right and it is this
   * call's, fresh, and came to the address that its status goes to (`RETURL`, `CANURL`, `ERRURL`).
   */
  async receive({ body, hit, call, profile = '3', now = Date.now() }) {
    const text = ascii(body);
    await this.#check(['pay-answer', text]);
    const fields = Object.entries(call).flat();
    if (fields.some((line) => typeof line !== 'string' || line.includes('\n'))) {
      throw misshapen('call', 'the fields of the call');
    }
    const parts = [text, hit, fields.join('\n'), profile, String(now)];
    return { provider: 'vetuma', ...JSON.parse(take(core().vetuma_receive(putAll(parts)))) };
  }

  async #check(parts) {
    const [name, mac, signed] = takeLines(core().vetuma_claim(putAll(parts)));
    let holds = false;
    for (const secret of this.#named(name)) {
      holds = same(await digest(decode64(signed), secret), decode64(mac)) || holds;
    }
    if (!holds) throw new KassaError('callback/signature', 'signature refused');
  }

  #named(name) {
    return this.#secrets.filter((secret) => secret.name === name).map(({ suffix }) => suffix);
  }
}

function read(secret) {
  const kind = 'shared secret';
  const [, name] = /^([A-Za-z0-9_-]{1,64})-[0-9A-F]{64}$/.exec(secretText(secret, kind)) ?? [];
  if (!name) throw new KassaError('keys/form', `${kind} has another form: expected ID-64HEX, digits in capitals`);
  return { name, suffix: utf8(`${secret}&`) };
}

/** The plain digest over a message and the secret behind it: no HMAC, but what VETUMA has. */
async function digest(message, suffix) {
  const bytes = new Uint8Array(message.length + suffix.length);
  bytes.set(message);
  bytes.set(suffix, message.length);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

const capitals = (bytes) => hex(bytes).toUpperCase();

/** Each character a byte; others were refused before. */
const latin1 = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A posted form as text: a byte beyond ASCII is written as a form writes it. */
function ascii(body) {
  const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : body;
  if (typeof bytes !== 'string' && !(bytes instanceof Uint8Array)) {
    throw misshapen('body', 'the raw body as it was received (a string, Uint8Array or ArrayBuffer), not parsed');
  }
  const all = typeof bytes === 'string' ? latin1Only(bytes) : bytes;
  let text = '';
  for (const byte of all) {
    text += byte < 0x80 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase()}`;
  }
  return text;
}

function latin1Only(text) {
  if (/[^\0-\xff]/.test(text)) throw new KassaError('callback/malformed', 'message is malformed');
  return latin1(text);
}
