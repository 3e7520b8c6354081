// Old software that speaks VETUMA, as a program of its own, and what its user sees and does.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { freePorts, Program } from './services.mjs';

const SHOP = fileURLToPath(new URL('../../support/legacy/shop.py', import.meta.url));

/**
 * Starts the old shop; `vetuma` is where it posts its calls, `query` where it asks, `secret` and
 * `ap` who it is, unless it is the test customer; `env` is added to its environment.
 */
export async function startLegacyShop({ vetuma, query, secret, ap, env }) {
  const [port] = await freePorts(1);
  const listen = `127.0.0.1:${port}`;
  // Without -B Python would write into the source tree.
  const args = ['-B', SHOP, '--listen', listen, '--vetuma', vetuma, '--query', query];
  if (secret) args.push('--secret', secret, '--ap', ap);
  const program = new Program('python3', args, env);
  await program.ready;
  return { origin: `http://${listen}`, stop: () => program.stop() };
}

/** The old shop in a page: it speaks Finnish only. */
export class LegacyShop {
  constructor(page, origin) {
    Object.assign(this, { page, origin });
  }

  /** Fills in the order form; the number of the order, whose call can be posted now. */
  async order(wishes = {}) {
    await this.page.goto(this.origin);
    for (const [name, value] of Object.entries(wishes)) {
      await this.page.locator(`[name=${name}]`).fill(value);
    }
    await this.page.getByRole('button', { name: 'Ilmoittaudu' }).click();
    await this.page.getByRole('heading', { name: 'Maksaminen' }).waitFor();
    return this.page.locator('[name=ORDNR]').getAttribute('value');
  }

  /** Posts the call. */
  async pay() {
    await this.page.getByRole('button', { name: 'Siirry maksamaan' }).click();
  }

  /** Waits until the shop has taken an answer about an order. */
  async returned(number) {
    await this.page.waitForURL(`${this.origin}/order/${number}`);
    await this.page.getByRole('heading', { name: 'Ilmoittautuminen' }).waitFor();
  }

  /** Waits until the shop has refused an answer. */
  async refused() {
    await this.page.getByRole('heading', { name: 'Vastausta ei voitu lukea' }).waitFor();
  }

  /** What stands in the list for an order: its state, how often it was booked, the answers believed. */
  async booked(number) {
    const listed = await fetch(`${this.origin}/orders`);
    const text = new TextDecoder('latin1').decode(await listed.arrayBuffer());
    const row = text.split('<tr>').find((one) => one.includes(`>${number}</a>`));
    const [, what, sum, state, count, log] = [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell);
    return { what, sum, state, count: Number(count), log: log.split(' ').filter(Boolean) };
  }

  /** Asserts how often an order was booked, and which answers the shop believed. */
  async assertBooked(number, count, log) {
    const { count: booked, log: told } = await this.booked(number);
    assert.deepEqual({ booked, told }, { booked: count, told: log });
  }

  /** Asks VETUMA how an order's payment stands. */
  async check(number) {
    await this.page.goto(`${this.origin}/order/${number}`);
    await this.page.getByRole('button', { name: 'Kysy maksusta' }).click();
    return this.page.getByText(/^VETUMA/).textContent();
  }
}

/** Posts a form in ISO-8859-1, as any page on the way could. */
export async function postForm(page, address, pairs) {
  // A page without a policy of its own.
  await page.goto('about:blank');
  await page.setContent(`<form method="post" action="${address}" accept-charset="ISO-8859-1"></form>`);
  await page.evaluate((fields) => {
    for (const [name, value] of fields) {
      const input = Object.assign(document.createElement('input'), { type: 'hidden', name, value });
      document.forms[0].append(input);
    }
    document.forms[0].submit();
  }, pairs);
}

/** The pairs of a form body, each byte one character. */
export function latin1Pairs(body) {
  return body.split('&').map((pair) => pair.split('=').map((half) => unescape(half.replaceAll('+', ' '))));
}
