// The pages around the element — shop, hosted page, Payment Page, bank — as every customer meets them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAccessible } from './support/axe.mjs';
import { Browser } from './support/browser.mjs';
import { assertFocus } from './support/focus.mjs';
import { BankPage, Checkout, PaymentPage, PlainCheckout } from './support/pages.mjs';
import { startServices } from './support/services.mjs';
import { LANGUAGES } from './support/words.mjs';

let services;
let browser;
before(async () => {
  services = await startServices();
  browser = await Browser.start(services.origins);
});
after(async () => {
  await browser?.close();
  await services?.stop();
});

/** Asserts accessibility in both colour schemes, and that nothing sticks out of a narrow screen. */
async function assertGood(page, where) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `${where}, ${colorScheme}`);
  }
  await page.setViewportSize({ width: 320, height: 800 });
  // The page is laid out anew in its own time.
  await page
    .waitForFunction(() => innerWidth === 320 && document.documentElement.scrollWidth <= 320, null, { timeout: 3_000 })
    .catch(() => assert.fail(`${where}: wider than 320 px`));
  await page.setViewportSize({ width: 1000, height: 900 });
}

describe('every page', { concurrency: 2 }, () => {
  for (const language of LANGUAGES) {
    test(`${language}: from the shop's front page to its thanks, axe finds nothing`, () =>
      browser.visit({ locale: language }, async (page) => {
        const view = new Checkout(page, language);
        const go = (name) => page.getByRole('button', { name });
        await page.goto(services.shop);
        await go(/^(Lisää koriin|Lägg i korgen|Add to basket): (Metsähunaja|Skogshonung|Forest honey)/).click();
        await assertGood(page, 'front page');
        await go(/^(Kassalle|Till kassan|Checkout|To checkout)/).click();
        await page.getByRole('heading', { level: 1 }).waitFor();
        await assertGood(page, 'details');
        await go(/^(Jatka maksamaan|Fortsätt till betalning|Continue to payment)/).click();
        await view.shows('chooseBank');
        await assertGood(page, 'checkout');
        await view.bank('Nordea').click();
        await page.getByRole('button', { name: view.words.toNordea }).waitFor();
        await assertGood(page, 'Payment Page, one bank');
        await new PaymentPage(page, language).choose('single_bank');
        const bank = new BankPage(page, language);
        await bank.arrive();
        await page.getByText(view.words.late, { exact: true }).click();
        await assertGood(page, 'bank');
        await bank.act('pay');
        await view.shows('paid');
        await assertGood(page, 'thanks');
      }));

    test(`${language}: the hosted page without script, axe finds nothing`, () =>
      browser.visit({}, async (page) => {
        // The rules need a script; the page's own is kept away instead.
        await page.route('**/assets/checkout/*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
        const { hosted } = await services.order({ option: 'banks_in_group', language });
        await page.goto(hosted);
        await new PlainCheckout(page, language).shows('chooseMethod');
        await assertGood(page, 'markup, banks in group');
      }));

    test(`${language}: the Payment Page in each of the six ways, axe finds nothing`, () =>
      browser.visit({}, async (page) => {
        for (const option of ['method_then_bank', 'banks_in_group', 'named_banks']) {
          const { hosted } = await services.order({ option, at: 'provider', language });
          await page.goto(hosted);
          await new Checkout(page, language).choose({ option, at: 'provider' });
          await page.waitForURL(`${services.simulator}/**`);
          await assertGood(page, `Payment Page, ${option}`);
        }
      }));

    test(`${language}: the simulator's own page and a payment that is not there, axe finds nothing`, () =>
      browser.visit({ expected: [/404 \(Not Found\)/] }, async (page) => {
        await page.goto(`${services.simulator}/?lang=${language}`);
        await assertGood(page, 'payments');
        await page.goto(`${services.kassa}/checkout/co_nothing?lang=${language}`);
        await new PlainCheckout(page, language).shows('unknown');
        await assertGood(page, 'unknown payment');
      }));
  }

  test('the shop\'s panel shows the webhooks that came, and axe finds nothing in it', () =>
    browser.visit({}, async (page) => {
      const order = await services.order({ option: 'single_bank' });
      await page.goto(order.embedded);
      await new Checkout(page).button('toNordea').click();
      await new PaymentPage(page).choose('single_bank');
      await new BankPage(page).act('pay');
      await new Checkout(page).shows('paid');
      await page.getByRole('button', { name: 'Kehittäjälle' }).click();
      const panel = page.getByRole('complementary', { name: 'Kehittäjälle' });
      await panel.getByRole('listitem').filter({ hasText: /payment\.updated · paid.*allekirjoitus oikein/ }).waitFor();
      await assertAccessible(page, 'panel');
    }));

  test('from the shop to the receipt by keyboard alone', () =>
    browser.visit({}, async (page) => {
      const order = await services.order({ option: 'all_banks' });
      const press = (key) => page.keyboard.press(key);
      await page.goto(order.hosted);
      await new Checkout(page).ready();
      await press('Tab');
      await assertFocus(page, 'input', 'Hae pankkia');
      await page.keyboard.type('nordea');
      await page.getByRole('status').filter({ hasText: '1 pankki' }).waitFor();
      await press('Enter');
      await tabTo(page, page.getByRole('button', { name: 'Jatka Nordeaan' }));
      await press('Enter');
      await tabTo(page, page.getByRole('button', { name: /^Maksa / }));
      await press('Enter');
      await new Checkout(page).shows('paid');
      await tabTo(page, page.getByRole('link', { name: 'Takaisin kauppaan' }));
      await press('Enter');
      await page.waitForURL(`${services.shop}/thanks.html**`);
    }));
});

// One after the other: there is one clock for all.
describe('the hosted page as it changes', () => {
  for (const language of LANGUAGES) {
    test(`${language}: the hosted page in each of its states, axe finds nothing`, () =>
      browser.visit({}, async (page) => {
        const { hosted } = await services.order({ option: 'method_then_bank', language });
        const view = new Checkout(page, language);
        await page.goto(hosted);
        await view.shows('chooseMethod');
        await assertGood(page, 'hosted, methods');
        await view.button('onlineBank').click();
        await view.shows('chooseBank');
        await assertGood(page, 'hosted, banks');
        await view.bank('Nordea').click();
        await new PaymentPage(page, language).choose('single_bank');
        await new BankPage(page, language).act('arrives');
        await view.shows('awaiting');
        await assertGood(page, 'hosted, awaiting confirmation');
        await services.weekLater();
        await view.shows('paid');
        await assertGood(page, 'hosted, paid');
      }));
  }
});

/** Presses Tab until the element has the focus, as someone without a mouse does. */
async function tabTo(page, locator) {
  await locator.waitFor();
  const hasFocus = () => locator.evaluate((element) => element.getRootNode().activeElement === element);
  for (let pressed = 0; pressed < 25; pressed += 1) {
    await page.keyboard.press('Tab');
    if (await hasFocus()) return;
  }
  assert.fail('Tab does not lead there');
}
