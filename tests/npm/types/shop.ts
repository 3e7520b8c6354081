// What a shop writes in TypeScript: it must compile under --strict, and wrong use must not.
import { readFileSync } from 'node:fs';
import { KassaError, checkReferences, createReference, isReference, parseIban, type Reference } from 'kassa/references';
import { ecommpayGate, ecommpayPaymentPage, formatAmount, init, opRequest, parseReference } from 'kassa';
import { ecommpay, op, webhooks, type EcommpayEvent, type WebhookEvent } from 'kassa/server';

const reference: Reference = createReference('234823');
const text: string = reference.print + (reference.national ?? '') + formatAmount(4990).withComma;
const kinds: Uint8Array = checkReferences([text]);
const bic: string | null = parseIban('FI21 1234 5600 0007 85').bic;

export function read(input: unknown): string {
  return isReference(input) ? input.trim() : `${kinds.length} ${bic}`;
}

export function place(error: unknown): number | undefined {
  return error instanceof KassaError && error.code === 'reference/character' ? error.position : undefined;
}

export async function load(): Promise<void> {
  await init(new URL('https://shop.example/kassa_core.wasm'));
  await init(new Uint8Array(0));
}

export function messages(sign: (text: string) => string): Array<[string, string]> {
  const form = ecommpayPaymentPage({ project_id: 120, payment_id: '580' });
  const gate = ecommpayGate('/v2/payment/status', { general: { project_id: 120, payment_id: '580' } });
  gate.signed(sign(gate.signingInput));
  const request = opRequest({ method: 'GET', url: 'https://op.example/payments/1', merchantId: 'm', apiKey: 'k', keyVersion: 1, sessionId: 's', requestId: 'r' });
  void fetch(request.url, { ...request, headers: { ...request.headers, authorization: request.signed(sign(request.signingInput)) } });
  return form.signed(sign(form.signingInput));
}

const account = ecommpay({ projectId: 120, secret: process.env['ECOMMPAY_SECRET'] ?? '' });
const hooks = webhooks(['whsec_old', 'whsec_new']);

export async function callback(request: Request): Promise<EcommpayEvent['status']> {
  const event = await account.verifyCallback(await request.arrayBuffer());
  if (event.redirect?.method === 'POST') event.redirect.fields.map(([name, value]) => `${name}=${value}`);
  return event.status;
}

export async function webhook(request: Request): Promise<string> {
  const event: WebhookEvent = await hooks.verify({ headers: request.headers, body: await request.text() });
  switch (event.type) {
    case 'payment.updated':
      return event.data.status === 'paid' ? event.data.order : '';
    case 'payment.flagged':
      return event.data.flag;
    case 'refund.updated':
      return event.data.refund.id;
  }
}

export async function pay(): Promise<Response> {
  const shop = op({
    environment: 'sandbox',
    merchantId: 'm',
    accountId: 'a',
    apiKey: 'k',
    keyVersion: 1,
    privateKey: readFileSync('key.pem', 'utf8'),
  });
  const request = await shop.createPayment({ cents: 1000, reference: '1232', returnTo: { success: 'https://shop.example/' } });
  return fetch(request.url, request);
}

// @ts-expect-error Cents are a number.
formatAmount('4990');
// @ts-expect-error A reference is text.
parseReference(1234561);
// @ts-expect-error A parsed body cannot be verified.
void account.verifyCallback({ payment: {} });
// @ts-expect-error No environment is left to chance.
op({ merchantId: 'm', accountId: 'a', apiKey: 'k', keyVersion: 1, privateKey: '' });
