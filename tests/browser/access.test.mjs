// What the browser tells assistive technology, and what becomes of the element under a customer's
// own settings: larger text, other spacing, other colours, no motion.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Checkout } from './support/pages.mjs';
import { startPreview, styled } from './support/preview.mjs';
import { LANGUAGES, words } from './support/words.mjs';

/** Roles that a customer of a screen reader meets; all others are mere boxes. */
const MET = ['heading', 'button', 'link', 'searchbox', 'alert', 'list'];
const STATEMENT = new URL('../../www/widget/ACCESSIBILITY.md', import.meta.url);

/** The names of the fixtures' banks as they are said, with what stands below them. */
const BANKS = {
  fi: ['Nordea', 'OP', 'Danske Bank', 'S-Pankki', 'Säästöpankki', 'Aktia Huoltokatko klo 14.00 asti', 'Oma Säästöpankki', 'POP Pankki', 'Ålandsbanken'],
  sv: ['Nordea', 'OP', 'Danske Bank', 'S-Banken', 'Sparbanken', 'Aktia Serviceavbrott till kl. 14.00', 'Oma Sparbank', 'POP Banken', 'Ålandsbanken'],
  en: ['Nordea', 'OP', 'Danske Bank', 'S-Bank', 'Savings Bank', 'Aktia Maintenance until 14:00', 'Oma Savings Bank', 'POP Bank', 'Bank of Åland'],
};
const FOUND = { fi: '2 pankkia', sv: '2 banker', en: '2 banks' };
const LOADING = { fi: 'Ladataan maksua', sv: 'Betalningen laddas', en: 'Loading the payment' };

let preview;
before(async () => (preview = await startPreview()));
after(() => preview?.stop());

/** The accessibility tree as the browser computes it: `role name` of what is met, in order. */
async function tree(page) {
  const tools = await page.context().newCDPSession(page);
  const { nodes } = await tools.send('Accessibility.getFullAXTree');
  await tools.detach();
  return nodes
    .filter(({ ignored, role }) => !ignored && MET.includes(role.value))
    .map(({ role, name, properties }) => {
      const off = properties?.some((property) => property.name === 'disabled' && property.value.value);
      return `${role.value} ${name?.value.replace(/\s+/g, ' ').trim()}${off ? ' (disabled)' : ''}`.trim();
    });
}

/** Waits until the live region of the element says this. */
const says = (page, text) => page.getByRole('status').filter({ hasText: text }).waitFor();

describe('the accessibility tree', { concurrency: 2 }, () => {
  for (const language of LANGUAGES) {
    const said = words[language];

    test(`${language}: the list says its heading, its search and every bank with its state`, () =>
      preview.browser.visit({ locale: language }, async (page) => {
        await page.goto(preview.at(`option=4&lang=${language}`));
        await new Checkout(page, language).shows('chooseBank');
        const banks = BANKS[language].map((name) => (name.startsWith('Aktia') ? `button ${name} (disabled)` : `button ${name}`));
        assert.deepEqual(await tree(page), ['heading Kassa', `heading ${said.chooseBank}`, `searchbox ${said.search}`, 'list', ...banks]);
      }));

    test(`${language}: what changes by itself is said: the count, a fault, a status`, () =>
      preview.browser.visit({ locale: language }, async (page) => {
        const view = new Checkout(page, language);
        await page.goto(preview.at(`option=4&pay=fail&lang=${language}`));
        await view.shows('chooseBank');
        await view.search().fill(language === 'en' ? 'savings' : language === 'sv' ? 'sparbank' : 'saasto');
        await says(page, FOUND[language]);
        await view.bank('Oma').click();
        await page.getByRole('alert').filter({ hasText: said.bankUnreachable }).waitFor();
        assert.ok((await tree(page)).includes('alert'), 'the fault is no alert');
        await page.goto(preview.at(`state=pending&lang=${language}`));
        await view.shows('pending');
        await page.evaluate(() => globalThis.preview.report('paid'));
        await says(page, said.paid);
        assert.equal(await page.getByRole('status').getAttribute('lang'), language);
      }));

    test(`${language}: while it loads that is said, and no longer afterwards`, () =>
      preview.browser.visit({ locale: language }, async (page) => {
        let release;
        const held = new Promise((resolve) => (release = resolve));
        await page.route('**/*.wasm', async (route) => {
          await held;
          await route.continue();
        });
        await page.goto(preview.at(`option=4&lang=${language}`), { waitUntil: 'commit' });
        await says(page, LOADING[language]);
        assert.equal(await page.getByRole('status').getAttribute('lang'), language);
        release();
        await new Checkout(page, language).shows('chooseBank');
        assert.equal(await page.getByRole('status').textContent(), '');
      }));
  }
});

/** What must remain whole: each with its heading. */
const SCREENS = [
  ['option=3', 'chooseMethod'],
  ['option=6', 'toNordea'],
  ['option=4&pay=fail', 'chooseBank'],
  ['state=awaiting_confirmation', 'awaiting'],
  ['state=paid', 'paid'],
  ['state=declined', 'declined'],
];

/** Opens each of them, and asserts that no text is cut off or sticks out. */
async function assertWhole(page, where, prepare = async () => {}) {
  for (const [query, heading] of SCREENS) {
    for (const language of LANGUAGES) {
      await page.goto(preview.at(`${query}&lang=${language}`));
      await new Checkout(page, language).shows(heading);
      await prepare();
      assert.deepEqual(await page.evaluate(cut), [], `${where}, ${query}, ${language}`);
    }
  }
}

