import type { OpPayment, VetumaKind } from '../core/messages.js';
import type { ModuleSource } from '../references/error.js';

export { KassaError } from '../references/error.js';
export type { ModuleSource } from '../references/error.js';

/**
 * Loads the WebAssembly module; needed in workers and at the edge only, where the source is the
 * imported file `kassa/server/kassa_server.wasm`.
 * @throws {KassaError} `wasm/load`
 */
export function init(source?: ModuleSource): Promise<void>;

/** The raw body, as it was received: what a framework has parsed already cannot be verified. */
export type RawBody = string | Uint8Array | ArrayBuffer;

/** Headers of a `Request`, of Node's `IncomingMessage`, or a plain object. */
export type AnyHeaders =
  | Headers
  | Iterable<[string, string]>
  | Record<string, string | readonly string[] | undefined>;

/** A signed request: `fetch(request.url, request)` sends it. */
export interface SignedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** Where a payment stands, by a provider's word. A word that is not known is `pending`. */
export type ReportedStatus =
  | 'pending'
  | 'awaiting_confirmation'
  | 'paid'
  | 'expired'
  | 'cancelled'
  | 'declined'
  | 'failed'
  | 'partially_refunded'
  | 'refunded'
  | 'reversed';

/** What an ecommpay callback reports. Compare `cents` and `currency` with the order. */
export interface EcommpayEvent {
  provider: 'ecommpay';
  /** The identifier that the shop gave the payment. */
  paymentId: string;
  status: ReportedStatus;
  /** ecommpay's own word. */
  word: string;
  /** ecommpay's own code, if any. */
  code: string | null;
  cents: number;
  currency: string;
  /** ecommpay's time of the operation: later evidence counts, not later arrival. */
  at: Date;
  /** ecommpay's number of the operation. */
  operation: string;
  /** The same for the same report, however often it comes. */
  key: string;
  /** Where the customer is to go now, where it says so. */
  redirect:
    | { method: 'GET'; url: string }
    | { method: 'POST'; url: string; fields: Array<[name: string, value: string]> }
    | null;
}

/** A project at ecommpay. Prints as `Ecommpay([redacted])`. */
export interface Ecommpay {
  /**
   * A Payment Page request, signed: a form to post, and the same as an address.
   * @throws {KassaError} `ecommpay/…` with the parameter in `field`
   */
  paymentPage(
    parameters: Record<string, string | number | boolean>,
    action?: string,
  ): Promise<{ action: string; fields: Array<[name: string, value: string]>; url: string }>;

  /**
   * A request to the Gate, signed.
   * @throws {KassaError} `ecommpay/…`
   */
  gate(
    path: string,
    message: { general: { payment_id: string; [name: string]: unknown }; [name: string]: unknown },
    address?: string,
  ): Promise<SignedRequest>;

  /**
   * The signature of any JSON text: what to compare when ecommpay refuses one.
   * @throws {KassaError} `ecommpay/json`
   */
  signature(json: string): Promise<string>;

  /**
   * Reads a callback if, and only if, it is ecommpay's own and about this project.
   * @throws {KassaError} `callback/…`; nothing in a refused one is to be believed
   */
  verifyCallback(body: RawBody): Promise<EcommpayEvent>;
}

/**
 * A project at ecommpay.
 * @throws {KassaError} `keys/…` when the secret can be none, `argument/shape`
 */
export function ecommpay(account: {
  projectId: number | string;
  secret: string;
  /** Takes secrets of fewer than 16 bytes: for public test vectors, never for what protects money. */
  dangerAnySecret?: boolean;
}): Ecommpay;

/** An account at OP. */
export interface OpAccount {
  environment: 'sandbox' | 'production';
  merchantId: string;
  accountId: string;
  apiKey: string;
  /** OP's version of the signing key, 0 to 9999. */
  keyVersion: number;
  /** PEM, PKCS#8 or PKCS#1, not encrypted. */
  privateKey: string;
  /** OP's address before the paths; needed in production. */
  url?: string;
  /** What OP's callbacks bear: its public key as PEM, its `x-api-key`, and who signs. */
  callbacks?: { publicKey: string; apiKey: string; signer?: string };
}

/** An account at OP. Prints as `Op([redacted])`. */
export interface Op {
  /** Any request, signed; `path` comes behind the account's address. */
  request(request: {
    method: string;
    path: string;
    body?: string;
    sessionId?: string;
    requestId?: string;
    date?: string;
    contentType?: string;
  }): Promise<SignedRequest>;

  /** Create payment, signed. */
  createPayment(
    payment: Omit<OpPayment, 'accountId'> & { sessionId?: string },
  ): Promise<SignedRequest>;

  /** The question how a payment stands, signed. */
  status(paymentId: string): Promise<SignedRequest>;

