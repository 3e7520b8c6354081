// The core in Node: loaded at import, so that every function can be called at once.
import { readFileSync } from 'node:fs';
import { initSync } from './index.js';

initSync(readFileSync(new URL('./kassa_core_bg.wasm', import.meta.url)));

export * from './index.js';
