// The elements by keyboard alone: everything can be reached, seen and done.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertFocus, focused, waitForFocusOn } from './support/focus.mjs';
import { Checkout } from './support/pages.mjs';
import { events, requests, requestsOf, startPreview } from './support/preview.mjs';

const BANKS = ['Nordea', 'OP', 'Danske Bank', 'S-Pankki', 'Säästöpankki', 'Aktia', 'Oma Säästöpankki', 'POP Pankki', 'Ålandsbanken'];

describe('keyboard', { concurrency: 2 }, () => {
  let preview;
  before(async () => (preview = await startPreview()));
  after(() => preview.stop());

  /** Runs `act` in the preview, once the heading is there. */
  const visit = (query, heading, act) =>
    preview.browser.visit({}, async (page) => {
      await page.goto(preview.at(query));
      const view = new Checkout(page);
      await view.shows(heading);
      await act({ page, view, press: pressing(page) });
    });

  test('Tab goes through the search and every bank, and each shows where it is', () =>
    visit('option=4', 'chooseBank', async ({ page, press }) => {
      await press('Tab');
      await assertFocus(page, 'input', 'Hae pankkia');
      for (const bank of BANKS) {
        await press('Tab');
        await assertFocus(page, 'button', bank);
      }
      await press('Shift+Tab');
      await assertFocus(page, 'button', 'POP Pankki');
    }));

  test('arrows, Home and End move in the list, and out of it to the search', () =>
    visit('option=4', 'chooseBank', async ({ page, press }) => {
      await press('Tab', 'ArrowDown');
      await assertFocus(page, 'button', 'Nordea');
      await press('ArrowDown', 'ArrowDown', 'ArrowUp');
      await assertFocus(page, 'button', 'OP');
      await press('End');
      await assertFocus(page, 'button', 'Ålandsbanken');
      await press('ArrowDown');
      await assertFocus(page, 'button', 'Ålandsbanken');
      await press('Home');
      await assertFocus(page, 'button', 'Nordea');
      await press('ArrowUp');
      await assertFocus(page, 'input', 'Hae pankkia');
    }));

  test('a letter goes to the next bank that begins with it, without its diacritics too', () =>
    visit('option=4', 'chooseBank', async ({ page, press }) => {
      await press('Tab', 'ArrowDown', 'd');
      await assertFocus(page, 'button', 'Danske Bank');
      await press('o');
      await assertFocus(page, 'button', 'Oma Säästöpankki');
      await press('o');
      await assertFocus(page, 'button', 'OP');
      await press('s', 's');
      await assertFocus(page, 'button', 'Säästöpankki');
      await press('a', 'a');
      await assertFocus(page, 'button', 'Ålandsbanken');
      await press('x');
      await assertFocus(page, 'button', 'Ålandsbanken');
    }));

  for (const [typed, found, said] of [
    ['saasto', ['Säästöpankki', 'Oma Säästöpankki'], '2 pankkia'],
    ['SÄÄSTÖ', ['Säästöpankki', 'Oma Säästöpankki'], '2 pankkia'],
    ['osuuspankki', ['OP'], '1 pankki'],
    ['aland', ['Ålandsbanken'], '1 pankki'],
    ['zzz', [], 'Hakua vastaavaa pankkia ei löytynyt.'],
  ]) {
    test(`searching ${typed} leaves ${found.join(', ') || 'nothing'}, and says so`, () =>
      visit('option=4', 'chooseBank', async ({ page, press }) => {
        await press('Tab');
        await page.keyboard.type(typed);
        await page.getByRole('status').filter({ hasText: said }).waitFor();
        const shown = await page.getByRole('listitem').getByRole('button').allTextContents();
        assert.deepEqual(shown.map((text) => text.replace(/^(.{2}|S)(?=\p{Lu})/u, '')), found);
        await assertFocus(page, 'input', 'Hae pankkia');
      }));
  }

  test('Enter in the search takes the only bank that is left', () =>
    visit('option=4&pay=slow', 'chooseBank', async ({ page, view, press }) => {
      await press('Tab');
      await page.keyboard.type('osuus');
      await page.getByRole('status').filter({ hasText: '1 pankki' }).waitFor();
      await press('Enter');
      await waitForFocusOn(page, 'Siirrytään OP:hen');
      assert.equal(await view.bank('Nordea').count(), 0);
      const [, pay] = await requestsOf(page, 2);
      assert.deepEqual(JSON.parse(pay.body), { bank: 'op', language: 'fi' });
    }));

  test('Enter in the search offers the first of several', () =>
    visit('option=4', 'chooseBank', async ({ page, press }) => {
      await press('Tab');
      await page.keyboard.type('saasto');
      await page.getByRole('status').filter({ hasText: '2 pankkia' }).waitFor();
      await press('Enter');
      await assertFocus(page, 'button', 'Säästöpankki');
      assert.deepEqual(await events(page), ['kassa-ready']);
    }));

  test('Escape clears the search, from the field and from the list', () =>
    visit('option=4', 'chooseBank', async ({ page, view, press }) => {
      await press('Tab');
      await page.keyboard.type('aktia');
      await press('Escape');
      assert.equal(await view.search().inputValue(), '');
      assert.equal(await page.getByRole('listitem').count(), BANKS.length);
      await page.keyboard.type('danske');
      await press('ArrowDown', 'Escape');
      await assertFocus(page, 'input', 'Hae pankkia');
      assert.equal(await view.search().inputValue(), '');
      assert.equal(await page.getByRole('listitem').count(), BANKS.length);
    }));

  test('a bank that is under maintenance is heard with its reason, and is not chosen', () =>
    visit('option=4', 'chooseBank', async ({ page, press }) => {
      await press('Tab', 'ArrowDown', 'a');
      await assertFocus(page, 'button', 'Aktia');
      const aktia = page.getByRole('button', { name: 'Aktia Huoltokatko klo 14.00 asti', disabled: true });
      await aktia.waitFor();
      await press('Enter', 'Space');
      assert.deepEqual(await events(page), ['kassa-ready']);
      assert.equal((await requests(page)).length, 1);
    }));

  for (const key of ['Enter', 'Space']) {
    test(`${key} chooses the bank, once, and the heading takes the focus`, () =>
      visit('option=4&pay=slow', 'chooseBank', async ({ page, view, press }) => {
        await press('Tab', 'ArrowDown', key, key);
        await waitForFocusOn(page, view.words.leaving);
        assert.deepEqual(await events(page), ['kassa-ready', 'kassa-bank']);
        assert.deepEqual((await requestsOf(page, 2)).map(({ path }) => path), [
          '/checkout/preview/session',
          '/checkout/preview/pay',
        ]);
      }));
  }

  test('the two steps of option 1, there and back', () =>
    visit('option=1', 'chooseMethod', async ({ page, view, press }) => {
      await press('Tab');
      await assertFocus(page, 'button', 'Verkkopankki');
      await press('ArrowDown');
      await assertFocus(page, 'button', 'Kortti');
      await press('ArrowUp', 'Enter');
      await waitForFocusOn(page, view.words.chooseBank);
      await press('Tab');
      await assertFocus(page, 'input', 'Hae pankkia');
      await view.button('back').focus();
      await press('Enter');
      await waitForFocusOn(page, view.words.chooseMethod);
    }));

  test('a failed choice says so and keeps the focus in the element', () =>
    visit('option=4&pay=fail', 'chooseBank', async ({ page, view, press }) => {
      await press('Tab', 'ArrowDown', 'Enter');
      await page.getByRole('alert').filter({ hasText: 'Pankkiin ei saatu yhteyttä' }).waitFor();
      await waitForFocusOn(page, view.words.chooseBank);
      await press('Tab');
      await assertFocus(page, 'input', 'Hae pankkia');
    }));

  test('a status that comes by itself takes along a focus that was inside', () =>
    visit('state=pending', 'pending', async ({ page, view, press }) => {
      await press('Tab');
      assert.notEqual((await focused(page)).tag, 'body');
      await page.evaluate(() => globalThis.preview.report('awaiting_confirmation'));
      await waitForFocusOn(page, view.words.awaiting);
      await page.evaluate(() => globalThis.preview.report('paid'));
      await waitForFocusOn(page, view.words.paid);
      await page.getByRole('status').filter({ hasText: 'Maksettu' }).waitFor();
    }));

  test('a status that comes by itself leaves a focus that was elsewhere', () =>
    visit('state=pending', 'pending', async ({ page, view }) => {
      await page.evaluate(() => globalThis.preview.report('paid'));
      await view.shows('paid');
      assert.equal((await focused(page)).tag, 'body');
    }));

  test('a refused payment is tried again from the keyboard', () =>
    visit('state=declined&pay=slow', 'declined', async ({ page, view, press }) => {
      await press('Tab');
      await assertFocus(page, 'button', 'Yritä uudelleen');
      await press('Enter');
      await waitForFocusOn(page, view.words.leaving);
    }));

  test('after a refusal another bank is chosen from the keyboard', () =>
    visit('state=declined', 'declined', async ({ page, view, press }) => {
      await press('Tab', 'Tab');
      await assertFocus(page, 'button', 'Valitse toinen pankki');
      await press('Enter');
      await waitForFocusOn(page, view.words.chooseBank);
    }));
});

/** Presses keys one after the other. */
function pressing(page) {
  return async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
}
