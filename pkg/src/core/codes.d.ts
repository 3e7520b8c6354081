/** The parts of a bank bar code. Amounts are whole cents; 0 lets the payer choose. */
export interface Barcode {
  iban: string;
  reference: string;
  cents: number;
  /** `YYYY-MM-DD` */
  due?: string;
}

/**
 * Makes the 54 digits of a bank bar code (pankkiviivakoodi).
 * @throws {KassaError} `barcode/…`
 */
export function createBarcode(parts: Barcode): string;

/**
 * Reads the 54 digits of a bank bar code.
 * @throws {KassaError} `barcode/…`
 */
export function parseBarcode(digits: string): Barcode;

/**
 * The values of the Code 128 symbol of a bank bar code, to draw it: start, 27 pairs, check, stop.
 * @throws {KassaError} `barcode/…`
 */
export function barcodeSymbol(digits: string): number[];

/** What a credit transfer QR code says. The name and the account are needed. */
export interface QrParts {
  /** The payee, at most 70 characters. */
  name: string;
  /** The payee's account, of any country. */
  iban: string;
  bic?: string;
  /** Whole cents. */
  cents?: number;
  /** Euros as they are to stand there, `12.30`, in place of `cents`. */
  amount?: string;
  /** A national or RF reference. */
  reference?: string;
  /** A structured reference of any kind, unchecked, in place of `reference`. */
  anyReference?: string;
  /** A message in place of a reference, at most 140 characters. */
  text?: string;
  /** `YYYY-MM-DD` */
  due?: string;
  /** `002` when left out. */
  version?: '001' | '002';
  purpose?: string;
  /** Information to the payer, in place of `due`. */
  info?: string;
}

/**
 * Makes the text of a credit transfer QR code (EPC069-12).
 * @throws {KassaError} `qr/…`, or the code of the part that is wrong
 */
export function createQrText(parts: QrParts): string;

/**
 * The VAT number of a business id (Y-tunnus).
 * @throws {KassaError} `business-id/…`
 */
export function vatNumber(businessId: string): string;
