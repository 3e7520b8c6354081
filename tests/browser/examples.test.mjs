// The package as it is published, in every tool that a shop may use: built, opened, a bank chosen.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { build, NAMES } from '../../pkg/examples/build.mjs';
import { serve } from '../../pkg/examples/serve.mjs';
import { assertAccessible } from './support/axe.mjs';
import { Browser } from './support/browser.mjs';
import { Checkout } from './support/pages.mjs';
import { startServices } from './support/services.mjs';

describe('the packed package', () => {
  let shop;
  let services;
  let browser;
  before(async () => {
    shop = await serve({ port: 0 });
    [services] = await Promise.all([startServices({ shop: shop.origin }), build()]);
    Object.assign(shop, { kassa: services.kassa, provider: services.simulator });
    browser = await Browser.start([...services.origins, shop.origin]);
  });
  after(async () => {
    await Promise.all([browser?.close(), services?.stop(), shop?.close()]);
  });

  for (const name of NAMES) {
    test(`${name}: a bank is chosen, and the window leaves for it`, () =>
      browser.visit({}, async (page, { watch }) => {
        const made = shop.payments;
        await page.goto(`${shop.origin}/${name}/`);
        const view = new Checkout(page);
        await view.shows('chooseBank');
        assert.equal(shop.payments - made, 1, 'payments made for one page');
        await assertAccessible(page, name);
        // All of it came from the shop's own server; Kassa was asked about the payment alone.
        const asked = watch.requests.filter((line) => !line.includes(`${shop.origin}/`));
        assert.deepEqual(asked.filter((line) => !/\/checkout\/[^/]+\/session$/.test(line)), []);
        await view.bank('Nordea').click();
        await page.waitForURL(`${services.simulator}/**`);
        await page.getByRole('button', { name: view.words.toNordea }).waitFor();
      }));
  }

  test('what the server draws can be paid before any script has come', () =>
    browser.visit({ javaScriptEnabled: false }, async (page) => {
      await page.goto(`${shop.origin}/server-react/`);
      await page.getByRole('link', { name: 'Siirry maksamaan' }).click();
      await page.waitForURL(`${services.kassa}/checkout/**`);
    }));
});
