// The npm package's core in Node, as `npm install kassa` gives it: through its `exports`.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as kassa from 'kassa';

const vectors = (name) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')).tests;

const refused = (code, rest = {}) => (error) => {
  assert.ok(error instanceof Error);
  assert.equal(error.name, 'KassaError');
  assert.equal(error.code, code);
  for (const [key, value] of Object.entries(rest)) assert.equal(error[key], value, key);
  return true;
};

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
  assert.throws(() => kassa.formatAmount(10.5), refused('argument/shape'));
});

test('every national reference of the vectors', () => {
  const cases = vectors('finnish-references.json').filter((c) => c.kind === 'national_validate');
  assert.ok(cases.length > 100);
  for (const { id, input, expected } of cases) {
    if (typeof input !== 'string') continue;
    if (!expected.valid) {
      assert.throws(() => {
        const reference = kassa.parseReference(input);
        // An RF reference is a reference, but not the national one that the case asks about.
        if (reference.kind === 'rf') throw new Error('not national');
      }, undefined, id);
    } else {
      const reference = kassa.parseReference(input);
      assert.equal(reference.machine, expected.canonical, id);
      assert.equal(reference.print, expected.print, id);
    }
  }
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
  const cases = vectors('ecommpay-sign.json').filter((c) => c.recommended && c.string_to_sign !== undefined);
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

test('loading is idempotent', async () => {
  await Promise.all([kassa.init(), kassa.init()]);
  assert.equal(kassa.createReference('100').machine, '1009');
});

test('too early elsewhere is a clear error', async () => {
  // The browser's entry, which does not load by itself.
  const early = await import('../../pkg/dist/core/index.js?early');
  assert.throws(() => early.createReference('100'), refused('wasm/not-loaded'));
});

test('importing the elements where there is no DOM is safe', async () => {
  await import('kassa/checkout');
  await import('kassa/checkout/element');
});
