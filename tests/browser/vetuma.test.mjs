// Old software that speaks VETUMA and knows nothing of Kassa, against the simulated VETUMA: what it
// books, and what it does not.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAccessible } from './support/axe.mjs';
import { Browser } from './support/browser.mjs';
import { latin1Pairs, LegacyShop, postForm, startLegacyShop } from './support/legacy.mjs';
import { BankPage } from './support/pages.mjs';
import { startSimulator } from './support/services.mjs';
import { LANGUAGES, words } from './support/words.mjs';

/** What Chromium logs of an answer that the shop refuses, of a faulty call, of a session that is over. */
const REFUSED = /status of 400/;
const OVER = /status of 409/;

const LETTERS = 'äöåÄÖÅ';

let simulator;
let legacy;
let browser;
before(async () => {
  simulator = await startSimulator();
  const vetuma = `${simulator.origin}/VETUMAPayment/`;
  legacy = await startLegacyShop({ vetuma, query: `${vetuma}Query` });
  browser = await Browser.start([simulator.origin, legacy.origin]);
});
after(async () => {
  await browser?.close();
  await legacy?.stop();
  await simulator?.stop();
});

/** VETUMA's pages, as the simulator shows them. */
class Vetuma {
  constructor(page, language = 'fi') {
    this.page = page;
    this.words = words[language];
    this.bank = new BankPage(page, language);
  }

  async choose(name) {
    await this.page.getByRole('heading', { name: this.words.vetumaChoose }).waitFor();
    await this.page.getByRole('button', { name }).click();
  }

  /** Chooses Nordea, and does something there. */
  async act(act) {
    await this.choose('Nordea');
    await this.bank.act(act);
  }

  /** Goes back to the old software, where VETUMA waits for that. */
  async goBack() {
    await this.page.getByRole('heading', { name: this.words.vetumaPaid }).waitFor();
    await this.page.getByRole('button', { name: this.words.vetumaBack }).click();
  }
}

/** Orders in the old shop and posts the call; `act` has the page where it came to. */
function visit(wishes, act, options = {}) {
  return browser.visit(options, async (page) => {
    const shop = new LegacyShop(page, legacy.origin);
    const number = await shop.order(wishes);
    await act({ page, shop, number, vetuma: new Vetuma(page, wishes.LG) });
  });
}

/** The session at VETUMA for an order. */
async function session(number) {
  const { sessions } = await simulator.control('/control/vetuma/sessions');
  return sessions.find((one) => one.order_number === number);
}

describe('every end', { concurrency: 2 }, () => {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? '' : ', without script';
    for (const language of javaScriptEnabled ? LANGUAGES : ['fi']) {
      test(`${language}: paid${how}`, () =>
        visit({ LG: language }, async ({ page, shop, number, vetuma }) => {
          await shop.pay();
          assert.equal(await page.locator('html').getAttribute('lang'), language);
          await page.getByText(/31.*2017/).waitFor();
          await vetuma.act('pay');
          await vetuma.goBack();
          await shop.returned(number);
          await shop.assertBooked(number, 1, ['SUCCESSFUL']);
        }, { javaScriptEnabled }));
    }

    for (const [what, end, act] of [
      ['cancelled', 'CANCELLED', (vetuma) => vetuma.choose(words.fi.cancel)],
      ['cancelled at the bank', 'CANCELLED', (vetuma) => vetuma.act('cancel')],
      ['refused', 'REJECTED', (vetuma) => vetuma.act('refuse')],
    ]) {
      test(`${what}${how}`, () =>
        visit({}, async ({ page, shop, number, vetuma }) => {
          await shop.pay();
          await act(vetuma);
          // Goes on by itself, where scripts run.
          if (!javaScriptEnabled) await page.getByRole('button', { name: words.fi.vetumaBack }).click();
          await shop.returned(number);
          await shop.assertBooked(number, 0, [end]);
        }, { javaScriptEnabled }));
    }
  }

  for (const [end, name] of [['FAILURE', /FAILURE/], ['ERROR', /ERROR/]]) {
    test(end, () =>
      visit({}, async ({ page, shop, number, vetuma }) => {
        await shop.pay();
        await vetuma.choose('Nordea');
        await vetuma.bank.arrive();
        await page.getByText('Jokin muu menee vikaan').click();
        await page.getByRole('button', { name }).click();
        await shop.returned(number);
        await shop.assertBooked(number, 0, [end]);
      }));
  }

  test('a card', () =>
    visit({}, async ({ shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.choose(/^Maksukortti/);
      await vetuma.bank.act('pay');
      await vetuma.goBack();
      await shop.returned(number);
      await shop.assertBooked(number, 1, ['SUCCESSFUL']);
    }));

  test('only what the call lists is offered', () =>
    visit({ SOLIST: 'P2,P5' }, async ({ page, shop }) => {
      await shop.pay();
      await page.getByRole('heading', { name: words.fi.vetumaChoose }).waitFor();
      const offered = await page.getByRole('listitem').getByRole('button').locator('span').allTextContents();
      assert.deepEqual(offered, ['Nordea', 'OP']);
    }));
});

