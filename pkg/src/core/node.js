// References and messages in Node, Deno and Bun: loaded at import.
import { readFileSync } from 'node:fs';
import { loadSync } from '../references/load.js';

loadSync(readFileSync(new URL('./kassa_core.wasm', import.meta.url)), 'format_amount');

export * from './index.js';
