// OP Online Payment: OP first and the other banks behind it, every end in every language, and
// whatever becomes of the one callback. Nothing that OP wants kept comes to a browser.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertAccessible } from './support/axe.mjs';
import { Browser } from './support/browser.mjs';
import { BankPage, Checkout, PlainCheckout } from './support/pages.mjs';
import { startServices } from './support/services.mjs';
import { LANGUAGES, words } from './support/words.mjs';

/** What Chromium logs when Kassa says that the provider does not answer. */
const REFUSED = /status of 50[0-9]/;

/** What the development configuration calls the merchant, the account and the application. */
const CONFIDENTIAL = ['kassa-development-merchant-0001', 'kassa-development-account-0001', 'kassa-development-api-key-0001'];

/** The customer's acts at the bank, and what the page says then. */
const OUTCOMES = [
  ['pay', 'paid'],
  ['refuse', 'declined'],
  ['cancel', 'cancelled'],
  ['toldLater', 'pending'],
];

let services;
let browser;
/** What came to browsers from others than Kassa and the shop. */
const elsewhere = [];

before(async () => {
  services = await startServices({ fronts: true });
  for (const front of Object.values(services.fronts)) front.sent = [];
  browser = await Browser.start(services.origins);
});
afterEach(() => services.op.faults({}));
after(async () => {
  await browser?.close();
  await services?.stop();
});

/** A page of a customer whose traffic is kept. */
function visit(options, act) {
  return browser.visit(options, async (page, more) => {
    const bodies = [];
    more.context.on('response', (response) => {
      if (!response.url().startsWith(services.simulator)) return;
      const headers = response.allHeaders().catch(() => ({}));
      // A redirect has no body, and one that was left before it came shows nothing.
      const body = response.text().catch(() => '');
      bodies.push(Promise.all([headers, body]).then((all) => elsewhere.push(response.url(), JSON.stringify(all))));
    });
    await act(page, more);
    await Promise.all(bodies);
  });
}

/** An order that is paid through OP. */
const order = (wish) => services.order({ through: 'op', ...wish });

/** Opens an order's page and chooses a bank. */
async function choose(page, { language = 'fi', where = 'hosted', bank = 'OP' } = {}) {
  const made = await order({ language });
  await page.goto(made[where]);
  const view = new Checkout(page, language);
  await view.shows('chooseBank');
  await view.bank(bank).click();
  return { order: made, view };
}

/** Waits until the bank's page is there. */
async function atBank(page, language = 'fi') {
  await page.waitForURL(`${services.simulator}/op/bank/**`);
  return new BankPage(page, language);
}

/** Who is told to have paid the order. */
async function banksOf(made) {
  return (await services.op.payments(made)).map(({ bank }) => bank);
}

describe('every outcome', { concurrency: 2 }, () => {
  for (const language of LANGUAGES) {
    for (const [act, heading] of OUTCOMES) {
      test(`${language}: ${act}`, () =>
        visit({}, async (page) => {
          const { order: made, view } = await choose(page, { language });
          await (await atBank(page, language)).act(act);
          await page.waitForURL(`${made.hosted}**`);
          await view.shows(heading);
          assert.deepEqual(await banksOf(made), ['OP']);
        }));

      test(`${language}: ${act}, at another bank without script`, () =>
        visit({ javaScriptEnabled: false }, async (page) => {
          const made = await order({ language });
          await page.goto(made.hosted);
          const view = new PlainCheckout(page, language);
          await view.bank('Nordea').click();
          await (await atBank(page, language)).act(act);
          await page.waitForURL(`${made.hosted}**`);
          if (act === 'toldLater') await view.title(heading).waitFor();
          else await view.comesTo(heading);
          assert.deepEqual(await banksOf(made), ['Nordea']);
        }));
    }
  }

  test('in the shop\'s own page, at another bank', () =>
    visit({}, async (page) => {
      const { order: made, view } = await choose(page, { where: 'embedded', bank: 'Aktia' });
      await (await atBank(page)).act('pay');
      await page.waitForURL(`${services.shop}/thanks.html**`);
      await view.shows('paid');
      assert.deepEqual(await banksOf(made), ['Aktia']);
    }));

  test('a pending payment is paid a minute later, and the waiting page hears of it', () =>
    visit({}, async (page) => {
      const { order: made, view } = await choose(page);
      await (await atBank(page)).act('toldLater');
      await view.shows('pending');
      await services.op.act(made, 'pay');
      await view.shows('paid');
    }));

  test('who turns back at the bank chooses another', () =>
    visit({}, async (page) => {
      const { order: made, view } = await choose(page);
      await atBank(page);
      await page.goto(`${services.kassa}/return/${made.payment.token}`);
      await view.shows('pending');
      await view.button('otherBank').click();
      await view.bank('Danske Bank').click();
      await (await atBank(page)).act('pay');
      await view.shows('paid');
      assert.deepEqual(await banksOf(made), ['OP', 'Danske Bank']);
    }));
});

