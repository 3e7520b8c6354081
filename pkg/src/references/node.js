// References in Node, Deno and Bun: loaded at import, so that every function can be called at once.
import { readFileSync } from 'node:fs';
import { loadSync } from './load.js';

loadSync(readFileSync(new URL('./kassa_references.wasm', import.meta.url)), 'is_reference');

export * from './index.js';
