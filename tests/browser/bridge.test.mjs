// Old software that speaks VETUMA and knows nothing of Kassa, through the bridge to living
// providers: the calls of 2009 are paid at the banks of today, and answered as in 2009.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAccessible } from './support/axe.mjs';
import { Browser } from './support/browser.mjs';
import { latin1Pairs, LegacyShop, postForm, startLegacyShop } from './support/legacy.mjs';
import { BankPage, Checkout, PlainCheckout } from './support/pages.mjs';
import { startServices } from './support/services.mjs';
import { LANGUAGES, words } from './support/words.mjs';

/** What Chromium logs of an answer that the old shop refuses, and of a call that the bridge refuses. */
const REFUSED = /status of 400/;

const LETTERS = 'äöåÄÖÅ';

/**
 * The shops of the development configuration, by the provider that they are paid through: who the
 * old software is where it is not the test customer, and what is chosen first, and then instead.
 */
const SHOPS = {
  ecommpay: { first: 'chooseMethod', other: 'OP' },
  op: {
    // Invented, like everything of it.
    secret: 'TESTIASIAKAS21-5B7C2E9D40A1F36288E4C0D97A1B53F6E2849C0D1735AF68B2E7904DC6A1385F',
    ap: 'TESTIASIAKAS2',
    first: 'chooseBank',
    other: 'S-Pankki',
  },
};

let services;
let browser;
const legacy = {};
before(async () => {
  services = await startServices({ movable: true });
  const address = (name) => `${services.kassa}/vetuma/${name}`;
  for (const [provider, { secret, ap }] of Object.entries(SHOPS)) {
    legacy[provider] = await startLegacyShop({
      vetuma: address('payment'),
      query: address('paymentQuery'),
      env: services.clock.env,
      secret,
      ap,
    });
  }
  browser = await Browser.start([...services.origins, ...Object.values(legacy).map(({ origin }) => origin)]);
});
after(async () => {
  await browser?.close();
  await Promise.all(Object.values(legacy).map((shop) => shop.stop()));
  await services?.stop();
});

