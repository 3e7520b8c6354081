// `kassa/references` in Node, and the vectors of references through it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, outcome, refused, vectors } from './support/package.mjs';

const references = await load('kassa/references');
// Bar codes, QR texts and VAT numbers are in the main entry alone, which has all the others, too.
const kassa = { ...(await load('kassa')), ...references };

test('a yes or no, never a throw', () => {
  for (const text of ['12 34561', '1234561', 'RF34 1234 561', 'rf341234561', '1009', '12\u00a034561']) {
    assert.equal(kassa.isReference(text), true, text);
  }
  for (const text of ['', '12 34562', 'RF35 1234 561', 'x'.repeat(5000), '１２３４５６１', 1234561, null, undefined]) {
    assert.equal(kassa.isReference(text), false, String(text));
  }
  assert.equal(kassa.isIban('FI21 1234 5600 0007 85'), true);
  assert.equal(kassa.isIban('FI22 1234 5600 0007 85'), false);
});

test('a reference that is no text is an error with its field', () => {
  assert.throws(() => kassa.parseReference(1234561), refused('argument/shape', { field: 'reference' }));
  assert.throws(() => kassa.createReferences('100', 1.5), refused('argument/shape', { field: 'count' }));
  assert.throws(() => kassa.createReferences('100', 1e6 + 1), refused('argument/shape', { field: 'count' }));
  assert.throws(() => kassa.createBarcode({ iban: '', reference: '', sum: 1 }), refused('argument/shape', { field: 'sum' }));
  assert.throws(() => kassa.checkReferences(['1009\n1009']), refused('argument/shape', { field: 'list' }));
});

test('positions count as JavaScript counts', () => {
  assert.throws(() => kassa.parseReference('12\u00a03456A'), refused('reference/character', { position: 7 }));
  assert.throws(() => kassa.parseReference('1234\u{1f600}'), refused('reference/character', { position: 4 }));
});

test('many references in one call, whatever holds them', () => {
  const list = ['1234561', 'RF341234561', '1234562', '', '12 34561'];
  const kinds = Uint8Array.of(1, 2, 0, 0, 1);
  assert.deepEqual(kassa.checkReferences(list), kinds);
  assert.deepEqual(kassa.checkReferences(list.join('\n')), kinds);
  assert.deepEqual(kassa.checkReferences(`${list.join('\r\n')}\r\n`), kinds);
  assert.deepEqual(kassa.checkReferences(new TextEncoder().encode(list.join('\n'))), kinds);
  assert.deepEqual(kassa.checkReferences(''), new Uint8Array(0));
});

test('a run of references is checked whole, and what is large leaves nothing behind', () => {
  const made = kassa.createReferences('1000000', 100_000);
  assert.equal(made.length, 100_000);
  assert.equal(new Set(made).size, 100_000);
  assert.ok(kassa.checkReferences(made).every((kind) => kind === 1));
  // Texts outside of ASCII take more bytes than units; the room is the small one again.
  const long = `${'ä'.repeat(5000)}`;
  assert.throws(() => kassa.parseReference(long), refused('reference/character', { position: 0 }));
  assert.equal(kassa.parseReference(made[0]).machine, made[0]);
});

test('accounts and banks', () => {
  assert.deepEqual(kassa.parseIban('fi21 1234 5600 0007 85'), {
    machine: 'FI2112345600000785',
    print: 'FI21 1234 5600 0007 85',
    account: '12345600000785',
    bic: 'NDEAFIHH',
    bank: 'Nordea Bank',
    nationalCheck: true,
  });
  assert.equal(kassa.createIban('123456-785').machine, 'FI2112345600000785');
  assert.equal(kassa.parseBic('ndea fihh'), 'NDEAFIHH');
  assert.throws(() => kassa.parseBic('NDEA1IHH'), refused('bic/character', { position: 4 }));
});

test('a bar code to draw', () => {
  const digits = '479440520200360820048831500000000868516259619897100612';
  const values = kassa.barcodeSymbol(digits);
  assert.equal(values.length, 30);
  assert.deepEqual([values[0], values[1], values.at(-2), values.at(-1)], [105, 47, 40, 106]);
});

// What an answer says, in the words of the vectors.
const said = (word, { value, error }, fields) =>
  error ? { [word]: false, reason: error.code.split('/')[1].replaceAll('-', '_') } : { [word]: true, ...fields(value) };

const national = ({ machine, print }) => ({ canonical: machine, reference: machine, print });
const rf = ({ machine, print, national }) => ({ electronic: machine, print, national });

/** An RF reference is a reference, but not the one that the case asks about. */
function nationalOnly(text) {
  const reference = kassa.parseReference(text);
  return reference.kind === 'national' ? reference : kassa.createReference('R');
}

