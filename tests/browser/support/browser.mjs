// One headless Chromium for a test file, and pages that are watched from beginning to end.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Watch } from './watch.mjs';

/** How long anything may take before a test gives up, in milliseconds; nothing waits longer than it must. */
const PATIENCE = 15_000;

/** Keeps Chromium from calling home; the machine may have no network at all. */
export const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];

/** The browser's program: `KASSA_BROWSER`, or Debian's Chromium. */
function program() {
  const named = process.env.KASSA_BROWSER ?? '/usr/bin/chromium';
  assert.ok(existsSync(named), `no browser at ${named}: name one with KASSA_BROWSER`);
  return named;
}

/** A browser whose pages may talk to `origins` and to nobody else. */
export class Browser {
  #chromium;
  #origins;

  constructor(started, origins) {
    this.#chromium = started;
    this.#origins = origins;
  }

  /**
   * Starts Chromium. `memory` lets pages be kept for the back button, which the driver turns off;
   * `without: 'wasm'` makes it a browser that has no WebAssembly: one that compiles nothing at run time.
   */
  static async start(origins, { memory = false, without } = {}) {
    const started = await chromium.launch({
      executablePath: program(),
      args: without === 'wasm' ? [...QUIET, '--js-flags=--jitless'] : QUIET,
      ignoreDefaultArgs: memory ? ['--disable-back-forward-cache'] : [],
    });
    return new Browser(started, origins);
  }

  async close() {
    await this.#chromium.close();
  }

  /**
   * Runs `act` with a page of its own, in a context of its own, and then asserts that the page
   * broke no policy, logged no error and asked nobody else for anything.
   *
   * `options` are Playwright's for a context; `expected` are patterns of console errors that the
   * test provokes.
   */
  async visit(options, act) {
    const { expected = [], ...rest } = options;
    const context = await this.#chromium.newContext({
      locale: 'fi-FI',
      timezoneId: 'Europe/Helsinki',
      viewport: { width: 1000, height: 900 },
      reducedMotion: 'reduce',
      ...rest,
    });
    context.setDefaultTimeout(PATIENCE);
    try {
      const watch = await Watch.over(context, this.#origins);
      const page = await context.newPage();
      try {
        await act(page, { context, watch });
      } catch (error) {
        throw await explained(error, page, watch);
      }
      watch.assertClean(expected);
    } finally {
      await context.close();
    }
  }
}

/** The error with what the customer saw at that moment, and what went wrong before. */
async function explained(error, page, { violations, errors }) {
  const seen = await page.locator('body').ariaSnapshot({ timeout: 1_000 }).catch(() => '(no page)');
  error.message += `\nat ${page.url()}\n${seen}\n${[...violations, ...errors].join('\n')}`;
  error.stack = error.message + error.stack.slice(error.stack.indexOf('\n    at '));
  return error;
}
