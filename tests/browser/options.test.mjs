// From an order in the demo shop to the end of its payment: the six ways to a bank, and what may
// happen there. The customer's pages only; the clock alone is turned behind their back.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { BankPage, Checkout, PaymentPage } from './support/pages.mjs';
import { startServices } from './support/services.mjs';
import { LANGUAGES } from './support/words.mjs';

const OPTIONS = [
  'method_then_bank',
  'banks_among_methods',
  'banks_in_group',
  'all_banks',
  'named_banks',
  'single_bank',
];

/** What is done at the bank, and the heading under which it ends. */
const ENDS = { pay: 'paid', cancel: 'cancelled', refuse: 'declined' };

/** What a late confirmation brings after a week. */
const LATE = { arrives: 'paid', arrivesNot: 'declined', isReversed: 'reversed' };

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

/** From the order to the bank's page. */
async function goToBank(page, wish, { where = 'embedded', language = 'fi' } = {}) {
  const order = await services.order({ ...wish, language });
  await page.addInitScript((tag) => localStorage.setItem('shop-language', tag), language);
  await page.goto(order[where]);
  const view = new Checkout(page, language);
  await view.choose(wish);
  // A bank chosen at Kassa is only confirmed at the provider, as option 6 is.
  const shown = wish.at === 'provider' ? wish.option : 'single_bank';
  await new PaymentPage(page, language).choose(shown);
  const bank = new BankPage(page, language);
  await bank.arrive();
  return { order, bank, view };
}

describe('embedded in the shop, decided at once', { concurrency: 2 }, () => {
  for (const option of OPTIONS) {
    for (const [act, end] of Object.entries(ENDS)) {
      test(`${option}: ${act}`, () =>
        browser.visit({}, async (page) => {
          const { order, bank, view } = await goToBank(page, { option });
          await bank.act(act);
          await page.waitForURL(`${services.shop}/thanks.html?order=${order.key}**`);
          await view.shows(end);
          // The page's own link leads to the shop's front; one of the element's would lead nowhere.
          const back = page.getByRole('link', { name: view.words.toShop });
          assert.equal(await back.and(page.locator('[href*="thanks.html"]')).count(), 0);
        }));
    }
  }
});

// One after the other: there is one clock for all.
describe('embedded in the shop, confirmed late', () => {
  for (const option of OPTIONS) {
    for (const [act, end] of Object.entries(LATE)) {
      test(`${option}: a late confirmation, ${act}`, () =>
        browser.visit({}, async (page) => {
          const { bank, view } = await goToBank(page, { option });
          await bank.act(act);
          await view.shows('awaiting');
          await page.getByRole('list', { name: 'Maksun vaiheet' }).waitFor();
          await services.weekLater();
          await view.shows(end);
        }));
    }
  }
});

describe('chosen at the provider', { concurrency: 2 }, () => {
  const shows = {
    method_then_bank: ['Kortti', 'MobilePay'],
    banks_among_methods: ['Nordea', 'Säästöpankki', 'Kortti'],
    banks_in_group: ['Nordea', 'Säästöpankki', 'Pankit: Ruotsi'],
    all_banks: ['Nordea', 'Säästöpankki'],
    named_banks: ['Nordea', 'OP'],
    single_bank: ['Jatka Nordeaan'],
  };
  const shownNot = { banks_in_group: 'Kortti', all_banks: 'Kortti', named_banks: 'Säästöpankki', single_bank: 'OP' };

  for (const option of OPTIONS) {
    test(`${option}: the Payment Page renders it, and it is paid`, () =>
      browser.visit({}, async (page) => {
        const order = await services.order({ option, at: 'provider' });
        await page.goto(order.embedded);
        const view = new Checkout(page);
        await view.choose({ option, at: 'provider' });
        const payment = new PaymentPage(page);
        for (const name of shows[option]) await payment.item('button', name).waitFor();
        if (shownNot[option]) assert.equal(await payment.item('button', shownNot[option]).count(), 0);
        await payment.choose(option);
        await new BankPage(page).act('pay');
        await view.shows('paid');
      }));
  }
});

describe('the hosted page with script', { concurrency: 2 }, () => {
  for (const [act, end] of Object.entries({ ...ENDS, arrives: 'awaiting' })) {
    test(`${act} comes back to it`, () =>
      browser.visit({}, async (page) => {
        const { order, bank, view } = await goToBank(page, { option: 'all_banks' }, { where: 'hosted' });
        await bank.act(act);
        await page.waitForURL(`${order.hosted}**`);
        await view.shows(end);
      }));
  }

  for (const language of LANGUAGES) {
    test(`${language} all the way, to the provider and back`, () =>
      browser.visit({}, async (page) => {
        const { order, bank, view } = await goToBank(page, { option: 'method_then_bank' }, { where: 'hosted', language });
        assert.equal(await page.locator('html').getAttribute('lang'), language);
        await bank.act('pay');
        await view.shows('paid');
        assert.equal(await page.locator('html').getAttribute('lang'), language);
        const receipt = page.getByRole('definition');
        await receipt.filter({ hasText: order.payment.reference }).waitFor();
      }));
  }
});

describe('after a refusal', () => {
  test('the customer tries the same bank again, and pays', () =>
    browser.visit({}, async (page) => {
      const { bank, view } = await goToBank(page, { option: 'all_banks' }, { where: 'hosted' });
      await bank.act('refuse');
      await view.shows('declined');
      await view.button('retry').click();
      await new PaymentPage(page).choose('single_bank');
      await bank.act('pay');
      await view.shows('paid');
    }));

  test('the customer chooses another bank, and pays', () =>
    browser.visit({}, async (page) => {
      const { bank, view } = await goToBank(page, { option: 'all_banks' }, { where: 'hosted' });
      await bank.act('cancel');
      await view.shows('cancelled');
      await view.button('otherBank').click();
      await view.bank('OP').click();
      await page.getByRole('button', { name: 'Jatka OP:hen' }).click();
      await bank.act('pay');
      await view.shows('paid');
      await page.getByRole('definition').filter({ hasText: 'OP' }).first().waitFor();
    }));
});
