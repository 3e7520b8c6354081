// `bench-size`: what a customer's browser loads for a Finnish bank list, ours beside Adyen's, both
// bundled by esbuild and compressed by brotli at its best level in this very run.
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const DIST = fileURLToPath(new URL('../../../pkg/dist/', import.meta.url));
const adyen = createRequire(import.meta.url).resolve('@adyen/adyen-web/styles/adyen.css');

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 },
  }).length;

/** A script with all that it imports, minified, after brotli. */
async function script(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dirname(fileURLToPath(import.meta.url)) },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2020',
    legalComments: 'none',
    write: false,
    logLevel: 'error',
  });
  return brotli(outputFiles[0].contents);
}

const file = (path) => brotli(readFileSync(path));

/** One way of importing ours: a script and the files beside it. */
async function ours(entry, ...files) {
  const parts = await Promise.all([
    script(`import * as all from ${JSON.stringify(join(DIST, entry))}; globalThis.kassa = all;`),
    ...files.map((one) => file(join(DIST, one))),
  ]);
  return parts.reduce((sum, part) => sum + part, 0);
}

/** Adyen's core with the one component that is the equivalent, and its one style sheet. */
async function theirs() {
  const list = await script(
    "import { AdyenCheckout, OnlineBankingFI } from '@adyen/adyen-web'; globalThis.adyen = { AdyenCheckout, OnlineBankingFI };",
  );
  return list + file(adyen);
}

const checkout = await ours('checkout/index.js', 'checkout/kassa_widget_bg.wasm', 'checkout/kassa.css');
const list = await theirs();
console.log(`kassa/checkout, Finnish, Swedish and English: ${checkout} B`);
console.log(`adyen-web core, OnlineBankingFI and its style sheet, English (others are loaded later): ${list} B`);
console.log(`checkout size/adyen: ${(checkout / list).toFixed(2)}`);
console.log(`kassa: ${await ours('core/index.js', 'core/kassa_core.wasm')} B`);
console.log(`kassa/references: ${await ours('references/index.js', 'references/kassa_references.wasm')} B`);
process.exitCode = checkout < list ? 0 : 2;
