// The same in Node, Deno and Bun: loaded at import.
import { readFileSync } from 'node:fs';
import { loadSync } from '../references/load.js';

loadSync(readFileSync(new URL('./kassa_server.wasm', import.meta.url)), 'ecommpay_claim');

export * from './index.js';