describe('the list of banks', { concurrency: 2 }, () => {
  for (const javaScriptEnabled of [true, false]) {
    test(`OP stands first, then the others${javaScriptEnabled ? '' : ', without script'}`, () =>
      visit({ javaScriptEnabled }, async (page) => {
        const made = await order({ language: 'sv' });
        await page.goto(made.hosted);
        const view = new (javaScriptEnabled ? Checkout : PlainCheckout)(page, 'sv');
        await view.shows('chooseBank');
        const names = await page.getByRole('listitem').getByRole('button').allInnerTexts();
        assert.match(names[0], /OP\s*$/);
        assert.equal(names.length, 10, names.join());
        assert.ok(names.some((name) => name.includes('Nordea')), names.join());
      }));
  }

  for (const language of LANGUAGES) {
    test(`${language}: a bank that does not answer is shown as such, and cannot be chosen`, () =>
      visit({}, async (page) => {
        const made = await order({ language });
        await page.goto(made.hosted);
        const view = new Checkout(page, language);
        await view.shows('chooseBank');
        const handelsbanken = page.getByRole('listitem').filter({ hasText: 'Handelsbanken' });
        await handelsbanken.getByText(words[language].disrupted).waitFor();
        assert.equal(await handelsbanken.getByRole('button', { disabled: false }).count(), 0);
        await assertAccessible(page, `a bank is away, ${language}`);
      }));
  }

  test('the developer\'s panel of the demo shop leads to OP', () =>
    visit({}, async (page) => {
      await page.goto(`${services.shop}/`);
      await page.getByRole('button', { name: 'fi, suomi' }).waitFor();
      await page.evaluate(() => localStorage.setItem('shop-basket', JSON.stringify({ tea: 1 })));
      await page.goto(`${services.shop}/checkout.html`);
      await page.getByRole('button', { name: 'Kehittäjälle' }).click();
      await page.getByRole('combobox', { name: /^Palveluntarjoaja/ }).selectOption('OP Online Payment');
      assert.equal(await page.getByRole('combobox', { name: /^Missä valitaan/ }).count(), 0);
      await page.getByRole('button', { name: 'Jatka maksamaan' }).click();
      const view = new Checkout(page);
      await view.shows('chooseBank');
      await view.bank('OP').click();
      await (await atBank(page)).act('pay');
      await view.shows('paid');
    }));
});

// One after the other: what goes wrong goes wrong for all.
describe('the callback', () => {
  test('before the browser comes back', () =>
    visit({}, async (page) => {
      const { order: made, view } = await choose(page);
      await atBank(page);
      await services.op.act(made, 'pay');
      await paidInKassa(made);
      await page.reload();
      await view.shows('paid');
    }));

  test('after the browser came back, which had OP asked', () =>
    visit({}, async (page) => {
      await services.op.faults({ hold_callbacks: true });
      const { view } = await choose(page);
      await (await atBank(page)).act('pay');
      await view.shows('paid');
      assert.equal(await services.op.release(), 1);
      await page.reload();
      await view.shows('paid');
    }));

  test('late: the payment waits until OP knows more', () =>
    visit({}, async (page) => {
      await services.op.faults({ hold_callbacks: true });
      const { order: made, view } = await choose(page);
      await (await atBank(page)).act('toldLater');
      await view.shows('pending');
      await services.op.act(made, 'refuse');
      await view.shows('pending');
      assert.equal(await services.op.release(), 2);
      await view.shows('declined');
    }));

  test('four times', () =>
    visit({}, async (page) => {
      await services.op.faults({ repeat_callbacks: 3 });
      const { order: made, view } = await choose(page);
      await (await atBank(page)).act('pay');
      await view.shows('paid');
      assert.deepEqual(await banksOf(made), ['OP']);
    }));

  test('lost, and the customer comes back', () =>
    visit({}, async (page) => {
      await services.op.faults({ lose_callbacks: 1 });
      const { view } = await choose(page);
      await (await atBank(page)).act('pay');
      await view.shows('paid');
    }));

  test('lost, and the customer never comes back: OP is asked all the same', () =>
    visit({}, async (page, { context }) => {
      await services.op.faults({ lose_callbacks: 1 });
      const { order: made } = await choose(page);
      await atBank(page);
      const second = await context.newPage();
      await second.goto(made.hosted);
      await new Checkout(second).shows('pending');
      await services.op.act(made, 'pay');
      await page.close();
      await new Checkout(second).shows('paid');
    }));
});

