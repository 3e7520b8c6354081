// The core in a browser, a worker or a bundler: `await init()` once, then call.
import load, * as core from './kassa_core.js';

let loading;

/**
 * Loads the WebAssembly module. Calling it again returns the same promise.
 * `source`: where from, as URL, Response, bytes or compiled module; beside this file by default.
 */
export function init(source) {
  loading ??= start(source).catch((error) => {
    loading = undefined; // A failed load may be tried again.
    throw error;
  });
  return loading;
}

async function start(source) {
  const from = source ?? new URL('./kassa_core_bg.wasm', import.meta.url);
  const isAddress = typeof from === 'string' || from instanceof URL;
  // Bytes rather than a stream: they load whatever MIME type the server gives them.
  const bytes = isAddress ? await fetchBytes(from) : from;
  await load({ module_or_path: bytes });
  ready = true;
}

async function fetchBytes(address) {
  const response = await fetch(address);
  if (!response.ok) {
    throw kassaError('wasm/load', `the WebAssembly module answered ${response.status}`);
  }
  return response.arrayBuffer();
}

let ready = false;

/** For Node's entry, which has the bytes at hand. */
export function initSync(bytes) {
  core.initSync({ module: bytes });
  ready = true;
  loading = Promise.resolve();
}

function kassaError(code, message) {
  return Object.assign(new Error(message), { name: 'KassaError', code });
}

const guarded = (name) => (...values) => {
  if (!ready) throw kassaError('wasm/not-loaded', `call \`await init()\` before ${name}()`);
  return core[name](...values);
};

export const parseReference = guarded('parseReference');
export const createReference = guarded('createReference');
export const createRfReference = guarded('createRfReference');
export const createReferences = guarded('createReferences');
export const parseIban = guarded('parseIban');
export const createBarcode = guarded('createBarcode');
export const parseBarcode = guarded('parseBarcode');
export const createQrText = guarded('createQrText');
export const vatNumber = guarded('vatNumber');
export const formatAmount = guarded('formatAmount');
export const parseAmount = guarded('parseAmount');
export const ecommpayBanks = guarded('ecommpayBanks');
const paymentPage = guarded('ecommpayPaymentPage');
export const ecommpayPaymentPage = (parameters, action) =>
  paymentPage(parameters, BigInt(Date.now()), action);
export const ecommpaySigningInput = guarded('ecommpaySigningInput');
