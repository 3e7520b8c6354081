// Every state of the elements, in every language and colour scheme: readable by everybody.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAccessible } from './support/axe.mjs';
import { Checkout } from './support/pages.mjs';
import { startPreview, styled } from './support/preview.mjs';
import { LANGUAGES } from './support/words.mjs';

/** What the preview is asked for, the heading that it must show, and what is done to get there. */
const STATES = [
  { name: 'option 1, methods', query: 'option=1', heading: 'chooseMethod' },
  { name: 'option 1, banks', query: 'option=1', first: 'chooseMethod', act: (view) => view.button('onlineBank').click(), heading: 'chooseBank' },
  { name: 'option 2', query: 'option=2', heading: 'chooseMethod' },
  { name: 'option 3', query: 'option=3', heading: 'chooseMethod' },
  { name: 'option 4', query: 'option=4', heading: 'chooseBank' },
  { name: 'option 5', query: 'option=5', heading: 'chooseBank' },
  { name: 'option 6', query: 'option=6', heading: 'toNordea' },
  { name: 'choice at the provider', query: 'at=provider', heading: 'chooseBank' },
  { name: 'nothing found', query: 'option=4', first: 'chooseBank', act: (view) => view.search().fill('qqq'), heading: 'chooseBank' },
  { name: 'on the way to the bank', query: 'option=6&pay=slow', first: 'toNordea', act: (view) => view.button('toNordea').click(), heading: 'leaving' },
  { name: 'waiting to be told where to go', query: 'option=6&pay=await', first: 'toNordea', act: (view) => view.button('toNordea').click(), heading: 'leaving' },
  { name: 'bank out of reach', query: 'option=4&pay=fail', first: 'chooseBank', act: (view) => view.bank('Nordea').click(), heading: 'chooseBank' },
  ...[
    ['created', 'created'],
    ['redirected', 'pending'],
    ['pending', 'pending'],
    ['awaiting_confirmation', 'awaiting'],
    ['paid', 'paid'],
    ['declined', 'declined'],
    ['cancelled', 'cancelled'],
    ['expired', 'expired'],
    ['failed', 'failed'],
    ['partially_refunded', 'partlyRefunded'],
    ['refunded', 'refunded'],
    ['reversed', 'reversed'],
  ].map(([state, heading]) => ({ name: state, query: `element=status&state=${state}`, heading })),
  { name: 'offline', query: 'net=offline', heading: 'offline' },
  { name: 'unknown payment', query: 'net=gone', heading: 'unknown' },
];

/** The rules that a theme can break; the theme that promises more must keep more. */
const RULES = ['color-contrast', 'target-size', 'link-in-text-block'];
const LOOKS = { plain: RULES, soft: RULES, contrast: [...RULES, 'color-contrast-enhanced'] };

describe('every state', { concurrency: 2 }, () => {
  let preview;
  before(async () => (preview = await startPreview()));
  after(() => preview.stop());

  for (const state of STATES) {
    test(`${state.name}: axe finds nothing in three languages and two schemes`, () =>
      preview.browser.visit({}, async (page) => {
        await page.goto(preview.at(`${state.query}&lang=fi`));
        await arrive(page, state);
        for (const language of LANGUAGES) {
          await speak(page, language, state.heading);
          for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme });
            await assertAccessible(page, `${state.name}, ${language}, ${colorScheme}`);
          }
        }
      }));
  }

  for (const look of ['plain', 'soft', 'contrast']) {
    test(`theme ${look}: axe finds nothing in any state, in three languages and two schemes`, () =>
      preview.browser.visit({}, async (page) => {
        for (const state of STATES) {
          await page.goto(preview.at(`${state.query}&lang=fi&look=${look}`));
          await arrive(page, state);
          for (const language of LANGUAGES) {
            await speak(page, language, state.heading);
            // A theme does not know languages: dark is looked at in one of them.
            for (const colorScheme of language === 'fi' ? ['dark', 'light'] : ['light']) {
              await page.emulateMedia({ colorScheme });
              await assertAccessible(page, `${look}, ${state.name}, ${language}, ${colorScheme}`, LOOKS[look]);
            }
          }
        }
      }));
  }

  test('the shop\'s own header, footer and word about an error stand in their places', () =>
    preview.browser.visit({}, async (page) => {
      const said = () => page.getByText('The shop’s').filter({ visible: true }).allTextContents();
      await page.goto(preview.at('option=4&pay=fail&slots=on'));
      const view = new Checkout(page);
      await view.shows('chooseBank');
      assert.deepEqual(await said(), ['The shop’s header', 'The shop’s footer']);
      await view.bank('Nordea').click();
      await page.getByRole('alert').waitFor();
      assert.deepEqual(await said(), ['The shop’s header', 'The shop’s footer', 'The shop’s error']);
      await assertAccessible(page, 'with the shop\'s own words');
      for (const [query, heading] of [['state=paid', 'paid'], ['net=offline', 'offline']]) {
        await page.goto(preview.at(`${query}&slots=on`));
        await view.shows(heading);
        const error = heading === 'offline' ? ['The shop’s error'] : [];
        assert.deepEqual(await said(), ['The shop’s header', 'The shop’s footer', ...error]);
      }
    }));

  test('loading: nothing but a place is shown, and axe finds nothing in it', () =>
    preview.browser.visit({}, async (page) => {
      await page.goto(preview.at('net=slow'));
      await styled(page);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await assertAccessible(page, `loading, ${colorScheme}`);
      }
      assert.equal(await page.getByRole('button').count(), 0);
    }));

  for (const { name, query, heading } of STATES.filter(({ name }) => ['option 4', 'awaiting_confirmation', 'paid'].includes(name))) {
    test(`${name}: axe finds nothing in forced colours`, () =>
      preview.browser.visit({ forcedColors: 'active' }, async (page) => {
        await page.goto(preview.at(query));
        await new Checkout(page).shows(heading);
        await assertAccessible(page, `${name}, forced colours`);
      }));
  }

  for (const width of [320, 360, 768, 1280]) {
    test(`nothing sticks out and every target is large enough at ${width} px`, () =>
      preview.browser.visit({ viewport: { width, height: 800 } }, async (page) => {
        for (const [query, heading] of [['option=3', 'chooseMethod'], ['option=6', 'toNordea'], ['state=awaiting_confirmation', 'awaiting'], ['state=paid', 'paid']]) {
          await page.goto(preview.at(query));
          await new Checkout(page).shows(heading);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${query}: ${wide} px too wide`);
          for (const target of await page.getByRole('button').or(page.getByRole('link')).all()) {
            const { height } = await target.boundingBox();
            assert.ok(height >= 48, `${query}: ${await target.textContent()} is ${height} px high`);
          }
        }
      }));
  }
});

async function arrive(page, { first, act, heading }) {
  const view = new Checkout(page, 'fi');
  if (act) {
    await view.shows(first);
    await act(view);
  }
  await view.shows(heading);
}

/** Switches the element's language, as a page's language switch does. */
async function speak(page, language, heading) {
  await page.evaluate((lang) => {
    document.documentElement.lang = lang;
    document.querySelector('kassa-checkout, kassa-status').lang = lang;
  }, language);
  await new Checkout(page, language).shows(heading);
}
