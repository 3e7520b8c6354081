// The elements against invented payments: www/widget/preview, which says what its query may hold.
import { Browser } from './browser.mjs';
import { serveFiles } from './files.mjs';

const PAGE = '/www/widget/preview/preview.html';

/** Starts the preview and a browser for it. */
export async function startPreview(options) {
  const files = await serveFiles();
  const browser = await Browser.start([files.origin], options);
  return {
    browser,
    at: (query = '') => `${files.origin}${PAGE}?${query}`,
    stop: async () => {
      await browser.close();
      await files.close();
    },
  };
}

/** The requests that the element made in the preview. */
export const requests = (page) => page.evaluate(() => globalThis.preview.requests);

/** The same once there are so many: what they lead to on screen may come before. */
export async function requestsOf(page, count) {
  await page.waitForFunction((count) => globalThis.preview.requests.length >= count, count);
  return requests(page);
}

/** Waits until the element has its style: it asks for its session before that. */
export const styled = (page) =>
  page.waitForFunction(() => document.querySelector('kassa-checkout')?.shadowRoot?.adoptedStyleSheets.length === 1);

/** The names of the events that the element dispatched in the preview. */
export const events = (page) => page.evaluate(() => globalThis.preview.events.map(({ type }) => type));
