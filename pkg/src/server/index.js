// Signing and verifying on a shop's server, worker or edge: `await init()` once where it is not
// loaded at import. Keys stay in the host's cryptography; the module makes and reads the texts.
import { loader } from '../references/load.js';

/** Loads the WebAssembly module; from beside this file, unless told otherwise. */
export const init = loader(() => new URL('./kassa_server.wasm', import.meta.url), 'ecommpay_claim');

export { KassaError } from '../references/error.js';
export { ecommpay } from './ecommpay.js';
export { op } from './op.js';
export { vetuma } from './vetuma.js';
export { webhooks } from './webhooks.js';
