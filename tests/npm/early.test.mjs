// The entries for browsers and workers, which do not load by themselves: in Node's own process.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { dist, loadFile, refused } from './support/package.mjs';

const references = await loadFile('references/index.js');
const kassa = await loadFile('core/index.js');
const server = await loadFile('server/index.js');
const module = (file) => readFileSync(join(dist, file));

test('too early is a clear error', () => {
  for (const call of [
    () => kassa.createReference('100'),
    () => kassa.isReference('1009'),
    () => kassa.formatAmount(100),
    () => references.createReference('100'),
  ]) {
    assert.throws(call, refused('wasm/not-loaded'));
  }
  assert.equal(kassa.isReference(undefined), false, 'no text is no reference, loaded or not');
});

test('what is no module is an error, and loading may be tried again', async () => {
  await assert.rejects(kassa.init(new Uint8Array([0, 97, 115])), refused('wasm/load'));
  const missing = new Response('', { status: 404 });
  await assert.rejects(kassa.init(missing), refused('wasm/load'));
});

test('whatever the server calls it', async () => {
  const http = createServer((request, response) => {
    response.setHeader('content-type', 'text/html').end(module(`references/${request.url.slice(1)}`));
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  try {
    await references.init(`http://127.0.0.1:${http.address().port}/kassa_references.wasm`);
  } finally {
    http.close();
  }
  assert.equal(references.createReference('100').machine, '1009');
});

test('the references alone do not make the messages work', () => {
  assert.throws(() => kassa.formatAmount(100), refused('wasm/not-loaded'));
});

test('bytes, a compiled module and a promise of either load, once', async () => {
  const compiled = new WebAssembly.Module(module('core/kassa_core.wasm'));
  assert.equal(kassa.init(Promise.resolve(compiled)), kassa.init());
  await kassa.init();
  assert.equal(kassa.formatAmount(100).withComma, '1,00');
  await server.init(module('server/kassa_server.wasm'));
  // What was loaded first has not become less by it.
  assert.equal(references.createReference('100').machine, '1009');
  assert.equal(kassa.formatAmount(100).withComma, '1,00');
});

test('one error class for all entries', () => {
  assert.equal(kassa.KassaError, references.KassaError);
  assert.equal(kassa.KassaError, server.KassaError);
});
