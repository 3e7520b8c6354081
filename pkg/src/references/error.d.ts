/** What every function of the package throws: an error with a stable code to switch on. */
export class KassaError extends Error {
  readonly name: 'KassaError';
  /** `reference/check-digit`, `argument/shape`, `wasm/not-loaded`, `callback/signature`, … */
  readonly code: string;
  /** The field that is wrong, where one is to blame. */
  readonly field?: string;
  /** The index in the text of the character that is wrong. */
  readonly position?: number;
}

/** Where the WebAssembly module may come from. */
export type ModuleSource =
  | string
  | URL
  | Request
  | Response
  | BufferSource
  | WebAssembly.Module
  | PromiseLike<string | URL | Request | Response | BufferSource | WebAssembly.Module>;
