// Banks come to by ecommpay's Gate: the customer waits for where to go, goes there by itself, and
// nothing that happens to the callback or to the call loses the way.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertAccessible } from './support/axe.mjs';
import { Browser } from './support/browser.mjs';
import { BankPage, Checkout, PlainCheckout } from './support/pages.mjs';
import { startServices } from './support/services.mjs';
import { LANGUAGES, words } from './support/words.mjs';

/** What Chromium logs when Kassa says that the provider refuses. */
const REFUSED = /status of 502/;

/** The customer's acts at the bank, and what the page says then. */
const OUTCOMES = [
  ['pay', 'paid'],
  ['refuse', 'declined'],
  ['cancel', 'cancelled'],
  ['arrives', 'awaiting'],
];

let services;
let browser;
before(async () => {
  services = await startServices({ gate: true });
  browser = await Browser.start(services.origins);
});
afterEach(() => services.faults({}));
after(async () => {
  await browser?.close();
  await services?.stop();
});

/** Opens an order's page and chooses Nordea. */
async function choose(page, { language = 'fi', where = 'hosted' } = {}) {
  const order = await services.order({ language });
  await page.goto(order[where]);
  const view = new Checkout(page, language);
  await view.shows('chooseBank');
  await view.bank('Nordea').click();
  return { order, view };
}

/** Waits until the bank's page is there. It speaks Finnish: Gate is told no language. */
async function atBank(page) {
  await page.waitForURL(`${services.simulator}/bank/**`);
  return new BankPage(page);
}

/** The attempts of an order that the provider has taken: `1`, `2`. */
async function taken(order) {
  const answer = await fetch(`${order.hosted}/status`);
  const { return_url: back } = await answer.json();
  const start = `${new URL(back).searchParams.get('payment')}-`;
  const ids = (await services.opened()).map(({ payment_id: id }) => id);
  return ids.filter((id) => id.startsWith(start)).map((id) => id.slice(start.length));
}

describe('every outcome', { concurrency: 2 }, () => {
  for (const language of LANGUAGES) {
    for (const [act, heading] of OUTCOMES) {
      test(`${language}: ${act}`, () =>
        browser.visit({}, async (page) => {
          const { order, view } = await choose(page, { language });
          await (await atBank(page)).act(act);
          await page.waitForURL(`${order.hosted}**`);
          await view.shows(heading);
          assert.deepEqual(await taken(order), ['1']);
        }));

      test(`${language}: ${act}, without script`, () =>
        browser.visit({ javaScriptEnabled: false }, async (page) => {
          const order = await services.order({ language });
          await page.goto(order.hosted);
          const view = new PlainCheckout(page, language);
          await view.bank('Nordea').click();
          await (await atBank(page)).act(act);
          await view.comesTo(heading);
          assert.deepEqual(await taken(order), ['1']);
        }));
    }
  }

  test('in the shop\'s own page', () =>
    browser.visit({}, async (page) => {
      const { view } = await choose(page, { where: 'embedded' });
      await (await atBank(page)).act('pay');
      await page.waitForURL(`${services.shop}/thanks.html**`);
      await view.shows('paid');
    }));
});

// One after the other: what goes wrong goes wrong for all.
describe('a form leads to the bank', () => {
  for (const where of ['hosted', 'embedded']) {
    test(where, () =>
      browser.visit({}, async (page) => {
        await services.faults({ redirect: 'post' });
        const { view } = await choose(page, { where });
        await (await atBank(page)).act('pay');
        await view.shows('paid');
      }));
  }

  for (const language of LANGUAGES) {
    test(`${language}: without script by one press more`, () =>
      browser.visit({ javaScriptEnabled: false }, async (page) => {
        await services.faults({ redirect: 'post' });
        const order = await services.order({ language });
        await page.goto(order.hosted);
        const view = new PlainCheckout(page, language);
        await view.bank('Nordea').click();
        await view.button('onward').click();
        await (await atBank(page)).act('pay');
        await view.comesTo('paid');
      }));
  }

  test('the element is missing, scripts run: it goes on by itself', () =>
    browser.visit({ expected: [/net::ERR_FAILED/] }, async (page) => {
      await page.route('**/assets/checkout/*.js', (route) => route.abort());
      await services.faults({ redirect: 'post' });
      const order = await services.order({});
      await page.goto(order.hosted);
      await new PlainCheckout(page).bank('Nordea').click();
      await (await atBank(page)).act('pay');
      await new PlainCheckout(page).comesTo('paid');
    }));
});

