// The npm package's main entry in Node, as `npm install kassa` gives it.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { load, refused, vectors } from './support/package.mjs';

const kassa = await load('kassa');

test('a reference in all its forms', () => {
  assert.deepEqual(kassa.parseReference('12 34561'), {
    kind: 'national',
    machine: '1234561',
    print: '12 34561',
    rf: 'RF341234561',
    national: '1234561',
  });
  assert.equal(kassa.parseReference('rf33 2348 236').national, '2348236');
  assert.equal(kassa.parseReference('RF18539007547034').national, null);
  assert.equal(kassa.createReference('234823').print, '23 48236');
  assert.deepEqual(kassa.createReferences('100', 2, 1), ['1009', '1012']);
});

test('a refusal names the rule and the place', () => {
  assert.throws(
    () => kassa.parseReference('12 3456A'),
    refused('reference/character', { field: 'reference', position: 7 }),
  );
  assert.throws(() => kassa.parseReference('12 34562'), refused('reference/check-digit'));
  assert.throws(() => kassa.createReference('INV-1'), refused('reference/character'));
  assert.throws(() => kassa.formatAmount(0), refused('amount/zero', { field: 'amount' }));
  assert.throws(() => kassa.formatAmount(10.5), refused('argument/shape', { field: 'cents' }));
});

test('bar code both ways, to the cent', () => {
  const parts = { iban: 'FI7944052020036082', reference: '868516259619897', cents: 488315, due: '2010-06-12' };
  const digits = kassa.createBarcode(parts);
  assert.equal(digits, '479440520200360820048831500000000868516259619897100612');
  assert.deepEqual(kassa.parseBarcode(digits), parts);
});

test('accounts and banks', () => {
  const iban = kassa.parseIban('FI21 1234 5600 0007 85');
  assert.equal(iban.machine, 'FI2112345600000785');
  assert.equal(iban.bic, 'NDEAFIHH');
  assert.equal(iban.nationalCheck, true);
  assert.throws(() => kassa.parseIban('FI22 1234 5600 0007 85'), refused('iban/check-digits'));
  assert.equal(kassa.vatNumber('2858394-9'), 'FI28583949');
});

test('QR text', () => {
  const text = kassa.createQrText({ name: 'Metsän Puoti Oy', iban: 'FI21 1234 5600 0007 85', cents: 4990, reference: '12 34561' });
  const lines = text.split('\n');
  assert.equal(lines[0], 'BCD');
  assert.equal(lines[5], 'Metsän Puoti Oy');
  assert.equal(lines[7], 'EUR49.90');
});

test('amounts as each provider wants them', () => {
  assert.deepEqual(kassa.formatAmount(1000), {
    cents: 1000,
    minorUnits: '1000',
    withPoint: '10.00',
    withComma: '10,00',
  });
  assert.equal(kassa.parseAmount('0,01').cents, 1);
});

test('the string to sign, and the signature that a host makes of it', () => {
  const cases = vectors('ecommpay-sign.json').tests.filter((c) => c.recommended && c.string_to_sign !== undefined);
  assert.ok(cases.length > 100);
  for (const { name, secret, input, input_raw, string_to_sign, signature } of cases) {
    const json = input_raw ?? JSON.stringify(input);
    const text = kassa.ecommpaySigningInput(json);
    assert.equal(text, string_to_sign, name);
    assert.equal(createHmac('sha512', secret).update(text).digest('base64'), signature, name);
  }
});

test('a Payment Page request without a key', () => {
  const form = kassa.ecommpayPaymentPage({
    project_id: 120,
    payment_id: '580',
    payment_amount: 1000,
    payment_currency: 'EUR',
    customer_id: 'customer1',
  });
  assert.equal(form.action, 'https://paymentpage.ecommpay.com/payment');
  assert.equal(
    form.signingInput,
    'customer_id:customer1;payment_amount:1000;payment_currency:EUR;payment_id:580;project_id:120',
  );
  assert.ok(form.fields.every(([name]) => name !== 'signature'));
  assert.throws(
    () => kassa.ecommpayPaymentPage({ project_id: 120, customer_first_name: 'a;b' }),
    refused('ecommpay/character', { field: 'customer_first_name' }),
  );
});

test('the built-in banks, properly spelled, without the one that left', () => {
  const names = kassa.ecommpayBanks().map((bank) => bank.names.fi);
  assert.ok(names.includes('Säästöpankki'));
  assert.ok(names.includes('Ålandsbanken'));
  assert.ok(!names.includes('Handelsbanken'));
});

