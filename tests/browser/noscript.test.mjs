// The hosted page without JavaScript: from the bank list to the receipt, by forms and links alone.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { BankPage, PlainCheckout, PaymentPage } from './support/pages.mjs';
import { startServices } from './support/services.mjs';
import { LANGUAGES } from './support/words.mjs';

describe('without script', () => {
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

  /** Opens the hosted page of a new order. */
  const visit = (wish, act) =>
    browser.visit({ javaScriptEnabled: false }, async (page) => {
      const order = await services.order(wish);
      await page.goto(order.hosted);
      await act({
        page,
        order,
        view: new PlainCheckout(page, wish.language),
        provider: new PaymentPage(page, wish.language),
        bank: new BankPage(page, wish.language),
      });
    });

  for (const language of LANGUAGES) {
    test(`${language}: a bank is chosen, the order paid, and the receipt shows what for`, () =>
      visit({ option: 'all_banks', language }, async ({ page, order, view, provider, bank }) => {
        await view.shows('chooseBank');
        await view.bank('Nordea').click();
        await provider.choose('single_bank');
        await bank.act('pay');
        await page.waitForURL(`${order.hosted}**`);
        await view.shows('paid');
        assert.equal(await page.locator('html').getAttribute('lang'), language);
        const facts = await page.getByRole('definition').allTextContents();
        for (const fact of ['Metsän Puoti Oy', 'Nordea', order.payment.reference, order.number]) {
          assert.ok(facts.includes(fact), `${fact} is not among ${facts.join(' | ')}`);
        }
        await page.getByRole('link', { name: view.words.toShop }).click();
        await page.waitForURL(`${services.shop}/thanks.html**`);
      }));
  }

  test('option 1 takes two pages, and there is a way back', () =>
    visit({ option: 'method_then_bank' }, async ({ view, provider, bank }) => {
      await view.shows('chooseMethod');
      await view.button('onlineBank').click();
      await view.shows('chooseBank');
      await view.button('back').click();
      await view.shows('chooseMethod');
      await view.button('onlineBank').click();
      await view.bank('Nordea').click();
      await provider.choose('single_bank');
      await bank.act('pay');
      await view.shows('paid');
    }));

  for (const option of ['banks_among_methods', 'banks_in_group', 'named_banks', 'single_bank']) {
    test(`${option} is paid`, () =>
      visit({ option }, async ({ view, provider, bank }) => {
        await view.choose({ option });
        await provider.choose('single_bank');
        await bank.act('pay');
        await view.shows('paid');
      }));
  }

  test('a bank chosen at the provider is paid', () =>
    visit({ option: 'all_banks', at: 'provider' }, async ({ view, provider, bank }) => {
      await view.button('goPay').click();
      await provider.choose('all_banks');
      await bank.act('pay');
      await view.shows('paid');
    }));

  test('after a cancellation the same bank is tried again', () =>
    visit({ option: 'all_banks' }, async ({ view, provider, bank }) => {
      await view.bank('Nordea').click();
      await provider.choose('single_bank');
      await bank.act('cancel');
      await view.shows('cancelled');
      await view.button('retry').click();
      await provider.choose('single_bank');
      await bank.act('pay');
      await view.shows('paid');
    }));

  test('after a refusal another bank is chosen', () =>
    visit({ option: 'all_banks' }, async ({ page, view, bank }) => {
      await view.bank('Nordea').click();
      await page.getByRole('button', { name: view.words.toNordea }).click();
      await bank.act('refuse');
      await view.shows('declined');
      await view.button('otherBank').click();
      await view.shows('chooseBank');
      await view.bank('OP').click();
      await page.getByRole('button', { name: 'Jatka OP:hen' }).click();
      await bank.act('pay');
      await view.shows('paid');
      await page.getByRole('definition').filter({ hasText: /^OP$/ }).waitFor();
    }));

  test('a late confirmation is waited for on a page that looks again by itself', () =>
    visit({ option: 'all_banks' }, async ({ view, provider, bank }) => {
      await view.bank('Nordea').click();
      await provider.choose('single_bank');
      await bank.act('arrives');
      await view.shows('awaiting');
      await services.weekLater();
      // Nobody presses anything.
      await view.shows('paid');
    }));

  test('the language is a link away, on the second step too', () =>
    visit({ option: 'method_then_bank' }, async ({ page, view }) => {
      await view.button('onlineBank').click();
      await page.getByRole('link', { name: 'Svenska' }).click();
      const swedish = new PlainCheckout(page, 'sv');
      await swedish.shows('chooseBank');
      await swedish.bank('Sparbanken').waitFor();
      await page.getByRole('link', { name: 'English' }).click();
      await new PlainCheckout(page, 'en').shows('chooseBank');
    }));

  test('an order is placed in the shop and paid', () =>
    browser.visit({ javaScriptEnabled: false }, async (page) => {
      await page.goto(services.shop);
      await page.getByRole('spinbutton', { name: 'Määrä Kuusenkerkkätee' }).fill('3');
      await page.getByRole('textbox', { name: 'Etunimi' }).fill('Maija');
      await page.getByRole('textbox', { name: 'Sukunimi' }).fill('Meikäläinen');
      await page.getByRole('textbox', { name: 'Sähköposti' }).fill('maija@example.fi');
      await page.getByRole('button', { name: 'Kassalle' }).click();
      const view = new PlainCheckout(page);
      await view.bank('Nordea').click();
      await new PaymentPage(page).choose('single_bank');
      await new BankPage(page).act('pay');
      await view.shows('paid');
      await page.getByRole('definition').filter({ hasText: '31,60' }).waitFor();
    }));

  test('a page whose address is wrong says so', () =>
    browser.visit({ javaScriptEnabled: false, expected: [/404 \(Not Found\) .*co_nothing/] }, async (page) => {
      await page.goto(`${services.kassa}/checkout/co_nothing`);
      await new PlainCheckout(page).shows('unknown');
    }));
});