describe('the callback that says where to go', () => {
  test('late', () =>
    browser.visit({}, async (page) => {
      await services.faults({ delay_ms: 3_000 });
      const { view } = await choose(page);
      await view.shows('leaving');
      await page.getByText(words.fi.waiting).waitFor();
      await (await atBank(page)).act('pay');
      // The page is back before the callback, and waits for it.
      await view.shows('pending');
      await view.shows('paid');
    }));

  test('twice and more', () =>
    browser.visit({}, async (page) => {
      await services.faults({ duplicate: 3 });
      const { order, view } = await choose(page);
      await (await atBank(page)).act('pay');
      await view.shows('paid');
      await services.flush();
      await view.shows('paid');
      assert.deepEqual(await taken(order), ['1']);
    }));

  test('lost, and sent again', () =>
    browser.visit({}, async (page) => {
      await services.faults({ first_n: 1 });
      const { view } = await choose(page);
      await view.shows('leaving');
      await services.faults({});
      await services.skip(11);
      await (await atBank(page)).act('pay');
      await view.shows('paid');
    }));

  test('after the customer came back: nobody is sent to the bank once more', () =>
    browser.visit({}, async (page) => {
      await services.faults({ delay_ms: 2_000 });
      const { order, view } = await choose(page);
      await atBank(page);
      await page.goto(`${services.kassa}/return/${order.payment.token}`);
      await view.shows('pending');
      await services.flush();
      await view.shows('pending');
      assert.ok(page.url().startsWith(order.hosted), page.url());
    }));

  test('never: the customer waits, is told so in every language, and takes another bank', () =>
    browser.visit({}, async (page) => {
      await services.faults({ redirect: 'never' });
      const { order, view } = await choose(page);
      await view.shows('leaving');
      for (const language of LANGUAGES) {
        await page.evaluate((lang) => (document.querySelector('kassa-checkout').lang = lang), language);
        await page.getByText(words[language].waiting).waitFor();
      }
      await assertAccessible(page, 'waiting');
      await page.getByText(words.en.bankUnreachable).waitFor();
      for (const language of LANGUAGES) {
        await page.evaluate((lang) => (document.querySelector('kassa-checkout').lang = lang), language);
        await page.getByText(words[language].bankUnreachable).waitFor();
        await page.getByRole('link', { name: words[language].toShop }).waitFor();
      }
      await assertAccessible(page, 'waiting for long');
      await services.faults({});
      await page.getByRole('button', { name: words.en.otherBank }).click();
      const english = new Checkout(page, 'en');
      await english.shows('chooseBank');
      await english.bank('OP').click();
      await (await atBank(page)).act('pay');
      await view.page.waitForURL(`${order.hosted}**`);
      await english.shows('paid');
      assert.deepEqual(await taken(order), ['1', '2']);
    }));

  test('never: a second try is a payment of its own', () =>
    browser.visit({}, async (page) => {
      await services.faults({ redirect: 'never' });
      const { order, view } = await choose(page);
      await page.getByText(words.fi.bankUnreachable).waitFor();
      await services.faults({});
      await view.button('retry').click();
      await (await atBank(page)).act('pay');
      await view.shows('paid');
      assert.deepEqual(await taken(order), ['1', '2']);
    }));

  test('never: who gives up goes back to the shop', () =>
    browser.visit({}, async (page) => {
      await services.faults({ redirect: 'never' });
      const { order } = await choose(page);
      await page.getByRole('link', { name: words.fi.toShop }).click();
      await page.waitForURL(`${services.shop}/**`);
      assert.deepEqual(await taken(order), ['1']);
    }));
});

test('without script the page waits by itself, and offers something else when it takes long', () =>
  browser.visit({ javaScriptEnabled: false }, async (page) => {
    await services.faults({ redirect: 'never' });
    const order = await services.order({ language: 'sv' });
    await page.goto(order.hosted);
    const view = new PlainCheckout(page, 'sv');
    await view.bank('Nordea').click();
    await page.getByText(words.sv.waiting).waitFor();
    assert.equal(await view.button('retry').count(), 0);
    await page.getByText(words.sv.bankUnreachable).waitFor();
    await view.button('retry').waitFor();
    await services.faults({});
    await view.button('otherBank').click();
    await view.bank('OP').click();
    await (await atBank(page)).act('pay');
    await view.comesTo('paid');
    assert.deepEqual(await taken(order), ['1', '2']);
  }));

describe('the call that begins the payment', () => {
  test('answered by an error: a second try is the same payment', () =>
    browser.visit({}, async (page) => {
      await services.faults({ gate: 'error' });
      const { order, view } = await choose(page);
      await view.shows('leaving');
      await page.getByText(words.fi.bankUnreachable).waitFor();
      await services.faults({});
      await view.button('retry').click();
      await (await atBank(page)).act('pay');
      await view.shows('paid');
      assert.deepEqual(await taken(order), ['1']);
    }));

  for (const gate of ['refuse', 'refuse-bank']) {
    test(`${gate}: the customer is told, and pays when it works again`, () =>
      browser.visit({ expected: [REFUSED] }, async (page) => {
        await services.faults({ gate });
        const { view } = await choose(page);
        await page.getByRole('alert').filter({ hasText: words.fi.bankUnreachable }).waitFor();
        await services.faults({});
        await view.bank('Nordea').click();
        await (await atBank(page)).act('pay');
        await view.shows('paid');
      }));
  }
});