/** In the page: text that is not wholly inside of what clips it, or of the window's width. */
function cut() {
  const { shadowRoot } = document.querySelector('kassa-checkout');
  const walker = document.createTreeWalker(shadowRoot, NodeFilter.SHOW_TEXT);
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`${document.documentElement.scrollWidth} px wide`);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility() || parent.closest('.k-vh')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      if (left < -0.5 || right > innerWidth + 0.5) faults.push(`${node.data}: ${left} to ${right}`);
      for (let box = parent; box; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
        const around = box.getBoundingClientRect();
        if (left < around.left - 0.5 || right > around.right + 0.5 || top < around.top - 0.5 || bottom > around.bottom + 0.5) {
          faults.push(`${node.data} is cut off by .${box.className}`);
        }
      }
    }
  }
  return faults;
}

describe('a customer\'s own settings', { concurrency: 2 }, () => {
  // A window of 1280 by 1024 px at this zoom has so many px of a page's own.
  for (const [zoom, width, height] of [[200, 640, 512], [400, 320, 256]]) {
    test(`at ${zoom} % zoom nothing is cut off, and reading goes one way only`, () =>
      preview.browser.visit({ viewport: { width, height }, deviceScaleFactor: zoom / 100 }, (page) => assertWhole(page, `${zoom} %`)));
  }

  test('with text of twice the size nothing is cut off', () =>
    preview.browser.visit({ viewport: { width: 640, height: 800 } }, (page) =>
      assertWhole(page, 'text of 200 %', () => page.evaluate(() => (document.documentElement.style.fontSize = '200%'))),
    ));

  test('with the text spacing of WCAG 1.4.12 nothing is cut off', () =>
    preview.browser.visit({ viewport: { width: 320, height: 800 } }, (page) =>
      assertWhole(page, 'text spacing', () =>
        page.evaluate(() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }');
          document.querySelector('kassa-checkout').shadowRoot.adoptedStyleSheets.push(sheet);
        }),
      ),
    ));

  test('the sum that stays on top never hides what has the focus', () =>
    preview.browser.visit({ viewport: { width: 360, height: 420 } }, async (page) => {
      await page.goto(preview.at('option=4'));
      await new Checkout(page).shows('chooseBank');
      for (const [key, times] of [['Tab', 10], ['Shift+Tab', 9]]) {
        for (let pressed = 0; pressed < times; pressed += 1) {
          await page.keyboard.press(key);
          const hidden = await page.evaluate(() => {
            const { shadowRoot } = document.querySelector('kassa-checkout');
            const { top, bottom, left } = shadowRoot.activeElement.getBoundingClientRect();
            const shown = (y) => shadowRoot.activeElement.contains(shadowRoot.elementFromPoint(left + 20, y)) || shadowRoot.elementFromPoint(left + 20, y)?.closest('label')?.contains(shadowRoot.activeElement);
            return [top + 2, bottom - 2].some((y) => y < 0 || y > innerHeight || !shown(y)) && shadowRoot.activeElement.textContent;
          });
          assert.equal(hidden, false, `${key}, ${pressed}`);
        }
      }
    }));

  test('in forced colours every button has an edge and the focus can be seen', () =>
    preview.browser.visit({ forcedColors: 'active' }, async (page) => {
      await page.goto(preview.at('option=6'));
      await new Checkout(page).shows('toNordea');
      const button = new Checkout(page).button('toNordea');
      const style = () =>
        button.evaluate((element) => {
          const { borderTopStyle, borderTopWidth, outlineStyle, outlineWidth } = getComputedStyle(element);
          return { border: `${borderTopStyle} ${borderTopWidth}`, outline: `${outlineStyle} ${outlineWidth}` };
        });
      assert.equal((await style()).border, 'solid 1px');
      await page.keyboard.press('Tab');
      assert.equal((await style()).outline, 'solid 3px');
    }));

  for (const [reducedMotion, moves] of [['reduce', false], ['no-preference', true]]) {
    test(`who wants ${moves ? 'motion gets it' : 'no motion gets none'}`, () =>
      preview.browser.visit({ reducedMotion }, async (page) => {
        await page.goto(preview.at('net=slow'));
        await styled(page);
        const moving = () => page.evaluate(() => document.querySelector('kassa-checkout').shadowRoot.getAnimations().length > 0);
        assert.equal(await moving(), moves);
        await page.goto(preview.at('state=pending'));
        await new Checkout(page).shows('pending');
        assert.equal(await moving(), moves);
      }));
  }
});

test('every test that the statement of conformance names is there', () => {
  const sources = Object.fromEntries(
    readdirSync(new URL('.', import.meta.url))
      .filter((file) => file.endsWith('.test.mjs'))
      .map((file) => [file, readFileSync(new URL(file, import.meta.url), 'utf8')]),
  );
  const rows = readFileSync(STATEMENT, 'utf8').split('\n').filter((line) => /^\| \d\.\d+\.\d+ /.test(line));
  // Levels A and AA of WCAG 2.2 have 55 criteria; none is left out.
  assert.equal(rows.length, 55);
  for (const row of rows) {
    const [, criterion, , verdict, shown] = row.split('|').map((cell) => cell.trim());
    const named = [...shown.matchAll(/`([\w-]+\.test\.mjs)`: “([^”]+)”/g)];
    if (verdict === 'supports') assert.ok(named.length > 0, `${criterion} names no test`);
    for (const [, file, name] of named) {
      const lines = (sources[file] ?? '').split('\n').filter((line) => /\b(test|story)\(/.test(line));
      assert.ok(lines.some((line) => line.includes(name)), `${criterion}: ${file} has no test “${name}”`);
    }
  }
});
