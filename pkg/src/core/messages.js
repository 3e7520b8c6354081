// Amounts and the providers' messages, as texts for a host to sign. No function here takes a key.
import { cents, object, optional, text } from '../references/arguments.js';
import { put, putAll, take, takeLines } from '../references/bridge.js';
import { KassaError, misshapen } from '../references/error.js';
import { messages } from './loaded.js';

/** Writes whole cents as each provider wants them. */
export const formatAmount = (whole) => amount(messages().format_amount(put(cents(whole))));

/** Reads `10.00` or `10,00`. */
export const parseAmount = (written) => amount(messages().read_amount(put(written, 'text')));

/** ecommpay's Finnish banks, for when the live list is not at hand. */
export function ecommpayBanks() {
  const lines = takeLines(messages().ecommpay_banks());
  const banks = [];
  for (let at = 0; at < lines.length; at += 5) {
    const [id, fi, sv, en, bic] = lines.slice(at, at + 5);
    banks.push({ id, names: { fi, sv, en }, bic });
  }
  return banks;
}

/** Builds an ecommpay Payment Page request from its documented parameters. */
export function ecommpayPaymentPage(parameters, action = '') {
  const texts = [json(parameters, 'parameters'), String(Date.now()), optional(action, 'action')];
  const [signingInput, address, ...rest] = takeLines(messages().ecommpay_page(putAll(texts)));
  const fields = inPairs(rest);
  return {
    signingInput,
    action: address,
    fields,
    signed: (signature) => [...fields, ['signature', signature]],
  };
}

/** ecommpay's text to sign of any JSON text. */
export const ecommpaySigningInput = (document) =>
  take(messages().ecommpay_signing_input(put(document, 'json')));

/** Builds a request to ecommpay's Gate; `general` of the message names project and payment. */
export function ecommpayGate(path, message, gate) {
  if (typeof path !== 'string' || !path.startsWith('/')) throw misshapen('path', 'a path');
  const { general, ...rest } = object(message, 'message');
  object(general, 'general');
  for (const name of ['project_id', 'payment_id']) {
    if (general[name] === undefined) {
      const field = `general.${name}`;
      throw new KassaError('ecommpay/missing', `${field}: expected a value`, field);
    }
  }
  clean(message, 'message');
  // `general` stands last, so that the signature comes at its end.
  const unsigned = json({ ...rest, general }, 'message');
  const texts = [unsigned, optional(gate, 'gate')];
  const [address, ...input] = takeLines(messages().ecommpay_gate(putAll(texts)));
  return {
    signingInput: input.join('\n'),
    method: 'POST',
    url: `${address}${path}`,
    headers: { 'content-type': 'application/json' },
    signed: (signature) => `${unsigned.slice(0, -2)},"signature":${JSON.stringify(signature)}}}`,
  };
}

/** Builds a request to OP: any method and body, as they are sent. */
export function opRequest(request) {
  const { method, url, body = '', merchantId, apiKey, keyVersion, sessionId, requestId } =
    object(request, 'request');
  const date = request.date ?? new Date().toUTCString();
  const contentType = request.contentType ?? 'application/json';
  const parts = { method, contentType, date, merchantId, apiKey, sessionId, requestId, url, body };
  const prefix = opAuthorization(merchantId, keyVersion);
  return {
    signingInput: opSigningInput(parts),
    method,
    url,
    headers: {
      'content-type': contentType,
      date,
      'x-api-key': apiKey,
      'x-session-id': sessionId,
      'x-request-id': requestId,
    },
    ...(body && { body }),
    signed: (signature) => `${prefix}${signature}`,
  };
}

/** OP's text to sign: nine lines, exactly as they are sent. */
export function opSigningInput(parts) {
  const { method, contentType, date, merchantId, apiKey, sessionId, requestId, url, body } = object(parts, 'parts');
  const signed = { method, contentType, date, merchantId, apiKey, sessionId, requestId, url, body };
  const texts = Object.entries(signed).map(([name, value]) => text(value, name));
  return take(messages().op_signing_input(putAll(texts)));
}

function opAuthorization(merchantId, keyVersion) {
  const texts = [text(merchantId, 'merchantId'), String(keyVersion)];
  return take(messages().op_authorization(putAll(texts)));
}

/** The body of OP's Create payment. */
export function opPaymentBody(payment) {
  const { accountId, reference, language, callback, returnTo } = object(payment, 'payment');
  const { success, cancel = success, reject = success } = object(returnTo, 'returnTo');
  const texts = [
    text(accountId, 'accountId'),
    cents(payment.cents),
    text(reference, 'reference'),
    text(success, 'success'),
    text(cancel, 'cancel'),
    text(reject, 'reject'),
    optional(language, 'language'),
    optional(callback, 'callback'),
  ];
  const amount = take(messages().op_payment(putAll(texts)));
  return JSON.stringify({
    accountId,
    amount,
    currency: 'EUR',
    reference,
    return: { url: success },
    cancel: { url: cancel },
    reject: { url: reject },
    language: language || undefined,
    b2bBackend: callback ? { url: callback } : undefined,
  });
}

/** The body of OP's Refund. */
export function opRefundBody(refund) {
  const { reference } = object(refund, 'refund');
  const texts = [cents(refund.cents), text(reference, 'reference')];
  const amount = take(messages().op_refund(putAll(texts)));
  return JSON.stringify({ amount, currency: 'EUR', reference });
}

/** Builds a message of VETUMA's from its fields: a form that still lacks its MAC. */
export function vetumaMessage(kind, fields) {
  const lines = Object.entries(object(fields, 'fields')).flat();
  for (const line of lines) {
    if (text(line, 'fields').includes('\n')) {
      throw new KassaError('vetuma/character', 'fields: expected no control characters', 'fields');
    }
  }
  const texts = [text(kind, 'kind'), lines.join('\n')];
  const [signingInput, ...rest] = takeLines(messages().vetuma_message(putAll(texts)));
  const pairs = inPairs(rest);
  return { signingInput, fields: pairs, signed: (mac) => [...pairs, ['MAC', mac]] };
}

/** Names and values, which came in turn. */
function inPairs(lines) {
  const pairs = [];
  for (let at = 0; at < lines.length; at += 2) pairs.push([lines[at], lines[at + 1]]);
  return pairs;
}

function amount(length) {
  const [minorUnits, withPoint, withComma] = takeLines(length);
  return { cents: Number(minorUnits), minorUnits, withPoint, withComma };
}

function json(value, field) {
  return JSON.stringify(object(value, field));
}

/** Values stand unescaped in the text that is signed: a `;` in one could pass for another's start. */
function clean(value, path) {
  if (typeof value === 'string' && /[;\p{Cc}]/u.test(value)) {
    throw new KassaError('ecommpay/character', `${path}: expected no ';' and no control characters`, path);
  }
  if (value === null || typeof value !== 'object') return;
  for (const [name, inner] of Object.entries(value)) clean(inner, `${path}.${name}`);
}
