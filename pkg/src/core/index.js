// References and messages in a browser, a worker or a bundler: `await init()` once, then call.
import { loader } from '../references/load.js';

/** Loads the WebAssembly module; from beside this file, unless told otherwise. */
export const init = loader(() => new URL('./kassa_core.wasm', import.meta.url), 'format_amount');

export { KassaError } from '../references/error.js';
export * from '../references/references.js';
export * from './codes.js';
export * from './messages.js';
