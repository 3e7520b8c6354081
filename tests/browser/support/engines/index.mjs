// The three engines behind one small door: where to go, what to press, what the page says.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { words } from '../words.mjs';
import * as puppeteer from './puppeteer.mjs';
import { focused, place, said } from './sight.mjs';
import * as webkit from './webkit.mjs';

/** How long anything may take before a test gives up, in milliseconds. */
const PATIENCE = 15_000;

/** How long one look at a page may take, in milliseconds: some are never answered. */
const GLANCE = 3_000;

/** The engines by name: how each is started. `without: 'wasm'` turns WebAssembly off in it. */
export const ENGINES = {
  Chromium: (wish) => puppeteer.start('chrome', program('KASSA_BROWSER', '/usr/bin/chromium'), wish),
  Firefox: (wish) => puppeteer.start('firefox', program('KASSA_FIREFOX', '/usr/bin/firefox-esr'), wish),
  WebKit: (wish) => webkit.start(program('KASSA_WEBKIT', miniBrowser()), wish),
};

function program(variable, usual) {
  const named = process.env[variable] ?? usual;
  assert.ok(named && existsSync(named), `no browser at ${named}: name one with ${variable}`);
  return named;
}

/** MiniBrowser stands in the libraries' folder, which is named after the machine. */
function miniBrowser(libraries = '/usr/lib') {
  const found = readdirSync(libraries)
    .map((folder) => join(libraries, folder, 'webkit2gtk-4.1/MiniBrowser'))
    .find((path) => existsSync(path));
  return found ?? join(libraries, 'webkit2gtk-4.1/MiniBrowser');
}

/** Runs `act` with a customer at a page of its own. */
export async function visit(engine, act) {
  const tab = await engine.open();
  const customer = new Customer(tab);
  try {
    await act(customer);
  } catch (error) {
    const page = await tab.evaluate(said).catch((lost) => `(no page: ${lost.message})`);
    error.message += `\n${page}\n${tab.seen.errors.join('\n')}`;
    error.stack = error.message + error.stack.slice(error.stack.indexOf('\n    at '));
    throw error;
  } finally {
    await tab.close();
  }
}

/** What comes of it, if that comes in time. */
async function within(milliseconds, answer) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Somebody at a page, who knows things by their role and how their name begins. */
class Customer {
  constructor(tab) {
    this.tab = tab;
  }

  /** Goes there. Firefox was seen to forget to say that it has arrived. */
  async goto(address) {
    try {
      await within(PATIENCE, this.tab.goto(address));
    } catch (error) {
      const isThere = (there) => location.href === there && document.readyState !== 'loading';
      if (!(await this.sight(isThere, new URL(address).href))) throw error;
    }
  }

  /** Runs `act` in the page, which is to be quick. WebKit's driver forgets one that a page left over. */
  sight(act, ...values) {
    return within(GLANCE, this.tab.evaluate(act, ...values));
  }

  /** Waits until `look` gives something that is true, and gives it. */
  async until(look, what) {
    const end = Date.now() + PATIENCE;
    let lost;
    while (Date.now() < end) {
      try {
        const seen = await look();
        if (seen) return seen;
        lost = undefined;
      } catch (error) {
        lost = error; // A page that is just being left cannot be asked.
      }
      await new Promise((done) => setTimeout(done, 40));
    }
    return assert.fail(`${what} did not come${lost ? `: ${lost.message}` : ''}`);
  }

  /** Waits for what is said by role and name; `nth` of several. */
  sees(role, name, nth = 0) {
    return this.until(() => this.sight(place, role, name, nth), `${role} ${JSON.stringify(name)}`);
  }

  /** Whether it is there now. */
  async has(role, name, nth = 0) {
    return (await this.sight(place, role, name, nth)) !== null;
  }

  /** Waits for it to be there and to stand still, and clicks it. */
  async clicks(role, name, nth = 0) {
    let before = await this.sees(role, name, nth);
    for (;;) {
      const now = await this.sees(role, name, nth);
      if (now.x === before.x && now.y === before.y) return this.tab.click(now.x, now.y);
      before = now;
    }
  }

  /** Waits for a screen of the element itself, by its heading's key. */
  shows(key, language = 'fi') {
    return this.sees('element heading', words[language][key]);
  }

  /** Presses the back button. A page kept in memory does not load, so nobody waits for that. */
  goesBack() {
    return this.sight(() => setTimeout(() => history.back()) && null);
  }

  async presses(...keys) {
    for (const key of keys) await this.tab.press(key);
  }

  types(text) {
    return this.tab.type(text);
  }

  /** Waits until the focus is where it should be, and can be seen there. */
  async hasFocus(tag, text) {
    await this.until(async () => {
      const now = await this.sight(focused);
      return now.tag === tag && now.text.startsWith(text) && now.shown;
    }, `a visible focus on ${tag} ${JSON.stringify(text)}`);
  }

  /** From the provider's page to what the bank was asked to do. */
  async paysAtNordea() {
    await this.clicks('button', words.fi.toNordea);
    await this.sees('heading', words.fi.confirm);
    await this.clicks('button', 'Maksa ');
  }

  address() {
    return this.sight(() => location.href);
  }
}
