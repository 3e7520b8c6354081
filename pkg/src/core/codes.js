// What stands on an invoice: bank bar codes, QR codes, and the seller's VAT number.
import { cents, known, optional, text } from '../references/arguments.js';
import { put, putAll, take, takeBytes, takeLines } from '../references/bridge.js';
import { messages } from './loaded.js';

/** The VAT number of a business id (Y-tunnus). */
export const vatNumber = (businessId) => take(messages().vat_number(put(businessId, 'businessId')));

const BARCODE = ['iban', 'reference', 'cents', 'due'];

/** Makes the 54 digits of a bank bar code. */
export function createBarcode(parts) {
  const { iban, reference, due } = known(parts, 'parts', BARCODE);
  const texts = [
    text(iban, 'iban'),
    text(reference, 'reference'),
    cents(parts.cents),
    optional(due, 'due'),
  ];
  return take(messages().make_barcode(putAll(texts)));
}

/** Reads the 54 digits of a bank bar code. */
export function parseBarcode(digits) {
  const [iban, reference, cents, due] = takeLines(messages().read_barcode(put(digits, 'digits')));
  return { iban, reference, cents: Number(cents), ...(due && { due }) };
}

/** The values of the Code 128 symbol of a bank bar code. */
export const barcodeSymbol = (digits) => [
  ...takeBytes(messages().barcode_symbol(put(digits, 'digits'))),
];

/** In the order of `make_qr_text`. */
const QR = [
  'name',
  'iban',
  'bic',
  'cents',
  'amount',
  'reference',
  'anyReference',
  'text',
  'due',
  'version',
  'purpose',
  'info',
];

/** Makes the text of a credit transfer QR code (EPC069-12). */
export function createQrText(parts) {
  known(parts, 'parts', QR);
  text(parts.name, 'name');
  text(parts.iban, 'iban');
  const texts = QR.map((name) =>
    name === 'cents' && parts.cents != null ? cents(parts.cents) : optional(parts[name], name),
  );
  return take(messages().make_qr_text(putAll(texts)));
}