test(`${LETTERS} in every text comes through`, () =>
  visit({}, async ({ page, shop, number, vetuma }) => {
    await shop.pay();
    await page.getByText('Ähtärin kesäleirit').waitFor();
    await page.getByText(`Åsan ja Öllin kesäleiri, ${LETTERS}`).waitFor();
    assert.equal(await page.evaluate('document.characterSet'), 'windows-1252');
    await vetuma.choose('Ålandsbanken');
    await vetuma.bank.arrive();
    await page.getByText(`Kiitos, ${LETTERS}`).waitFor();
    await vetuma.bank.act('pay');
    await vetuma.goBack();
    await shop.returned(number);
    await page.getByText(`Åsan ja Öllin kesäleiri, ${LETTERS}`).waitFor();
    const { fields } = await session(number);
    for (const name of ['MSGFORM', 'MSGBUYER', 'MSGSELLER']) {
      assert.ok(fields[name].endsWith(LETTERS), `${name} is ${fields[name]}`);
    }
    assert.deepEqual([fields.APPID, fields.TRID.slice(0, 3)], ['kesäleirit', 'ÄÖÅ']);
    await shop.assertBooked(number, 1, ['SUCCESSFUL']);
    assert.equal(await shop.check(number), 'VETUMA: OK_VERIFIED');
  }));

test('every page is accessible', () =>
  visit({}, async ({ page, shop, vetuma }) => {
    await shop.pay();
    await page.getByRole('heading', { name: words.fi.vetumaChoose }).waitFor();
    await assertAccessible(page, 'choosing');
    await vetuma.choose('Nordea');
    await vetuma.bank.arrive();
    await assertAccessible(page, 'at the bank');
    await vetuma.bank.act('pay');
    await page.getByRole('heading', { name: words.fi.vetumaPaid }).waitFor();
    await assertAccessible(page, 'the way back');
    await page.goto(`${simulator.origin}/vetuma?lang=fi`);
    await assertAccessible(page, 'the overview');
    await page.getByRole('link', { name: 'Vanha sovellus' }).click();
    await assertAccessible(page, 'the page that plays old software');
    await page.getByRole('button', { name: 'Tee kutsu' }).click();
    await assertAccessible(page, 'its call');
  }));