test('a Gate request carries its signature in the very bytes that were signed', () => {
  const message = { general: { project_id: 120, payment_id: 'a-1' }, payment: { amount: 4990, currency: 'EUR' } };
  const request = kassa.ecommpayGate('/v2/payment/status', message);
  assert.equal(request.url, 'https://api.ecommpay.com/v2/payment/status');
  assert.equal(
    request.signingInput,
    'general:payment_id:a-1;general:project_id:120;payment:amount:4990;payment:currency:EUR',
  );
  const body = JSON.parse(request.signed('c2lnbmF0dXJl'));
  assert.deepEqual(body, { ...message, general: { ...message.general, signature: 'c2lnbmF0dXJl' } });
  const forged = { ...message, customer: { first_name: 'x;payment:amount:1' } };
  assert.throws(
    () => kassa.ecommpayGate('/v2/x', forged),
    refused('ecommpay/character', { field: 'message.customer.first_name' }),
  );
  assert.throws(() => kassa.ecommpayGate('/v2/x', { general: { project_id: 1 } }), refused('ecommpay/missing'));
  assert.throws(() => kassa.ecommpayGate('/v2/x', message, 'http://elsewhere.example'), refused('ecommpay/gate'));
});

test("OP's text to sign and header, byte for byte", () => {
  const { tests } = vectors('op-signature.json');
  assert.ok(tests.length > 40);
  for (const one of tests) {
    const request = kassa.opRequest({
      method: one.method,
      url: one.url,
      body: one.body,
      merchantId: one.merchant_id,
      apiKey: one.api_key,
      keyVersion: one.key_version,
      sessionId: one.session_id,
      requestId: one.request_id,
      date: one.date,
      contentType: one.content_type,
    });
    assert.equal(request.signingInput, one.string_to_sign, one.name);
    assert.equal(request.signed(one.signature_hex), one.authorization_header, one.name);
  }
});

test("OP's payment, signed by the host", () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const body = kassa.opPaymentBody({
    accountId: 'a-1',
    cents: 1000,
    reference: 'RF511459162006',
    returnTo: { success: 'https://shop.example/back' },
    language: 'sv',
  });
  const request = kassa.opRequest({
    method: 'POST',
    url: 'https://op.example/payments',
    body,
    merchantId: 'm-1',
    apiKey: 'k',
    keyVersion: 3,
    sessionId: 's',
    requestId: 'r',
  });
  const signature = sign('sha256', Buffer.from(request.signingInput), privateKey).toString('hex');
  const [who, algorithm, version, hex] = request.signed(signature).split(':');
  assert.deepEqual([who, algorithm, version], ['m-1', '1', '3']);
  assert.ok(verify('sha256', Buffer.from(request.signingInput), publicKey, Buffer.from(hex, 'hex')));
  assert.ok(request.signingInput.endsWith(`\n${body}`));
  const back = { url: 'https://shop.example/back' };
  const rest = { return: back, cancel: back, reject: back, language: 'sv' };
  assert.deepEqual(JSON.parse(body), { accountId: 'a-1', amount: '10.00', currency: 'EUR', reference: 'RF511459162006', ...rest });
  assert.throws(
    () => kassa.opPaymentBody({ accountId: 'a-1', cents: 1000, reference: 'RF511459162007', returnTo: { success: 'https://shop.example/' } }),
    refused('op/reference', { field: 'reference' }),
  );
  assert.throws(() => kassa.opRefundBody({ cents: 0, reference: '1232' }), refused('amount/zero'));
  assert.throws(
    () => kassa.opSigningInput({ ...Object.fromEntries(['method', 'contentType', 'date', 'merchantId', 'apiKey', 'sessionId', 'requestId', 'url', 'body'].map((name) => [name, 'x'])), date: 'a\nb' }),
    refused('op/character', { field: 'date' }),
  );
});

test('loading is idempotent', async () => {
  await Promise.all([kassa.init(), kassa.init()]);
  assert.equal(kassa.createReference('100').machine, '1009');
});

test("VETUMA's text to sign, its fields in order, and what is refused", () => {
  const fields = { LG: 'fi', RCVID: 'SHOP1P1' };
  assert.throws(() => kassa.vetumaMessage('pay-call', fields), refused('vetuma/missing', { field: 'APPID' }));
  assert.throws(() => kassa.vetumaMessage('pay', fields), refused('vetuma/kind'));
  assert.throws(() => kassa.vetumaMessage('pay-call', { LG: 'f\ni' }), refused('vetuma/character'));
  assert.throws(() => kassa.vetumaMessage('pay-call', { LG: '€' }), refused('vetuma/character', { field: 'LG' }));
  const one = vectors('vetuma-mac.json').tests.find(({ function: what, kind }) => what === 'PAYMENT/PAY' && kind === 'request');
  const message = kassa.vetumaMessage('pay-call', Object.fromEntries(one.fields.map(({ name, value }) => [name, value])));
  assert.equal(`${message.signingInput}${one.secret}&`, one.mac_base_string);
  assert.deepEqual(message.signed('00').at(-1), ['MAC', '00']);
});