  /** Refund, signed. */
  refund(paymentId: string, refund: { cents: number; reference: string }): Promise<SignedRequest>;

  /**
   * Reads a callback if, and only if, OP signed it. It says that something changed and nothing
   * more: ask for the status then. `url` is the address that was given to OP.
   * @throws {KassaError} `callback/…`
   */
  verifyCallback(callback: {
    method?: string;
    url: string;
    headers: AnyHeaders;
    body: RawBody;
  }): Promise<{ provider: 'op'; attempt: string }>;
}

/**
 * An account at OP. Keys are read when they are first used.
 * @throws {KassaError} `argument/shape`
 */
export function op(account: OpAccount): Op;

/** What VETUMA's answer to a payment call says. Its sum is the call's: the answer bears none. */
export interface VetumaEvent {
  provider: 'vetuma';
  status: 'paid' | 'cancelled' | 'declined' | 'failed' | 'pending';
  /** VETUMA's own word. */
  word: string;
  cents: number;
}

/** Shared secrets with VETUMA, or with software that speaks it. Prints as `Vetuma([redacted])`. */
export interface Vetuma {
  /**
   * A message, signed with the secret that its `RCVID` names: the fields of a form in ISO-8859-1.
   * @throws {KassaError} `vetuma/…`, `keys/no-key`
   */
  sign(
    kind: VetumaKind,
    fields: Record<string, string>,
  ): Promise<Array<[name: string, value: string]>>;

  /**
   * The fields of a message, if, and only if, its MAC is right.
   * @throws {KassaError} `callback/…`
   */
  verify(kind: VetumaKind, body: RawBody): Promise<Record<string, string>>;

  /**
   * What the answer to a payment call says, if, and only if, its MAC is right, it is this call's,
   * at most 600 seconds old, and came to the address that its status goes to.
   * @throws {KassaError} `callback/…`, `vetuma/time`, `vetuma/other-call`, `vetuma/address`
   */
  receive(answer: {
    body: RawBody;
    /** The address that it came to. */
    hit: 'RETURL' | 'CANURL' | 'ERRURL';
    /** The call's fields, as they were sent. */
    call: Record<string, string>;
    /** The version of the interface; `3` when left out. */
    profile?: '2.2' | '3';
    /** Milliseconds since the epoch. */
    now?: number;
  }): Promise<VetumaEvent>;
}

/**
 * Shared secrets, `ID-64HEX` each, all of one purpose (payments, or identification): one of its
 * own must not verify the other's messages.
 * @throws {KassaError} `keys/…`
 */
export function vetuma(account: { secrets: string | readonly string[] }): Vetuma;

/** Where a payment stands. */
export type PaymentStatus = ReportedStatus | 'created' | 'redirected';

/** A payment, as Kassa's shop API shows it. */
export interface Payment {
  id: string;
  /** Grows with every change: a webhook with a smaller one is older. */
  version: number;
  status: PaymentStatus;
  order: string;
  /** Cents. */
  amount: number;
  currency: 'EUR';
  reference: string;
  reference_print: string;
  bank?: string | null;
  method?: string | null;
  provider?: string | null;
  description?: string | null;
  language?: 'fi' | 'sv' | 'en' | null;
  attempts: number;
  /** Cents that went back. */
  refunded: number;
  /** Cents that can still go back. */
  refundable: number;
  created_at: string;
  changed_at: string;
  expires_at: string;
  return_url: string;
  [name: string]: unknown;
}

/** What Kassa tells a shop. */
export type WebhookEvent =
  | { id: string; type: 'payment.updated'; timestamp: string; data: Payment }
  | {
      id: string;
      type: 'payment.flagged';
      timestamp: string;
      /** `flag` says what needs a person: `paid_twice`, `amount_differs`, `contradiction`, … */
      data: Payment & { flag: string };
    }
  | {
      id: string;
      type: 'refund.updated';
      timestamp: string;
      data: Payment & { refund: { id: string; amount: number; status: string; [name: string]: unknown } };
    };

/** A shop's end of Kassa's webhooks. Prints as `Webhooks([redacted])`. */
export interface Webhooks {
  /**
   * Reads a webhook if, and only if, this shop's Kassa signed it within five minutes of now.
   * @throws {KassaError} `webhook/signature`, `webhook/timestamp`
   */
  verify(
    webhook: { headers: AnyHeaders; body: RawBody },
    options?: { /** Milliseconds since the epoch. */ now?: number },
  ): Promise<WebhookEvent>;
}

/**
 * A shop's end of Kassa's webhooks: `whsec_…`, or several secrets while they change.
 * @throws {KassaError} `keys/…`
 */
export function webhooks(secrets: string | readonly string[]): Webhooks;
