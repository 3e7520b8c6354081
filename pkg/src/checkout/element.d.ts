/** Where a payment stands. */
export type Status =
  | 'created'
  | 'redirected'
  | 'pending'
  | 'awaiting_confirmation'
  | 'paid'
  | 'declined'
  | 'cancelled'
  | 'expired'
  | 'failed'
  | 'partially_refunded'
  | 'refunded'
  | 'reversed';

/** Why something could not be done. `widget/load` and `widget/crash` leave the page's own content in use. */
export type ErrorCode =
  | 'widget/offline'
  | 'widget/unreachable'
  | 'widget/unknown-session'
  | 'widget/provider'
  | 'widget/not-payable'
  | 'widget/load'
  | 'widget/crash';

/** What each event carries. None of them carries a token, an address or a name. */
export interface KassaEventDetails {
  /** The payment is on screen. */
  'kassa-ready': { status: Status; bank: string | null };
  /** The customer chose. One of the two is set; neither when the choice is made at the provider. */
  'kassa-bank': { bank: string | null; method: string | null };
  /** The window is about to leave for the bank. */
  'kassa-redirect': { kind: 'redirect' | 'post_form'; bank: string | null };
  /** The payment came to another status. A hint only: the shop's server learns by webhook. */
  'kassa-status': { status: Status; bank: string | null };
  /** Something could not be done; the customer has been told. */
  'kassa-error': { code: ErrorCode };
}

/** The events by their names. They bubble, and leave shadow roots. */
export type KassaEventMap = {
  [Name in keyof KassaEventDetails]: CustomEvent<KassaEventDetails[Name]>;
};

declare class KassaElement extends HTMLElement {
  /** The checkout token that the shop's server got for the payment; attribute `session`. */
  session: string;
  /** Where Kassa is: an origin, or empty for the page's own; attribute `api`. */
  api: string;
  /** Looks at the payment's status now. */
  refresh(): void;

  addEventListener<Name extends keyof KassaEventMap>(
    type: Name,
    listener: (this: this, event: KassaEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** `<kassa-checkout>`: choose a bank, pay, see what came of it. */
export class KassaCheckout extends KassaElement {}

/** `<kassa-status>`: where a payment stands. */
export class KassaStatus extends KassaElement {}

/**
 * Loads the WebAssembly module. Called by the first element; call it earlier to preload, or with
 * an address, response, bytes or module where a bundler keeps the file elsewhere.
 */
export function init(
  source?: string | URL | Request | Response | BufferSource | WebAssembly.Module,
): Promise<unknown>;

declare global {
  interface HTMLElementTagNameMap {
    'kassa-checkout': KassaCheckout;
    'kassa-status': KassaStatus;
  }

  interface HTMLElementEventMap extends KassaEventMap {}
  interface DocumentEventMap extends KassaEventMap {}
}
