// The npm package's core in a browser, from a page with a strict policy.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { serveFiles } from './support/files.mjs';

const PAGES = {
  '/page.html': '<!doctype html><html lang="en"><title>Core</title><script type="module" src="/page.js"></script></html>',
  '/page.js': "import * as core from '/pkg/dist/core/index.js'; globalThis.core = core;",
  '/worker.js':
    "import * as core from '/pkg/dist/core/index.js'; await core.init(); postMessage(core.createReference('123456').print);",
};

/** Opens the page with the core imported and not loaded yet. */
async function withCore({ types, pages, ...options }, act) {
  const files = await serveFiles({ types, pages: { ...PAGES, ...pages } });
  const browser = await Browser.start([files.origin]);
  try {
    await browser.visit(options, async (page) => {
      await page.goto(`${files.origin}/page.html`);
      await page.waitForFunction(() => globalThis.core);
      await act(page);
    });
  } finally {
    await browser.close();
    await files.close();
  }
}

/** What `act` throws in the page, as far as a program can tell errors apart. */
const thrown = (page, act) =>
  page.evaluate(async (source) => {
    try {
      // The debugger evaluates; the page's policy forbids it to the page itself.
      await globalThis[source]();
      return null;
    } catch (error) {
      const { name, code, field, position, message } = error;
      return { isError: error instanceof Error, name, code, field, position, message };
    }
  }, act);

describe('npm core in a browser', () => {
  test('after init() references, accounts and amounts work', () =>
    withCore({}, async (page) => {
      const seen = await page.evaluate(async () => {
        const { core } = globalThis;
        await core.init();
        return {
          reference: core.createReference('123456'),
          iban: core.parseIban('FI21 1234 5600 0007 85').machine,
          amount: core.formatAmount(4990),
          cents: core.parseAmount('49,90'),
          banks: core.ecommpayBanks().length,
        };
      });
      assert.deepEqual(seen.reference, { kind: 'national', machine: '1234561', print: '12 34561', rf: 'RF341234561', national: '1234561' });
      assert.equal(seen.iban, 'FI2112345600000785');
      assert.equal(seen.amount.withComma, '49,90');
      assert.equal(seen.cents.cents, 4990);
      assert.ok(seen.banks >= 9);
    }));

  test('a call before init() says what is missing', () =>
    withCore({}, async (page) => {
      await page.evaluate(() => (globalThis.act = () => globalThis.core.parseReference('1232')));
      const error = await thrown(page, 'act');
      assert.deepEqual([error.isError, error.name, error.code], [true, 'KassaError', 'wasm/not-loaded']);
      assert.match(error.message, /await init\(\)/);
    }));

  test('an error names the rule, the field and the place', () =>
    withCore({}, async (page) => {
      await page.evaluate(async () => {
        await globalThis.core.init();
        globalThis.act = () => globalThis.core.parseReference('1234562');
      });
      const error = await thrown(page, 'act');
      assert.deepEqual([error.isError, error.name, error.code], [true, 'KassaError', 'reference/check-digit']);
    }));

  test('init() is done once, however often it is called', () =>
    withCore({}, async (page) => {
      assert.equal(await page.evaluate(() => globalThis.core.init() === globalThis.core.init()), true);
      await page.evaluate(() => globalThis.core.init());
      const loaded = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.wasm')).length);
      assert.equal(loaded, 1);
    }));

  for (const type of ['text/plain', 'application/octet-stream']) {
    test(`a server that calls the module ${type} does no harm`, () =>
      withCore({ types: { '.wasm': type } }, async (page) => {
        const print = await page.evaluate(async () => {
          await globalThis.core.init();
          return globalThis.core.createReference('123456').print;
        });
        assert.equal(print, '12 34561');
      }));
  }

  test('a module that is not there is an error, and init() may be called again', () =>
    withCore({ types: { '.wasm': null }, expected: [/404/] }, async (page) => {
      await page.evaluate(() => (globalThis.act = () => globalThis.core.init()));
      const error = await thrown(page, 'act');
      assert.deepEqual([error.isError, error.name, error.code], [true, 'KassaError', 'wasm/load']);
      assert.match(error.message, /404/);
      assert.deepEqual(await thrown(page, 'act'), error);
    }));

  test('it works in a worker', () =>
    withCore({}, async (page) => {
      const print = await page.evaluate(
        () =>
          new Promise((resolve, reject) => {
            const worker = new Worker('/worker.js', { type: 'module' });
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = reject;
          }),
      );
      assert.equal(print, '12 34561');
    }));
});
