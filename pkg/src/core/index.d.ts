/** What every function here throws: `instanceof Error`, with a stable code to switch on. */
export interface KassaError extends Error {
  readonly name: 'KassaError';
  /** `reference/check-digit`, `amount/zero`, `argument/shape`, `wasm/not-loaded`, … */
  readonly code: string;
  /** The field that is wrong, where one is to blame. */
  readonly field?: string;
  /** The index in the text of the character that is wrong. */
  readonly position?: number;
}

/** Loads the WebAssembly module; idempotent. Not needed in Node. */
export function init(
  source?: string | URL | Response | BufferSource | WebAssembly.Module,
): Promise<void>;

/** A reference in all its forms. */
export interface Reference {
  kind: 'national' | 'rf';
  /** What goes into a payment: no spaces. */
  machine: string;
  /** What people read: groups of five (national) or four (RF). */
  print: string;
  /** The same reference as RF. */
  rf: string;
  /** The national reference inside, where there is one. */
  national: string | null;
}

/** Reads a national or RF reference, with or without spaces. */
export function parseReference(text: string): Reference;
/** Makes a national reference from 3 to 19 digits. */
export function createReference(base: string): Reference;
/** Makes an RF creditor reference (ISO 11649) from 1 to 21 letters and digits. */
export function createRfReference(body: string): Reference;
/** Makes the references of `count` bases from `start` on, `step` apart; all or none. */
export function createReferences(start: string, count: number, step: number): string[];

/** A Finnish account. */
export interface Iban {
  machine: string;
  print: string;
  /** The bank's BIC; null where the bank code is not in the published list. */
  bic: string | null;
  /** Who holds the bank code. */
  bank: string | null;
  /** Whether the account's own check digit holds, too. Not every newer institution keeps it. */
  nationalCheck: boolean;
}

/** Reads a Finnish IBAN. */
export function parseIban(text: string): Iban;

/** The parts of a bank bar code. Amounts are whole cents; 0 lets the payer choose. */
export interface Barcode {
  iban: string;
  reference: string;
  cents: number;
  /** `YYYY-MM-DD` */
  due?: string;
}

/** Makes the 54 digits of a bank bar code (pankkiviivakoodi). */
export function createBarcode(parts: Barcode): string;
/** Reads the 54 digits of a bank bar code. */
export function parseBarcode(digits: string): Barcode;

/** Makes the text of a credit transfer QR code (EPC069-12). */
export function createQrText(parts: {
  name: string;
  iban: string;
  bic?: string;
  cents?: number;
  reference?: string;
  text?: string;
  due?: string;
}): string;

/** The VAT number of a business id (Y-tunnus). */
export function vatNumber(businessId: string): string;

/** An amount as providers write it. */
export interface Amount {
  cents: number;
  minorUnits: string;
  withPoint: string;
  withComma: string;
}

/** Writes whole cents as each provider wants them. */
export function formatAmount(cents: number): Amount;
/** Reads `10.00` or `10,00`. */
export function parseAmount(text: string): Amount;

/** A bank of the built-in list. */
export interface Bank {
  id: string;
  names: { fi: string; sv: string; en: string };
  bic: string | null;
}

/** ecommpay's Finnish banks, for when the live list is not at hand. */
export function ecommpayBanks(): Bank[];

/** A form for the customer's browser that still lacks its `signature` field. */
export interface UnsignedForm {
  /** What to sign with HMAC-SHA-512; put the result, in Base64, into the field `signature`. */
  signingInput: string;
  action: string;
  fields: Array<[name: string, value: string]>;
}

/** Builds an ecommpay Payment Page request from its documented parameters. Never takes a key. */
export function ecommpayPaymentPage(
  parameters: Record<string, string | number>,
  action?: string,
): UnsignedForm;

/** ecommpay's string to sign for any JSON text: what to compare when a signature is refused. */
export function ecommpaySigningInput(json: string): string;
