// The module of `kassa`, which may not be there though that of `kassa/references` is.
import { core, tooEarly } from '../references/bridge.js';

/** The module's functions. */
export function messages() {
  const wasm = core();
  if (wasm.format_amount) return wasm;
  throw tooEarly();
}
