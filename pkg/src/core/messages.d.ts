/** An amount as providers write it. */
export interface Amount {
  cents: number;
  /** `1000` (ecommpay) */
  minorUnits: string;
  /** `10.00` (OP) */
  withPoint: string;
  /** `10,00` (VETUMA) */
  withComma: string;
}

/**
 * Writes whole cents as each provider wants them.
 * @throws {KassaError} `amount/zero`, `amount/too-large`, `argument/shape`
 */
export function formatAmount(cents: number): Amount;

/**
 * Reads `10.00` or `10,00`.
 * @throws {KassaError} `amount/…`
 */
export function parseAmount(text: string): Amount;

/** A bank of the built-in list. */
export interface Bank {
  id: string;
  names: { fi: string; sv: string; en: string };
  bic: string;
}

/** ecommpay's Finnish banks that are open, for when the live list is not at hand. */
export function ecommpayBanks(): Bank[];

/** A form for the customer's browser that still lacks its signature. */
export interface UnsignedForm {
  /** What to sign with HMAC-SHA-512; the signature is its Base64. */
  signingInput: string;
  action: string;
  fields: Array<[name: string, value: string]>;
  /** The fields with the signature among them. */
  signed(signature: string): Array<[name: string, value: string]>;
}

/**
 * Builds an ecommpay Payment Page request from its documented parameters. Never takes a key.
 * @throws {KassaError} `ecommpay/…` with the parameter in `field`
 */
export function ecommpayPaymentPage(
  parameters: Record<string, string | number | boolean>,
  action?: string,
): UnsignedForm;

/**
 * ecommpay's text to sign of any JSON text: what to compare when a signature is refused.
 * @throws {KassaError} `ecommpay/json`
 */
export function ecommpaySigningInput(json: string): string;

/** A request that still lacks its signature. */
export interface UnsignedRequest {
  /** What to sign. */
  signingInput: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  /** The body with the signature in it. */
  signed(signature: string): string;
}

/**
 * Builds a request to ecommpay's Gate, of which `general` names project and payment. The signature
 * is the Base64 of an HMAC-SHA-512.
 * @throws {KassaError} `ecommpay/missing`, `ecommpay/character`
 */
export function ecommpayGate(
  path: string,
  message: { general: { project_id: number; payment_id: string }; [name: string]: unknown },
  gate?: string,
): UnsignedRequest;

/** What OP's signature covers. */
export interface OpSigned {
  method: string;
  contentType: string;
  date: string;
  merchantId: string;
  apiKey: string;
  sessionId: string;
  requestId: string;
  url: string;
  body: string;
}

/**
 * OP's text to sign, of the parts exactly as they are sent.
 * @throws {KassaError} `op/character`
 */
export function opSigningInput(parts: OpSigned): string;

/** A request to OP that still lacks its header `Authorization`. */
export interface UnsignedOpRequest {
  /** What to sign with RSA PKCS#1 v1.5 and SHA-256; the signature is hexadecimal in lower case. */
  signingInput: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** The value of the header `Authorization`. */
  signed(signature: string): string;
}

/**
 * Builds a request to OP: any method and body, as they are sent.
 * @throws {KassaError} `op/…`
 */
export function opRequest(request: {
  method: string;
  url: string;
  body?: string;
  merchantId: string;
  apiKey: string;
  /** OP's version of the signing key, 0 to 9999. */
  keyVersion: number;
  sessionId: string;
  requestId: string;
  /** The header `Date`; now when left out. */
  date?: string;
  /** `application/json` when left out. */
  contentType?: string;
}): UnsignedOpRequest;

/** A payment at OP. */
export interface OpPayment {
  accountId: string;
  cents: number;
  /** A reference in machine form. */
  reference: string;
  /** Where the customer comes back to; `cancel` and `reject` are `success` when left out. */
  returnTo: { success: string; cancel?: string; reject?: string };
  language?: 'fi' | 'sv' | 'en';
  /** Where OP tells of changes. */
  callback?: string;
}

/**
 * The body of OP's Create payment, to be signed and sent as it is.
 * @throws {KassaError} `op/…`, `amount/…`
 */
export function opPaymentBody(payment: OpPayment): string;

/**
 * The body of OP's Refund, to be signed and sent as it is.
 * @throws {KassaError} `op/…`, `amount/…`
 */
export function opRefundBody(refund: { cents: number; reference: string }): string;

/** The kinds of VETUMA's messages. */
export type VetumaKind =
  | 'pay-call'
  | 'pay-answer'
  | 'check-call'
  | 'check-answer'
  | 'login-call'
  | 'login-answer';

/** A form in ISO-8859-1 that still lacks its MAC. */
export interface VetumaMessage {
  /**
   * What to digest, each character a byte: the MAC is the SHA-256 of this, the shared secret with
   * its name and `&`, in hexadecimal capitals.
   */
  signingInput: string;
  /** The fields in VETUMA's order. */
  fields: Array<[name: string, value: string]>;
  /** The fields with the MAC among them. */
  signed(mac: string): Array<[name: string, value: string]>;
}

/**
 * Builds a message of VETUMA's from its fields, of which an empty one differs from one left out.
 * No live VETUMA exists: this is for software that still speaks it.
 * @throws {KassaError} `vetuma/…` with the field in `field`
 */
export function vetumaMessage(kind: VetumaKind, fields: Record<string, string>): VetumaMessage;
