// Chromium by its own protocol and Firefox by WebDriver BiDi: puppeteer speaks both.
import puppeteer from 'puppeteer-core';
import { QUIET } from '../browser.mjs';

/** Firefox neither calls home nor asks what it may show first. */
const PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.auto': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.server': '',
};

/** Starts `chrome` or `firefox`, the program at `executablePath`; `without: 'wasm'` by its own switch. */
export async function start(browser, executablePath, { without } = {}) {
  const off = without === 'wasm';
  const started = await puppeteer.launch({
    browser,
    executablePath,
    headless: true,
    defaultViewport: { width: 1000, height: 900 },
    ...(browser === 'chrome'
      ? { args: [...QUIET, '--no-sandbox', '--accept-lang=fi', ...(off ? ['--js-flags=--jitless'] : [])] }
      : { extraPrefsFirefox: { ...PREFERENCES, 'intl.accept_languages': 'fi', 'javascript.options.wasm': !off } }),
  });
  return {
    version: await started.version(),
    open: () => open(started),
    stop: () => started.close(),
  };
}

async function open(started) {
  const context = await started.createBrowserContext();
  const page = await context.newPage();
  const seen = { errors: [], requests: [] };
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && seen.errors.push(message.text()));
  page.on('request', (request) => seen.requests.push(request.url()));
  return {
    seen,
    page,
    goto: (address) => page.goto(address, { waitUntil: 'domcontentloaded' }),
    evaluate: (act, ...values) => page.evaluate(act, ...values),
    click: (x, y) => page.mouse.click(x, y),
    press: (key) => page.keyboard.press(key),
    type: (text) => page.keyboard.type(text),
    screenshot: (path) => page.screenshot({ path }),
    close: () => context.close(),
  };
}
