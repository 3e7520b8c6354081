// Loading the module: where it is, whatever the server calls it.
import { adopt, loaded } from './bridge.js';
import { KassaError } from './error.js';

/**
 * A function that loads a module once. `beside` is its file's address, `named` one of its own
 * functions: where a module that has it is there already, nothing is loaded.
 */
export function loader(beside, named) {
  let loading;
  return (source) => {
    if (!loading && loaded(named)) return Promise.resolve();
    loading ??= start(source ?? beside()).catch((error) => {
      loading = undefined; // A failed load may be tried again.
      throw error;
    });
    return loading;
  };
}

async function start(source) {
  const from = await source;
  adopt(await instantiate(isAddress(from) ? await fetch(from) : from));
}

const isAddress = (from) =>
  typeof from === 'string' || from instanceof URL || from instanceof Request;

async function instantiate(from) {
  if (from instanceof WebAssembly.Module) return WebAssembly.instantiate(from, {});
  const bytes = from instanceof Response ? await read(from) : from;
  try {
    return (await WebAssembly.instantiate(bytes, {})).instance;
  } catch (error) {
    throw new KassaError('wasm/load', `the module cannot be used: ${error.message}`);
  }
}

/** The bytes, rather than a stream: they load whatever MIME type the server gives them. */
async function read(response) {
  if (response.ok) return response.arrayBuffer();
  throw new KassaError('wasm/load', `the module answered ${response.status}`);
}

/** At once, from bytes at hand: for Node. */
export function loadSync(bytes, named) {
  if (!loaded(named)) adopt(new WebAssembly.Instance(new WebAssembly.Module(bytes), {}));
}