describe('the way back', { concurrency: 2 }, () => {
  test('is never taken: only CHECK knows of the payment', () =>
    visit({}, async ({ page, shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.act('pay');
      await page.getByRole('heading', { name: words.fi.vetumaPaid }).waitFor();
      await shop.assertBooked(number, 0, []);
      assert.equal(await shop.check(number), 'VETUMA: OK_VERIFIED');
    }));

  test('is taken twice: booked once', () =>
    visit({}, async ({ page, shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.act('pay');
      await vetuma.goBack();
      await shop.returned(number);
      await page.goBack();
      await vetuma.goBack();
      await shop.returned(number);
      await page.reload();
      await shop.assertBooked(number, 1, ['SUCCESSFUL', 'SUCCESSFUL']);
    }));

  test('goes over the back button to another bank: paid once', () =>
    visit({}, async ({ page, shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.choose('Nordea');
      await vetuma.bank.arrive();
      await page.goBack();
      await vetuma.choose(/^OP/);
      await vetuma.bank.act('pay');
      await vetuma.goBack();
      await shop.returned(number);
      const { method, answer } = await session(number);
      assert.deepEqual([method, answer.fields.SO], ['P5', 'P5']);
      await shop.assertBooked(number, 1, ['SUCCESSFUL']);
    }));

  test('does not lead back into a payment that was cancelled', () =>
    visit({}, async ({ page, shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.act('cancel');
      await shop.returned(number);
      const { page: vetumaPage } = await session(number);
      await page.goto(`${simulator.origin}${vetumaPage}/bank`);
      await shop.returned(number);
      await shop.assertBooked(number, 0, ['CANCELLED', 'CANCELLED']);
    }));
});

describe('a customer who cheats', { concurrency: 2 }, () => {
  test('with the sum of the call is refused by VETUMA', () =>
    visit({}, async ({ page, shop, number }) => {
      await page.evaluate(() => (document.querySelector('[name=AM]').value = '0,01'));
      await shop.pay();
      await page.getByText('a value was changed').waitFor();
      assert.equal(await session(number), undefined);
      await shop.assertBooked(number, 0, []);
    }, { expected: [REFUSED] }));

  test('with a genuine CANCELLED answer, posted where successes go, books nothing', () =>
    visit({}, async ({ page, shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.act('cancel');
      await shop.returned(number);
      const { answer, fields } = await session(number);
      await postForm(page, fields.RETURL, latin1Pairs(answer.body));
      await shop.refused();
      await page.getByText('CANCELLED does not belong to RETURL').waitFor();
      await shop.assertBooked(number, 0, ['CANCELLED']);
    }, { expected: [REFUSED] }));

  test('with a forged STATUS books nothing', () =>
    visit({}, async ({ page, shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.act('refuse');
      await shop.returned(number);
      const { answer, fields } = await session(number);
      const forged = answer.body.replace('REJECTED', 'SUCCESSFUL');
      await postForm(page, fields.RETURL, latin1Pairs(forged));
      await shop.refused();
      await page.getByText('MAC does not hold').waitFor();
      await shop.assertBooked(number, 0, ['REJECTED']);
    }, { expected: [REFUSED] }));

  test('with the answer once more books once, and a cancellation behind it undoes nothing', () =>
    visit({}, async ({ page, shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.act('pay');
      await vetuma.goBack();
      await shop.returned(number);
      const { answer, fields, id } = await session(number);
      await postForm(page, answer.address, latin1Pairs(answer.body));
      await shop.returned(number);
      // Rightly signed, and where cancellations go.
      const path = `/control/vetuma/sessions/${id}/attack`;
      const { body } = await simulator.control(path, { kind: 'cancelled-to-return', send: false });
      await postForm(page, fields.CANURL, latin1Pairs(body));
      await shop.returned(number);
      const { state } = await shop.booked(number);
      assert.equal(state, 'maksettu');
      await shop.assertBooked(number, 1, ['SUCCESSFUL', 'SUCCESSFUL', 'CANCELLED']);
    }));

  test('with the answer about a cheaper order, made to name the dear one, books neither', () =>
    browser.visit({ expected: [REFUSED] }, async (page) => {
      const shop = new LegacyShop(page, legacy.origin);
      const dear = await shop.order({ AM: '900,00' });
      await shop.pay();
      const cheap = await shop.order({ AM: '0,01' });
      await shop.pay();
      const vetuma = new Vetuma(page);
      await vetuma.act('pay');
      const { answer } = await session(cheap);
      const { fields: wanted } = await session(dear);
      const named = latin1Pairs(answer.body).map(([name, value]) => [
        name,
        ['REF', 'ORDNR', 'TRID'].includes(name) ? wanted[name] : value,
      ]);
      await postForm(page, answer.address, named);
      await shop.refused();
      await shop.assertBooked(dear, 0, []);
      await shop.assertBooked(cheap, 0, []);
    }));

  test('in any of the ways that the simulator knows books nothing more', () =>
    visit({}, async ({ shop, number, vetuma }) => {
      await shop.pay();
      await vetuma.act('refuse');
      await shop.returned(number);
      const { id } = await session(number);
      const { attacks } = await simulator.control('/control/vetuma/attacks');
      for (const { kind } of attacks) {
        // It takes a success.
        if (kind === 'success-to-cancel') continue;
        const { sent } = await simulator.control(`/control/vetuma/sessions/${id}/attack`, { kind });
        // The genuine refusal, once more where it belongs, is no attack on a shop that booked nothing.
        const expected = kind === 'replay' ? 303 : 400;
        assert.deepEqual([kind, sent.http_status], [kind, expected]);
      }
      await shop.assertBooked(number, 0, ['REJECTED', 'REJECTED']);
    }));
});

// Alone: the simulator's clock is everybody's.
test('after ten minutes nothing is told, and CHECK knows what the bank took', () =>
  visit({}, async ({ page, shop, number, vetuma }) => {
    await shop.pay();
    await vetuma.choose('Nordea');
    await vetuma.bank.arrive();
    await simulator.control('/control/clock', { skip_seconds: 600 });
    await vetuma.bank.act('pay');
    await page.getByRole('heading', { name: 'Istunto on vanhentunut' }).waitFor();
    assert.equal(await page.getByRole('button').count(), 0);
    await shop.assertBooked(number, 0, []);
    assert.equal(await shop.check(number), 'VETUMA: OK_VERIFIED');
  }, { expected: [OVER] }));
