// OP Online Payment for a shop's server: requests signed, callbacks verified.
import { opPaymentBody, opRefundBody, opRequest } from '../core/messages.js';
import { object, text } from '../references/arguments.js';
import { core, putAll, take, takeLines } from '../references/bridge.js';
import { KassaError, misshapen } from '../references/error.js';
import { bodyText, headerPairs } from './incoming.js';
import { hex, privateKey as readPrivate, publicKey as readPublic, sign, verify } from './rsa.js';
import { Redacted, decode64, utf8 } from './secret.js';

/** An account at OP. */
export const op = (account) => new Op(account);

class Op extends Redacted {
  #account;
  #url;
  #privateKey;
  #callbacks;
  #publicKey;
  #keys = {};

  constructor(account) {
    super('Op');
    const { environment, merchantId, accountId, apiKey, keyVersion, privateKey, url, callbacks } =
      object(account, 'account');
    if (!['sandbox', 'production'].includes(environment)) {
      throw misshapen('environment', "'sandbox' or 'production'");
    }
    const sandbox = environment === 'sandbox';
    const base = url ?? (sandbox ? take(core().op_sandbox()) : undefined);
    this.#url = text(base, 'url').replace(/\/$/, '');
    this.#account = {
      merchantId: text(merchantId, 'merchantId'),
      accountId: text(accountId, 'accountId'),
      apiKey: text(apiKey, 'apiKey'),
      keyVersion,
    };
    this.#privateKey = () => this.#once('private', () => readPrivate(privateKey, { sandbox }));
    if (callbacks) {
      this.#callbacks = { apiKey: text(callbacks.apiKey, 'callbacks.apiKey'), signer: callbacks.signer ?? '' };
      this.#publicKey = () => this.#once('public', () => readPublic(callbacks.publicKey, { sandbox }));
    }
  }

  /** A request, signed: what `fetch` takes. `path` comes behind the account's address. */
  async request({ method, path, body = '', sessionId, requestId, date, contentType }) {
    const { merchantId, apiKey, keyVersion } = this.#account;
    const unsigned = opRequest({
      method,
      url: `${this.#url}${path}`,
      body,
      merchantId,
      apiKey,
      keyVersion,
      sessionId: sessionId ?? crypto.randomUUID(),
      requestId: requestId ?? crypto.randomUUID(),
      date,
      contentType,
    });
    const signature = hex(await sign(await this.#privateKey(), utf8(unsigned.signingInput)));
    const { url, headers } = unsigned;
    return {
      method,
      url,
      headers: { ...headers, authorization: unsigned.signed(signature) },
      ...(body && { body }),
    };
  }

  /** Create payment. */
  async createPayment({ sessionId, ...payment }) {
    const body = opPaymentBody({ accountId: this.#account.accountId, ...payment });
    return this.request({ method: 'POST', path: '/payments', body, sessionId });
  }

  /** How a payment stands. */
  async status(paymentId) {
    return this.request({ method: 'GET', path: `/payments/${encodeURIComponent(text(paymentId, 'paymentId'))}` });
  }

  /** Refund, in part or in whole; it bears a reference. */
  async refund(paymentId, refund) {
    const path = `/payments/${encodeURIComponent(text(paymentId, 'paymentId'))}/refund`;
    return this.request({ method: 'POST', path, body: opRefundBody(refund) });
  }

  /**
   * Reads a callback if, and only if, OP signed it. It says that something changed and nothing
   * more: ask for the status then.
   */
  async verifyCallback({ method = 'POST', url, headers, body }) {
    if (!this.#callbacks) throw new KassaError('keys/no-key', 'this account has no key to verify callbacks');
    const { apiKey, signer } = this.#callbacks;
    const pairs = headerPairs(headers).flat();
    if (pairs.some((part) => /[\r\n]/.test(part))) {
      throw new KassaError('callback/malformed', 'message is malformed');
    }
    const parts = [apiKey, signer, text(method, 'method'), text(url, 'url'), pairs.join('\n'), bodyText(body)];
    const [signature, signed] = takeLines(core().op_claim(putAll(parts))).map(decode64);
    if (!(await verify(await this.#publicKey(), signature, signed))) {
      throw new KassaError('callback/signature', 'signature refused');
    }
    return { provider: 'op', attempt: take(core().op_open(putAll(parts))) };
  }

  /** A key is read when it is first used, and kept; a faulty one says so every time. */
  #once(name, make) {
    this.#keys[name] ??= make();
    return this.#keys[name];
  }
}
