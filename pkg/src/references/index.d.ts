import type { ModuleSource } from './error.js';

/**
 * Loads the WebAssembly module; calling it again returns the same promise. Not needed in Node,
 * Deno and Bun. Without a source it loads the file beside the script, whatever MIME type the
 * server gives it.
 * @throws {KassaError} `wasm/load`
 */
export function init(source?: ModuleSource): Promise<void>;

export { KassaError } from './error.js';
export type { ModuleSource } from './error.js';
export * from './references.js';
