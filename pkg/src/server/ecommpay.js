// ecommpay for a shop's server: requests signed, callbacks verified.
import { ecommpayGate, ecommpayPaymentPage, ecommpaySigningInput } from '../core/messages.js';
import { text } from '../references/arguments.js';
import { core, putAll, take, takeLines } from '../references/bridge.js';
import { KassaError, misshapen } from '../references/error.js';
import { bodyText } from './incoming.js';
import { Redacted, decode64, encode64, hmacKey, secretText, utf8 } from './secret.js';

/** A project at ecommpay. */
export const ecommpay = (account) => new Ecommpay(account);

class Ecommpay extends Redacted {
  #project;
  #secret;
  #imported;

  constructor({ projectId, secret, dangerAnySecret = false } = {}) {
    super('Ecommpay');
    if (!/^[1-9][0-9]{0,18}$/.test(String(projectId))) {
      throw misshapen('projectId', 'the number of a project at ecommpay');
    }
    this.#project = Number(projectId);
    this.#secret = dangerAnySecret
      ? text(secret, 'secret')
      : secretText(secret, 'secret', { least: 16, most: 4096 });
  }

  /** A Payment Page request, signed: a form to post, and the same as an address. */
  async paymentPage(parameters, action) {
    const form = ecommpayPaymentPage(this.#own(parameters), action);
    const fields = form.signed(await this.#sign(form.signingInput));
    const query = fields.map((field) => field.map(percent).join('=')).join('&');
    return { action: form.action, fields, url: `${form.action}?${query}` };
  }

  /** A request to the Gate, signed: what `fetch` takes. */
  async gate(path, message, address) {
    const general = this.#own(message?.general);
    const request = ecommpayGate(path, { ...message, general }, address);
    const body = request.signed(await this.#sign(request.signingInput));
    const { method, url, headers } = request;
    return { method, url, headers, body };
  }

  /** Reads a callback if, and only if, it is ecommpay's own and about this project. */
  async verifyCallback(body) {
    const parts = [String(this.#project), bodyText(body)];
    const claimed = takeLines(core().ecommpay_claim(putAll(parts)));
    const [signature, ...texts] = claimed.map(decode64);
    for (const [number, candidate] of texts.entries()) {
      if (await crypto.subtle.verify('HMAC', await this.#key, signature, candidate)) {
        const event = JSON.parse(take(core().ecommpay_open(putAll(parts), number)));
        return { provider: 'ecommpay', ...event, at: new Date(event.at) };
      }
    }
    throw new KassaError('callback/signature', 'signature refused');
  }

  /** The signature of any JSON text: what to compare when ecommpay refuses one. */
  async signature(json) {
    return this.#sign(ecommpaySigningInput(json));
  }

  get #key() {
    this.#imported ??= hmacKey(utf8(this.#secret), 'SHA-512');
    return this.#imported;
  }

  async #sign(input) {
    return encode64(await crypto.subtle.sign('HMAC', await this.#key, utf8(input)));
  }

  /** Parameters with this project in them. */
  #own(parameters) {
    const named = parameters?.project_id ?? this.#project;
    if (String(named) !== String(this.#project)) {
      throw new KassaError('callback/account', 'project_id: expected the project of this account', 'project_id');
    }
    return { project_id: this.#project, ...parameters };
  }
}

/** Every byte outside of RFC 3986's unreserved set. */
const percent = (value) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