const KINDS = {
  national_validate: (text) => said('valid', outcome(() => nationalOnly(text)), national),
  national_create: (text) => said('ok', outcome(() => kassa.createReference(text)), national),
  national_format: (text) => {
    const { value, error } = outcome(() => nationalOnly(text));
    return error ? error.code : value.print;
  },
  rf_from_national: (text) =>
    said('ok', outcome(() => kassa.parseReference(kassa.parseReference(text).rf)), rf),
  rf_create: (text) => said('ok', outcome(() => kassa.createRfReference(text)), rf),
  fi_iban: (text) =>
    said('valid', outcome(() => kassa.parseIban(text)), ({ machine, print, nationalCheck, bic }) => ({
      electronic: machine,
      print,
      national_check_ok: nationalCheck,
      bic,
    })),
  bban_to_machine: (text) => {
    const { value } = outcome(() => kassa.createIban(text));
    return { machine: value?.account ?? null, iban: value?.machine ?? null, luhn: value?.nationalCheck ?? null };
  },
  barcode_parse: (text) =>
    said('ok', outcome(() => kassa.parseBarcode(text)), ({ due = null, ...parts }) => ({
      version: Number(text[0]),
      due,
      ...parts,
    })),
  business_id: (text) => said('valid', outcome(() => kassa.vatNumber(text)), () => ({})),
};

for (const [kind, run] of Object.entries(KINDS)) {
  test(`the vectors of ${kind}`, () => {
    const cases = vectors('finnish-references.json').tests.filter((one) => one.kind === kind);
    assert.ok(cases.length >= 4, `${cases.length} cases`);
    for (const { id, input, expected } of cases) {
      const came = run(input);
      if (typeof expected !== 'object') assert.deepEqual(came, expected, id);
      else for (const [name, value] of Object.entries(expected)) assert.deepEqual(came[name], value, `${id} ${name}`);
    }
  });
}

test('the vectors of RF references, both ways', () => {
  const { tests } = vectors('finnish-references.json');
  for (const { id, input, expected } of tests.filter(({ kind }) => kind === 'rf_validate')) {
    const { value, error } = outcome(() => kassa.parseReference(input));
    // What does not begin with R is read as a national reference here.
    assert.equal(value?.kind === 'rf', expected.valid, id);
    if (expected.valid) assert.deepEqual(rf(value), { ...rf(value), ...pick(expected, ['electronic', 'print', 'national']) }, id);
    else if (/^\s*r/i.test(input)) assert.equal(error.code, `reference/${expected.reason.replaceAll('_', '-')}`, id);
  }
  for (const { id, input, expected } of tests.filter(({ kind }) => kind === 'national_from_rf')) {
    const { value } = outcome(() => kassa.parseReference(input));
    assert.equal(value?.national ?? null, expected.ok ? expected.canonical : null, id);
  }
});

const pick = (from, names) => Object.fromEntries(names.filter((name) => name in from).map((name) => [name, from[name]]));

test('the vectors of bar codes made', () => {
  const cases = vectors('finnish-references.json').tests.filter(({ kind }) => kind === 'barcode_encode');
  for (const { id, input, expected } of cases) {
    const { iban, reference, cents, due } = input;
    const { value, error } = outcome(() => kassa.createBarcode({ iban: iban ?? '', reference: reference ?? '', cents, due }));
    assert.equal(value ?? null, expected.ok ? expected.barcode : null, id);
    if (expected.ok) assert.equal(kassa.barcodeSymbol(value).at(-2), expected.code128c_check, id);
    else assert.match(error.code, new RegExp(`^(barcode/${expected.reason.replaceAll('_', '-')}|argument/shape)$`), id);
  }
});

test('the vectors of QR texts', () => {
  const cases = vectors('finnish-references.json').tests.filter(({ kind }) => kind === 'epc_qr');
  for (const { id, input, expected } of cases) {
    const { ref, ...parts } = input;
    const { value, error } = outcome(() => kassa.createQrText({ name: '', iban: '', ...parts, anyReference: ref }));
    assert.equal(value ?? null, expected.ok ? expected.payload : null, id);
    if (!expected.ok) assert.equal(error.code, `qr/${expected.reason.replaceAll('_', '-')}`, id);
  }
});

test('the vectors of runs', () => {
  const cases = vectors('finnish-references.json').tests.filter(({ kind }) => kind === 'bulk_create');
  for (const { id, input, expected } of cases) {
    const { value, error } = outcome(() => kassa.createReferences(input.start, input.count, input.step));
    if (expected.error) assert.equal(error.code, `reference/${expected.error.replaceAll('_', '-')}`, id);
    else assert.deepEqual(value, expected.references, id);
  }
});
