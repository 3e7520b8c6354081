// The module of `kassa`, which may not be there though that of `kassa/references` is.
import { core } from '../references/bridge.js';
import { KassaError } from '../references/error.js';

/** The module's functions. */
export function messages() {
  const wasm = core();
  if (wasm.format_amount) return wasm;
  const advice = 'call `await init()` of `kassa` once, before any other function';
  throw new KassaError('wasm/not-loaded', advice);
}
