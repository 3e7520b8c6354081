// References in a browser, a worker or a bundler: `await init()` once, then call.
import { loader } from './load.js';

/** Loads the WebAssembly module; from beside this file, unless told otherwise. */
export const init = loader(() => new URL('./kassa_references.wasm', import.meta.url), 'is_reference');

export { KassaError } from './error.js';
export {
  checkReferences,
  createIban,
  createReference,
  createReferences,
  createRfReference,
  isIban,
  isReference,
  parseBic,
  parseIban,
  parseReference,
} from './references.js';