for (const provider of Object.keys(SHOPS)) {
  describe(`through the bridge to ${provider}`, { concurrency: 2 }, () => {
    // What is the same whoever is behind the bridge is tried with one of them.
    const whole = provider === 'ecommpay';
    for (const language of whole ? LANGUAGES : ['fi']) {
      test(`${language}: paid`, () => visit({ LG: language }, paid));
    }
    test('paid, without script', () => visit({}, paid, { javaScriptEnabled: false }));

    async function paid({ page, shop, number, bridge }) {
      await shop.pay();
      await bridge.begins();
      assert.equal(await page.locator('html').getAttribute('lang'), bridge.language);
      await bridge.act('pay');
      await bridge.goBack();
      await shop.returned(number);
      await shop.assertBooked(number, 1, ['SUCCESSFUL']);
    }

    for (const javaScriptEnabled of whole ? [true, false] : [true]) {
      const how = javaScriptEnabled ? '' : ', without script';
      for (const [what, end, screen, act] of [
        ['cancelled', 'CANCELLED'],
        ['cancelled at the bank', 'CANCELLED', 'cancelled', 'cancel'],
        ['refused', 'REJECTED', 'declined', 'refuse'],
      ]) {
        test(`${what}${how}`, () =>
          visit({}, async ({ shop, number, bridge }) => {
            await shop.pay();
            if (act) await bridge.act(act);
            await bridge.leave(screen);
            await shop.returned(number);
            await shop.assertBooked(number, 0, [end]);
          }, { javaScriptEnabled }));
      }
    }

    test(`${LETTERS} in every text comes through`, () =>
      visit({}, async ({ page, shop, number, bridge }) => {
        await shop.pay();
        await bridge.begins();
        await page.getByText('Ähtärin kesäleirit').first().waitFor();
        await bridge.act('pay');
        await bridge.goBack();
        await shop.returned(number);
        await page.getByText(`Åsan ja Öllin kesäleiri, ${LETTERS}`).waitFor();
        await shop.assertBooked(number, 1, ['SUCCESSFUL']);
        // TRID and PAYM_CALL_ID begin with such letters too.
        assert.equal(await shop.check(number), 'VETUMA: OK_VERIFIED');
      }));

    test('the way back is never taken: only CHECK knows of the payment', () =>
      visit({}, async ({ shop, number, bridge }) => {
        await shop.pay();
        await bridge.act('pay');
        await bridge.comesTo('paid');
        await shop.assertBooked(number, 0, []);
        assert.equal(await shop.check(number), 'VETUMA: OK_VERIFIED');
      }));

    test('the way back is taken twice: booked once', () =>
      visit({}, async ({ page, shop, number, bridge, answers }) => {
        await shop.pay();
        await bridge.act('pay');
        await bridge.goBack();
        await shop.returned(number);
        const [answer] = answers;
        await page.goto(`${services.kassa}/vetuma/return/${bridge.token}`);
        await shop.returned(number);
        await shop.assertBooked(number, 1, ['SUCCESSFUL', 'SUCCESSFUL']);
        assert.equal(answers.length, 2);
        assert.deepEqual(without(answers[1], 'TIMESTMP', 'MAC'), without(answer, 'TIMESTMP', 'MAC'));
      }));

    test('the back button leads to another bank: paid once', () =>
      visit({}, async ({ page, shop, number, bridge }) => {
        await shop.pay();
        await bridge.atBank();
        while (!page.url().startsWith(services.kassa)) await page.goBack();
        await bridge.comesBackToChoose();
        await bridge.act('pay', SHOPS[provider].other);
        await bridge.goBack();
        await shop.returned(number);
        await shop.assertBooked(number, 1, ['SUCCESSFUL']);
      }));

    test('a payment that was cancelled cannot be gone back into', () =>
      visit({}, async ({ page, shop, number, bridge }) => {
        await shop.pay();
        await bridge.leave();
        await shop.returned(number);
        await page.goto(`${services.kassa}/checkout/${bridge.token}`);
        await shop.returned(number);
        await shop.assertBooked(number, 0, ['CANCELLED', 'CANCELLED']);
      }));

    if (whole) {
      test('the same call once more is the same payment', () =>
        visit({}, async ({ page, shop, number, bridge }) => {
          const call = await page.locator('form').evaluate((form) => [...new FormData(form)]);
          await shop.pay();
          await bridge.begins();
          const { token } = bridge;
          await postForm(page, `${services.kassa}/vetuma/payment`, call);
          await bridge.begins();
          assert.equal(bridge.token, token);
          await bridge.act('pay');
          await bridge.goBack();
          await shop.returned(number);
          await shop.assertBooked(number, 1, ['SUCCESSFUL']);
        }));

      test('a call whose sum was changed is refused', () =>
        visit({}, async ({ page, shop, number }) => {
          await page.evaluate(() => (document.querySelector('[name=AM]').value = '0,01'));
          await shop.pay();
          await page.getByRole('heading', { name: 'Maksua ei voitu aloittaa' }).waitFor();
          await shop.assertBooked(number, 0, []);
        }, { expected: [REFUSED] }));
    }

    test('a genuine CANCELLED answer, posted where successes go, books nothing', () =>
      visit({}, async ({ page, shop, number, bridge, answers }) => {
        await shop.pay();
        await bridge.leave();
        await shop.returned(number);
        await postForm(page, value(answers[0], 'RETURL'), answers[0]);
        await shop.refused();
        await page.getByText('CANCELLED does not belong to RETURL').waitFor();
        await shop.assertBooked(number, 0, ['CANCELLED']);
      }, { expected: [REFUSED] }));

    test('a forged STATUS books nothing', () =>
      visit({}, async ({ page, shop, number, bridge, answers }) => {
        await shop.pay();
        await bridge.act('refuse');
        await bridge.leave('declined');
        await shop.returned(number);
        const forged = answers[0].map(([name, text]) => [name, name === 'STATUS' ? 'SUCCESSFUL' : text]);
        await postForm(page, value(answers[0], 'RETURL'), forged);
        await shop.refused();
        await page.getByText('MAC does not hold').waitFor();
        await shop.assertBooked(number, 0, ['REJECTED']);
      }, { expected: [REFUSED] }));

    test('a replayed answer books once', () =>
      visit({}, async ({ page, shop, number, bridge, answers }) => {
        await shop.pay();
        await bridge.act('pay');
        await bridge.goBack();
        await shop.returned(number);
        await postForm(page, value(answers[0], 'RETURL'), answers[0]);
        await shop.returned(number);
        await shop.assertBooked(number, 1, ['SUCCESSFUL', 'SUCCESSFUL']);
      }));

    /** Orders in the old shop; `act` has its page, which can post the call, and what comes after. */
    function visit(wishes, act, options = {}) {
      return browser.visit(options, async (page) => {
        const shop = new LegacyShop(page, legacy[provider].origin);
        const answers = [];
        page.on('request', (request) => {
          const isAnswer = request.url().startsWith(`${shop.origin}/vetuma/`);
          if (isAnswer) answers.push(latin1Pairs(request.postData()));
        });
        const number = await shop.order(wishes);
        const { javaScriptEnabled: script = true } = options;
        const bridge = new Bridge(page, { provider, language: wishes.LG, script });
        await act({ page, shop, number, bridge, answers });
      });
    }
  });
}

