// Pictures of everything that a customer sees, to look at: `node tests/browser/support/shots.mjs [FOLDER]`.
//
// Needs what the tests need: built programs, `cargo xtask build`, `npm ci` in tests/browser.
// Widths 360, 768 and 1280; light and dark; the language goes round.
import { tmpdir } from 'node:os';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Browser } from './browser.mjs';
import { BankPage, Checkout, PaymentPage } from './pages.mjs';
import { startPreview } from './preview.mjs';
import { startServices } from './services.mjs';
import { LANGUAGES } from './words.mjs';

const folder = process.argv[2] ?? join(tmpdir(), 'kassa-shots');
const WIDTHS = [360, 768, 1280];
const SCHEMES = ['light', 'dark'];

/** The widget's states, from the preview. */
const STATES = [
  ['list', 'option=4', 'chooseBank'],
  ['methods', 'option=1', 'chooseMethod'],
  ['group', 'option=3', 'chooseMethod'],
  ['single', 'option=6', 'toNordea'],
  ['awaiting', 'state=awaiting_confirmation', 'awaiting'],
  ['pending', 'state=pending', 'pending'],
  ['paid', 'state=paid', 'paid'],
  ['declined', 'state=declined', 'declined'],
];

await mkdir(folder, { recursive: true });
const [services, preview] = await Promise.all([startServices(), startPreview()]);
const browser = await Browser.start(services.origins);
try {
  for (const [at, width] of WIDTHS.entries()) {
    for (const colorScheme of SCHEMES) {
      const language = LANGUAGES[(at + SCHEMES.indexOf(colorScheme)) % LANGUAGES.length];
      const look = { viewport: { width, height: 900 }, colorScheme, locale: language };
      const shoot = (page, name) =>
        page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}-${language}.png`), fullPage: true });
      await preview.browser.visit(look, (page) => shootStates(page, language, shoot));
      await browser.visit(look, (page) => shootJourney(page, language, shoot));
    }
  }
} finally {
  await Promise.all([browser.close(), preview.stop()]);
  await services.stop();
}

async function shootStates(page, language, shoot) {
  for (const [name, query, heading] of STATES) {
    await page.goto(preview.at(`${query}&lang=${language}`));
    await new Checkout(page, language).shows(heading);
    await shoot(page, `widget-${name}`);
  }
}

async function shootJourney(page, language, shoot) {
  const view = new Checkout(page, language);
  await page.goto(services.shop);
  await page.getByRole('button', { name: /: (Metsähunaja|Skogshonung|Forest honey)/ }).first().click();
  await shoot(page, 'shop-front');
  const order = await services.order({ language });
  await page.goto(order.embedded);
  await view.shows('chooseBank');
  await shoot(page, 'shop-checkout');
  await page.goto(order.hosted);
  await view.shows('chooseBank');
  await shoot(page, 'hosted-list');
  await view.bank('Nordea').click();
  await page.waitForURL(`${services.simulator}/**`);
  await shoot(page, 'simulator-payment');
  await new PaymentPage(page, language).choose('single_bank');
  const bank = new BankPage(page, language);
  await bank.arrive();
  await shoot(page, 'simulator-bank');
  await bank.act('pay');
  await view.shows('paid');
  await shoot(page, 'hosted-paid');
  await page.goto(`${services.shop}/thanks.html?order=${order.key}`);
  await view.shows('paid');
  await shoot(page, 'shop-thanks');
  await page.goto(`${services.simulator}/?lang=${language}`);
  await shoot(page, 'simulator-payments');
}