describe('refunds', () => {
  for (const [language, sums] of [['fi', ['10,00', '3,50']], ['sv', ['10,00', '3,50']], ['en', ['€10.00', '€3.50']]]) {
    test(`${language}: what went back and what is on its way, on both pages and without script`, () =>
      visit({}, async (page) => {
        const { order: made, view } = await choose(page, { language });
        await (await atBank(page, language)).act('pay');
        await view.shows('paid');
        assert.equal(await page.getByText(words[language].refundedSum, { exact: true }).count(), 0);
        await services.refund(made, 1_000, 'succeeded');
        await page.reload();
        await view.shows('partlyRefunded');
        await services.op.faults({ refund_unanswered: 'not-made' });
        await services.refund(made, 350, 'pending');
        // The hosted page, and the shop's own with `<kassa-status>`.
        for (const address of [page.url(), `${services.shop}/thanks.html?order=${made.key}`]) {
          await page.goto(address);
          const element = page.locator('kassa-checkout, kassa-status');
          await element.waitFor({ state: 'attached' });
          await element.evaluate((one, lang) => one.setAttribute('lang', lang), language);
          await view.shows('partlyRefunded');
          await showsSums(page, language, sums);
        }
        await assertAccessible(page, `refunds, ${language}`);
        await visit({ javaScriptEnabled: false }, async (plain) => {
          await plain.goto(made.hosted);
          await new PlainCheckout(plain, language).shows('partlyRefunded');
          await showsSums(plain, language, sums);
        });
      }));
  }

  test('all of it', () =>
    visit({}, async (page) => {
      const { order: made, view } = await choose(page);
      await (await atBank(page)).act('pay');
      await view.shows('paid');
      await services.refund(made, undefined, 'succeeded');
      await page.reload();
      await view.shows('refunded');
      const row = page.locator('dl div').filter({ hasText: words.fi.refundedSum, visible: true });
      const paid = page.locator('dl div').filter({ hasText: 'Summa', visible: true });
      assert.equal(await row.locator('dd').innerText(), await paid.locator('dd').innerText());
    }));

  test('one on its way is followed until it has gone', () =>
    visit({}, async (page) => {
      const { order: made, view } = await choose(page);
      await (await atBank(page)).act('pay');
      await view.shows('paid');
      await services.op.faults({ refund_unanswered: 'not-made' });
      await services.refund(made, 350, 'pending');
      await page.reload();
      await view.shows('paid');
      await page.getByText(words.fi.refundingSum, { exact: true }).filter({ visible: true }).waitFor();
      await services.refund(made, 1_000, 'succeeded');
      await view.shows('partlyRefunded');
    }));
});

/** The receipt says how much went back, and how much is on its way. */
async function showsSums(page, language, [gone, going]) {
  for (const [name, sum] of [['refundedSum', gone], ['refundingSum', going]]) {
    const row = page.locator('dl div').filter({ has: page.getByText(words[language][name], { exact: true }), visible: true });
    assert.ok((await row.locator('dd').innerText()).includes(sum), `${name} ${sum}`);
  }
}

describe('the call that begins the payment', () => {
  for (const javaScriptEnabled of [true, false]) {
    test(`refused by OP: the customer is told, and pays when it works again${javaScriptEnabled ? '' : ', without script'}`, () =>
      visit({ javaScriptEnabled, expected: [REFUSED] }, async (page) => {
        const made = await order({});
        await page.goto(made.hosted);
        const view = new (javaScriptEnabled ? Checkout : PlainCheckout)(page);
        await view.shows('chooseBank');
        // Nothing else: where questions about earlier payments fail as well, at the same moment,
        // they may be five in a row, and then OP is left alone for 10 s.
        await services.op.faults({ refuse: 100, refuse_with: 503, refuse_path: '/payments' });
        await view.bank('OP').click();
        await page.getByRole('alert').filter({ hasText: words.fi.bankUnreachable }).waitFor();
        await services.op.faults({});
        await view.bank('OP').click();
        await (await atBank(page)).act('pay');
        if (javaScriptEnabled) await view.shows('paid');
        else await view.comesTo('paid');
        assert.deepEqual(await banksOf(made), ['OP']);
      }));
  }
});

test('nothing that OP wants kept came to a browser, in any of all this', async () => {
  const payments = await services.op.payments();
  assert.ok(payments.length > 30, `${payments.length} payments`);
  const kept = Object.values(services.fronts).flatMap((front) => front.sent);
  const sent = kept.join('') + elsewhere.join('\n');
  // What may come there is found, so that what must not would be.
  for (const seen of ['text/event-stream', 'data: {', '<!doctype html>', 'paymentOperationId=', '/op/bank/', '"can_pay"']) {
    assert.ok(sent.includes(seen), `${seen} was never sent`);
  }
  const ids = payments.map(({ paymentId }) => paymentId);
  const forms = (id) => [id, id.replaceAll('-', ''), Buffer.from(id).toString('base64').slice(0, -4), Buffer.from(id).toString('hex')];
  const leaked = [...CONFIDENTIAL, ...ids].filter((id) => forms(id).some((form) => sent.includes(form)));
  assert.deepEqual(leaked, []);
});

/** Waits until Kassa knows that an order is paid. */
async function paidInKassa(made) {
  for (let tries = 0; tries < 200; tries += 1) {
    const { status } = await (await fetch(`${made.hosted}/status`)).json();
    if (status === 'paid') return;
    await new Promise((done) => setTimeout(done, 25));
  }
  assert.fail('it is never paid');
}