test('pages for old software are accessible', () =>
  browser.visit({ expected: [/net::ERR_FAILED/] }, async (page) => {
    const shop = new LegacyShop(page, legacy.ecommpay.origin);
    const bridge = new Bridge(page, { provider: 'ecommpay' });
    const number = await shop.order();
    await shop.pay();
    await bridge.begins();
    await assertAccessible(page, 'choosing');
    // So that the page with the answer waits.
    await page.route('**/onward.js', (route) => route.abort());
    await bridge.leave();
    await page.getByRole('button', { name: words.fi.toService }).waitFor();
    await assertAccessible(page, 'the answer');
    await page.getByRole('button', { name: words.fi.toService }).click();
    await shop.returned(number);
  }));

test('only what the call lists is offered', () =>
  browser.visit({}, async (page) => {
    const shop = new LegacyShop(page, legacy.ecommpay.origin);
    const view = new Checkout(page);
    await shop.order({ SOLIST: 'P' });
    await shop.pay();
    await view.shows('chooseBank');
    await view.bank('Nordea').waitFor();
    assert.equal(await view.bank('Kortti').count(), 0);
    await shop.order({ SOLIST: 'L' });
    await shop.pay();
    await view.shows('chooseMethod');
    await view.bank('Kortti').waitFor();
    assert.equal(await view.bank('Nordea').count(), 0);
  }));

// Alone: the clock is everybody's.
test('after ten minutes the old shops are told that nothing was paid', () =>
  browser.visit({}, async (page) => {
    const calls = [];
    for (const provider of Object.keys(SHOPS)) {
      const shop = new LegacyShop(page, legacy[provider].origin);
      const bridge = new Bridge(page, { provider });
      const number = await shop.order();
      await shop.pay();
      await bridge.begins();
      calls.push({ shop, bridge, number, token: bridge.token });
    }
    await services.putForward(601);
    for (const { shop, bridge, number, token } of calls) {
      await page.goto(`${services.kassa}/checkout/${token}`);
      await bridge.goBack('expired');
      await shop.returned(number);
      await shop.assertBooked(number, 0, ['FAILURE']);
    }
  }));

/** What the customer sees at Kassa and beyond it. */
class Bridge {
  constructor(page, { provider, language = 'fi', script = true }) {
    Object.assign(this, { page, provider, language });
    this.words = words[language];
    this.view = script ? new Checkout(page, language) : new PlainCheckout(page, language);
    this.bank = new BankPage(page, language);
  }

  /** The payment's token, while its page is shown. */
  get token() {
    const [, token] = /\/checkout\/([^/?]+)/.exec(this.page.url()) ?? [];
    this.seen = token ?? this.seen;
    return this.seen;
  }

  /** Waits for what there is to choose from. */
  async begins() {
    await this.view.shows(SHOPS[this.provider].first);
    assert.ok(this.token);
  }

  /** Goes to a bank. */
  async atBank(bank = 'Nordea') {
    await this.begins();
    await this.view.bank(bank).click();
    if (this.provider === 'ecommpay') {
      await this.page.waitForURL(`${services.simulator}/**`);
      await this.page.getByRole('button', { name: /^(Jatka|Fortsätt|Continue)/ }).click();
    }
    await this.bank.arrive();
  }

  /** Goes to a bank and does something there. */
  async act(act, bank) {
    await this.atBank(bank);
    await this.bank.act(act);
  }

  /** Waits for a screen, and without script asks for it. */
  async comesTo(key) {
    if (this.view instanceof PlainCheckout) return this.view.comesTo(key);
    await this.view.shows(key);
  }

  /** Goes back to the old software when it is over. */
  async goBack(screen = 'paid') {
    await this.comesTo(screen);
    await this.page.getByRole('link', { name: this.words.toShop }).click();
    await this.press();
  }

  /** Goes back to the old software without having paid. */
  async leave(screen) {
    await (screen ? this.comesTo(screen) : this.begins());
    await this.page.getByRole('button', { name: this.words.leave }).click();
    await this.press();
  }

  /** The page with the answer goes on by itself, where scripts run. */
  async press() {
    if (this.view instanceof PlainCheckout) {
      await this.page.getByRole('button', { name: this.words.toService }).click();
    }
  }

  /** After the back button the page says that a payment is under way; another bank can be chosen. */
  async comesBackToChoose() {
    const other = this.view.button('otherBank');
    await this.view.title(SHOPS[this.provider].first).or(other).first().waitFor();
    if (await other.isVisible()) await other.click();
  }
}

function value(pairs, wanted) {
  return pairs.find(([name]) => name === wanted)?.[1];
}

function without(pairs, ...names) {
  return pairs.filter(([name]) => !names.includes(name));
}
