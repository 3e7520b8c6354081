// How long a customer waits for a bank list that can be used: ours, and Adyen's, on the same page.
//
// A slow phone on a slow network, made by Chromium itself: the processor slowed down four times,
// 1.6 Mbit/s, 150 ms a round trip. See tests/bench/README.md.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { banks, session } from '../../../www/widget/preview/fixtures.js';

const SLOWER = 4;
const NETWORK = { offline: false, latency: 150, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8 };
const GOAL = 0.9;
const DIST = fileURLToPath(new URL('../../../pkg/dist/checkout/', import.meta.url));
const TYPES = { '.css': 'text/css', '.js': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm', '.html': 'text/html; charset=utf-8' };

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    browser: { type: 'string', default: process.env.KASSA_BROWSER ?? '/usr/bin/chromium' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log('bench element [--rounds 9] [--browser /path/to/chromium]');
  process.exit();
}

/**
 * The two lists: what their page loads, and what must be on screen for a customer to begin. For
 * theirs that is the field to choose in, which opens the list; for ours a bank.
 */
const LISTS = {
  ours: {
    head: '<script type="module" src="/ours/kassa-checkout.js"></script>',
    body: '<kassa-checkout session="bench" api="/ours" lang="fi"></kassa-checkout>',
    usable: () => [...(document.querySelector('kassa-checkout')?.shadowRoot?.querySelectorAll('button[name=bank]') ?? [])].some((bank) => bank.checkVisibility()),
  },
  theirs: {
    head: '<link rel="stylesheet" href="/theirs/theirs.css"><script type="module" src="/theirs/theirs.js"></script>',
    body: '<div id="list"></div>',
    usable: () => document.querySelector('#list [role=combobox], #list .adyen-checkout__issuer-button')?.checkVisibility() ?? false,
  },
};

const files = await prepare();
const server = createServer(answer);
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({ executablePath: options.browser, args: ['--disable-gpu', '--disable-background-networking', '--no-first-run'] });
const waited = { ours: [], theirs: [] };
try {
  await measure('ours'); // The first browser page pays for starting up; neither list shall.
  for (let round = 0; round < Number(options.rounds); round += 1) {
    const turn = round % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours'];
    for (const name of turn) waited[name].push(await measure(name));
  }
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}

const [ours, theirs] = [median(waited.ours), median(waited.theirs)];
const each = (name) => waited[name].map((millis) => Math.round(millis)).join(' ');
console.log(`element: usable after ${Math.round(ours)} ms (${each('ours')})`);
console.log(`adyen ebanking_FI: usable after ${Math.round(theirs)} ms (${each('theirs')})`);
const ratio = ours / theirs;
console.log(`element usable/adyen: ${ratio.toFixed(2)}`);
if (ratio > GOAL) {
  console.log(`missed: the goal is ${GOAL.toFixed(2)}`);
  process.exitCode = 2;
}

/** Milliseconds from the page's first byte of script asked for to a list that can be used. */
async function measure(name) {
  const { usable } = LISTS[name];
  const context = await browser.newContext({ locale: 'fi-FI', serviceWorkers: 'block' });
  const page = await context.newPage();
  // What theirs asks of its makers is answered at once, without the slow network: in its favour.
  await context.route((url) => url.origin !== origin, (route) => route.fulfill({ json: {} }));
  await page.addInitScript(`(${watch})(${usable})`);
  const tools = await context.newCDPSession(page);
  await tools.send('Network.enable');
  await tools.send('Network.emulateNetworkConditions', NETWORK);
  await tools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  await page.goto(`${origin}/${name}.html`, { waitUntil: 'commit' });
  await page.waitForFunction(() => globalThis.usableAt, null, { timeout: 60_000, polling: 200 });
  const millis = await page.evaluate(() => {
    const scripts = performance.getEntriesByType('resource').filter(({ initiatorType, name: url }) => initiatorType === 'script' || url.endsWith('.js'));
    return globalThis.usableAt - Math.min(...scripts.map(({ startTime }) => startTime));
  });
  await context.close();
  return millis;
}

/** In the page: notes when a frame has been drawn in which the list can be used. */
function watch(usable) {
  const look = () => {
    if (!usable()) return requestAnimationFrame(look);
    // What this frame draws is on screen when the next task runs.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (globalThis.usableAt = performance.now());
    return port2.postMessage(null);
  };
  requestAnimationFrame(look);
}

/** All that is served: bytes by path, compressed as a shop's server would, beforehand. */
async function prepare() {
  const made = new Map();
  const add = (path, bytes) => {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    made.set(path, brotliCompressSync(bytes, { params }));
  };
  for (const file of execFileSync('ls', [DIST], { encoding: 'utf8' }).trim().split('\n')) {
    if (TYPES[extname(file)]) add(`/ours/${file}`, readFileSync(join(DIST, file)));
  }
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('theirs.js', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    outdir: 'theirs',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  });
  for (const { path, contents } of outputFiles) add(`/theirs/theirs${extname(path)}`, contents);
  for (const [name, { head, body }] of Object.entries(LISTS)) {
    add(`/${name}.html`, `<!doctype html><html lang="fi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Maksu</title>${head}</head><body>${body}</body></html>`);
  }
  globalThis.location = { origin: 'http://127.0.0.1' }; // The fixtures name the page that they are for.
  add('/ours/checkout/bench/session', JSON.stringify(session({})));
  const issuers = banks.map(({ id, names, unavailable }) => ({ id, name: names.fi, ...(unavailable && { disabled: true }) }));
  add('/theirs/paymentMethods', JSON.stringify({ paymentMethods: [{ type: 'ebanking_FI', name: 'Verkkopankki', issuers }] }));
  return made;
}

function answer({ url }, response) {
  const { pathname } = new URL(url, 'http://localhost');
  const body = files.get(pathname);
  if (!body) return response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
  const type = TYPES[extname(pathname)] ?? 'application/json';
  return response.writeHead(200, { 'content-type': type, 'content-encoding': 'br', 'content-length': body.length }).end(body);
}

function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
