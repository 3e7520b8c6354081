// What goes wrong on the way: impatience, the back button, lost connections, missing files.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './support/browser.mjs';
import { assertFocus, waitForFocusOn } from './support/focus.mjs';
import { BankPage, Checkout, PaymentPage, PlainCheckout } from './support/pages.mjs';
import { events, requestsOf, startPreview } from './support/preview.mjs';
import { PINNED, integrity, unpinned } from './support/pins.mjs';
import { startServices } from './support/services.mjs';
import { withTrapIn } from './support/wasm.mjs';

/** What Chromium logs when a request does not come through. */
const LOST = /net::ERR_(FAILED|INTERNET_DISCONNECTED)/;

let services;
let browser;
let preview;
before(async () => {
  services = await startServices();
  [browser, preview] = await Promise.all([Browser.start(services.origins), startPreview()]);
});
after(async () => {
  await Promise.all([browser?.close(), preview?.stop()]);
  await services?.stop();
});

/** Opens an order's page and waits until the element itself stands there. */
async function open(page, wish = {}, where = 'hosted') {
  const order = await services.order(wish);
  await page.goto(order[where]);
  const view = new Checkout(page);
  await view.ready();
  return { order, view };
}

/** From the Payment Page to the receipt. */
async function payNordea(page) {
  await payAtNordea(page);
  await new Checkout(page).shows('paid');
}

async function payAtNordea(page) {
  await new PaymentPage(page).choose('single_bank');
  await new BankPage(page).act('pay');
}

describe('impatience', { concurrency: 2 }, () => {
  for (const where of ['hosted', 'embedded']) {
    test(`${where}: a double click asks for one payment`, () =>
      browser.visit({}, async (page, { watch }) => {
        const { view } = await open(page, { option: 'single_bank' }, where);
        await view.button('toNordea').dblclick();
        await payNordea(page);
        assert.equal(watch.count('POST', /\/checkout\/[^/]+\/pay$/), 1);
      }));
  }

  test('Enter again and again asks for one payment', () =>
    preview.browser.visit({}, async (page) => {
      await page.goto(preview.at('option=6&pay=slow'));
      const view = new Checkout(page);
      await view.shows('toNordea');
      await view.button('toNordea').focus();
      for (let pressed = 0; pressed < 5; pressed += 1) await page.keyboard.press('Enter');
      await view.shows('leaving');
      assert.deepEqual((await requestsOf(page, 2)).map(({ path }) => path.split('/').at(-1)), ['session', 'pay']);
      assert.deepEqual(await events(page), ['kassa-ready', 'kassa-bank']);
    }));

  test('without script a form sent twice is one attempt', () =>
    browser.visit({ javaScriptEnabled: false }, async (page, { context }) => {
      const order = await services.order({ option: 'single_bank' });
      const second = await context.newPage();
      const steps = [];
      for (const tab of [page, second]) await tab.goto(order.hosted);
      for (const tab of [page, second]) {
        await new PlainCheckout(tab).button('toNordea').click();
        await tab.waitForURL(`${services.simulator}/**`);
        steps.push(new URL(tab.url()).searchParams.get('payment_id'));
      }
      assert.ok(steps[0]);
      assert.equal(steps[0], steps[1]);
    }));
});

describe('the back button', () => {
  // The hosted page is never kept in memory: it says `no-store`.
  for (const [where, memory] of [['embedded', true], ['embedded', false], ['hosted', false]]) {
    test(`${where}, ${memory ? 'kept in memory' : 'loaded again'}: the page can be used as before`, async () => {
      const chromium = await Browser.start(services.origins, { memory });
      try {
        await chromium.visit({}, async (page) => {
          await page.addInitScript(() => addEventListener('pageshow', (event) => (globalThis.kept = event.persisted)));
          const { view } = await open(page, {}, where);
          await view.bank('Nordea').click();
          await page.getByRole('button', { name: view.words.toNordea }).waitFor();
          await page.goBack({ waitUntil: 'commit' });
          // It says that it waits, and lets the customer choose again.
          await view.shows('pending');
          assert.equal(await page.evaluate(() => globalThis.kept), memory);
          await view.button('otherBank').click();
          await view.bank('Nordea').click();
          await payNordea(page);
        });
      } finally {
        await chromium.close();
      }
    });
  }

  test('a page that comes back as it was left is not stuck on its way to the bank', () =>
    preview.browser.visit({}, async (page) => {
      await page.goto(preview.at('option=4&pay=slow'));
      const view = new Checkout(page);
      await view.shows('chooseBank');
      await view.bank('Nordea').click();
      await view.shows('leaving');
      await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
      await view.shows('chooseBank');
      await view.bank('OP').click();
      await page.getByRole('heading', { level: 2, name: 'Siirrytään OP:hen' }).waitFor();
    }));
});

describe('connections', { concurrency: 2 }, () => {
  test('offline at the choice: the customer is told, and pays when the connection is back', () =>
    browser.visit({ expected: [LOST] }, async (page, { context }) => {
      const { view } = await open(page);
      await context.setOffline(true);
      await view.bank('Nordea').click();
      await page.getByRole('alert').filter({ hasText: 'Ei verkkoyhteyttä' }).waitFor();
      await context.setOffline(false);
      await view.bank('Nordea').click();
      await payNordea(page);
    }));

  test('Kassa out of reach at the start: the link to the hosted page stays', () =>
    browser.visit({ expected: [LOST] }, async (page) => {
      await page.route('**/session', (route) => route.abort());
      const order = await services.order();
      await page.goto(order.embedded);
      const view = new Checkout(page);
      // The way that needs no element stays.
      const link = page.getByRole('link', { name: 'Maksa Kassan sivulla' });
      await link.waitFor();
      await page.unroute('**/session');
      await link.click();
      await page.waitForURL(order.hosted);
      await view.shows('chooseBank');
      await view.bank('Nordea').click();
      await payNordea(page);
    }));

  test('without the element\'s own content a lost connection offers to try again', () =>
    preview.browser.visit({}, async (page) => {
      await page.goto(preview.at('net=offline'));
      const view = new Checkout(page);
      await view.shows('offline');
      await page.evaluate(() => (globalThis.preview.net = undefined));
      await view.button('retry').click();
      await view.shows('chooseBank');
      assert.deepEqual(await events(page), ['kassa-error', 'kassa-ready']);
    }));

  test('the element goes on by itself when the device is online again', () =>
    preview.browser.visit({}, async (page) => {
      await page.goto(preview.at('net=offline'));
      const view = new Checkout(page);
      await view.shows('offline');
      await page.evaluate(() => {
        globalThis.preview.net = undefined;
        dispatchEvent(new Event('online'));
      });
      await view.shows('chooseBank');
    }));

  test('without the event stream the result is asked for', () =>
    browser.visit({ expected: [LOST] }, async (page, { watch }) => {
      await page.route('**/events', (route) => route.abort());
      const { view } = await open(page);
      await view.bank('Nordea').click();
      await new PaymentPage(page).choose('single_bank');
      await new BankPage(page).act('arrives');
      await view.shows('awaiting');
      await services.weekLater();
      await view.shows('paid');
      assert.ok(watch.count('GET', /\/status$/) > 0);
    }));
});

/** Keeps files from the page until the function that it gives is called. */
async function keepBack(page, pattern) {
  let letGo;
  const gone = new Promise((done) => (letGo = done));
  await page.route(pattern, async (route) => {
    await gone;
    await route.continue();
  });
  return letGo;
}

describe('a slow network', { concurrency: 2 }, () => {
  test('the hosted page loads one script, and what that needs all at once', () =>
    browser.visit({}, async (page) => {
      integrity(); // A development build has several.
      const order = await services.order();
      const letGo = await keepBack(page, '**/*.wasm');
      // The module has not come, and the payment is asked for.
      const asked = page.waitForRequest(/\/session$/);
      await page.goto(order.hosted);
      await asked;
      letGo();
      const view = new Checkout(page);
      await view.shows('chooseBank');
      const loaded = await page.evaluate(() =>
        performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname.split('/').at(-1)),
      );
      const own = ['hosted.css', 'kassa-checkout.js', 'kassa.css', 'kassa_widget_bg.wasm', 'session'];
      assert.deepEqual([...new Set(loaded)].filter((name) => name !== 'icon.svg').sort(), own);
      assert.equal(loaded.filter((name) => name === 'session').length, 1, 'the early answer is the one that is shown');
    }));

  test('an element that is gone before the module has come leaves no request behind', () =>
    preview.browser.visit({}, async (page) => {
      const letGo = await keepBack(page, '**/*.wasm');
      await page.goto(preview.at('net=slow'));
      await page.waitForFunction(() => globalThis.preview.requests.length === 1);
      const ended = await page.evaluate(() => {
        const { signal } = globalThis.preview;
        document.querySelector('kassa-checkout').remove();
        return signal.aborted;
      });
      assert.equal(ended, true);
      letGo();
    }));
});

describe('missing files', { concurrency: 2 }, () => {
  for (const [what, pattern] of [
    ['WebAssembly', '**/*.wasm'],
    ['every script', '**/assets/checkout/*.js'],
  ]) {
    test(`without ${what} the hosted page's own form takes the payment`, () =>
      browser.visit({ expected: [LOST, /Failed to fetch/] }, async (page) => {
        await page.route(pattern, (route) => route.abort());
        const order = await services.order({ option: 'method_then_bank' });
        await page.goto(order.hosted);
        const view = new PlainCheckout(page);
        await view.button('onlineBank').click();
        await view.bank('Nordea').click();
        await payAtNordea(page);
        await view.comesTo('paid');
      }));

    test(`without ${what} the shop's page leads to the hosted page`, () =>
      browser.visit({ expected: [LOST, /Failed to fetch/] }, async (page) => {
        const order = await services.order();
        await page.route(`${services.kassa}/${pattern}`, (route) => route.abort());
        await page.goto(order.embedded);
        await page.getByRole('link', { name: 'Maksa Kassan sivulla' }).click();
        await page.waitForURL(order.hosted);
        const view = new PlainCheckout(page);
        await view.bank('Nordea').click();
        await payAtNordea(page);
        await view.comesTo('paid');
      }));
  }

  for (const [what, pattern] of [
    ['WebAssembly', '**/*.wasm'],
    ['the element', '**/assets/checkout/*.js'],
  ]) {
    test(`without ${what} a page that waits looks again by itself`, () =>
      browser.visit({ expected: [LOST, /Failed to fetch/] }, async (page) => {
        await page.route(pattern, (route) => route.abort());
        const order = await services.order();
        await page.goto(order.hosted);
        const view = new PlainCheckout(page);
        await view.bank('Nordea').click();
        await new PaymentPage(page).choose('single_bank');
        await new BankPage(page).act('arrives');
        await view.shows('awaiting');
        await services.weekLater();
        // Nobody presses anything.
        await view.shows('paid');
      }));
  }

  describe('WebAssembly that aborts', () => {
    /** Opens the hosted page with a module whose function traps. */
    const withTrap = (name, act) =>
      browser.visit({ expected: [/unreachable/] }, async (page) => {
        await page.route('**/*.wasm', async (route) => {
          const answer = await route.fetch();
          await route.fulfill({ response: answer, body: withTrapIn(await answer.body(), name) });
        });
        await page.route(`**${PINNED}`, async (route) => {
          const answer = await route.fetch();
          await route.fulfill({ response: answer, body: unpinned(await answer.body()) });
        });
        await page.addInitScript(() => {
          globalThis.codes = [];
          addEventListener('kassa-error', ({ detail }) => globalThis.codes.push(detail.code));
        });
        const order = await services.order();
        await page.goto(order.hosted);
        await act(page, order);
        // The last page asks for the module once more; nobody waits for that.
        await page.unrouteAll({ behavior: 'ignoreErrors' });
      });
    const codes = (page) => page.evaluate(() => globalThis.codes);

    test('at the start: the form takes the payment', () =>
      withTrap('mount', async (page) => {
        await page.waitForFunction(() => globalThis.codes.length > 0);
        assert.deepEqual(await codes(page), ['widget/crash']);
        const view = new PlainCheckout(page);
        await view.bank('Nordea').click();
        await payAtNordea(page);
        await view.comesTo('paid');
      }));

    test('in use: the form takes the payment, and no element calls the module again', () =>
      withTrap('handle_search', async (page, { hosted }) => {
        const view = new Checkout(page);
        await view.shows('chooseBank');
        await view.search().fill('n');
        await page.waitForFunction(() => globalThis.codes.length > 0);
        assert.deepEqual(await codes(page), ['widget/crash']);
        // Another element on the page has nothing of its own to show: it leads to the hosted page.
        await page.evaluate((address) => {
          const second = document.createElement('kassa-status');
          second.setAttribute('session', address.split('/').at(-1));
          document.body.append(second);
        }, hosted);
        await page.getByRole('link', { name: 'Siirry maksamaan' }).waitFor();
        assert.deepEqual(await codes(page), ['widget/crash', 'widget/crash']);
        await new PlainCheckout(page).bank('Nordea').click();
        await payNordea(page);
      }));
  });

  test('a browser without WebAssembly takes the payment by the form', async () => {
    const old = await Browser.start(services.origins, { without: 'wasm' });
    try {
      await old.visit({}, async (page) => {
        const order = await services.order();
        await page.goto(order.hosted);
        assert.equal(await page.evaluate(() => typeof WebAssembly), 'undefined');
        const view = new PlainCheckout(page);
        await view.bank('Nordea').click();
        await payAtNordea(page);
        await view.comesTo('paid');
      });
    } finally {
      await old.close();
    }
  });

  test('a policy without WebAssembly leaves a link to the hosted page', () =>
    preview.browser.visit({ expected: [/WebAssembly|wasm/i] }, async (page, { watch }) => {
      await page.route('**/preview.html*', async (route) => {
        const answer = await route.fetch();
        const body = (await answer.text()).replace(" 'wasm-unsafe-eval'", '');
        await route.fulfill({ response: answer, body });
      });
      await page.goto(preview.at());
      await page.getByRole('link', { name: 'Siirry maksamaan' }).waitFor();
      assert.deepEqual(await events(page), ['kassa-error']);
      // This one is the test's own doing.
      assert.equal(watch.violations.splice(0).length, 1);
    }));

  test('without the style sheet everything still works', () =>
    browser.visit({ expected: [LOST] }, async (page) => {
      await page.route('**/kassa.css', (route) => route.abort());
      const { view } = await open(page);
      await view.bank('Nordea').click();
      await payNordea(page);
    }));
});

describe('what a shop\'s script does', { concurrency: 2 }, () => {
  test('another payment takes the place of the one on screen without a gap, and keeps the focus', () =>
    preview.browser.visit({}, async (page) => {
      await page.goto(preview.at('option=4'));
      await new Checkout(page).shows('chooseBank');
      await new Checkout(page).search().focus();
      const seen = await page.evaluate(async () => {
        const element = document.querySelector('kassa-checkout');
        const amount = () => element.shadowRoot.querySelector('.k-amount')?.checkVisibility() && element.shadowRoot.querySelector('.k-amount').textContent;
        const amounts = new Set([amount()]);
        const ready = new Promise((done) => element.addEventListener('kassa-ready', () => setTimeout(done, 50), { once: true }));
        const watching = new MutationObserver(() => amounts.add(amount()));
        watching.observe(element.shadowRoot, { childList: true, subtree: true });
        // A voucher was taken: the shop's server made a payment of another sum.
        globalThis.preview.amount = '3990';
        element.session = 'another';
        await ready;
        return [[...amounts], element.shadowRoot.querySelectorAll('h2').length];
      });
      assert.deepEqual(seen, [['49,90\u00a0€', '39,90\u00a0€'], 1]);
      await waitForFocusOn(page, 'Valitse pankkisi');
      assert.deepEqual(await events(page), ['kassa-ready', 'kassa-ready']);
    }));

  test('properties set before the element was defined count, and null empties them', () =>
    preview.browser.visit({ expected: [LOST, /Failed to fetch/] }, async (page) => {
      await page.route('**/index.js', (route) => route.abort());
      await page.goto(preview.at('net=slow'));
      await page.waitForSelector('kassa-checkout', { state: 'attached' });
      const read = await page.evaluate(async () => {
        const element = document.querySelector('kassa-checkout');
        element.removeAttribute('session');
        element.session = 'early';
        element.api = `${location.origin}/`;
        const { KassaCheckout } = await import('/pkg/dist/checkout/element.js');
        customElements.define('kassa-checkout', KassaCheckout);
        const attributes = () => ['session', 'api'].map((name) => element.getAttribute(name));
        const first = [...attributes(), element.session, element.api === location.origin];
        element.session = null;
        return [first, element.session];
      });
      assert.deepEqual(read, [['early', `${new URL(page.url()).origin}/`, 'early', true], '']);
    }));
});

describe('tabs, languages and memory', { concurrency: 2 }, () => {
  test('a second tab that chooses after the payment is told that it is paid', () =>
    browser.visit({ expected: [/409 \(Conflict\)/] }, async (page, { context }) => {
      const { order, view } = await open(page);
      const second = await context.newPage();
      await second.goto(order.hosted);
      const late = new Checkout(second);
      await late.ready();
      await view.bank('Nordea').click();
      await payNordea(page);
      await late.bank('OP').click();
      await late.shows('paid');
    }));

  test('a status that waits in a second tab hears of the payment', () =>
    browser.visit({}, async (page, { context }) => {
      const { order, view } = await open(page, {}, 'embedded');
      await view.bank('Nordea').click();
      await new PaymentPage(page).choose('single_bank');
      const second = await context.newPage();
      await second.goto(`${services.shop}/thanks.html?order=${order.key}`);
      await new Checkout(second).shows('pending');
      await new BankPage(page).act('pay');
      await new Checkout(second).shows('paid');
    }));

  test('the shop\'s language switch changes the element, and the provider\'s page follows', () =>
    browser.visit({}, async (page) => {
      const { view } = await open(page, {}, 'embedded');
      await view.shows('chooseBank');
      await page.getByRole('button', { name: 'sv, svenska' }).click();
      const swedish = new Checkout(page, 'sv');
      await swedish.shows('chooseBank');
      await swedish.bank('Sparbanken').waitFor();
      await swedish.bank('Nordea').click();
      await new PaymentPage(page, 'sv').choose('single_bank');
      await new BankPage(page, 'sv').act('pay');
      await swedish.shows('paid');
    }));

  test('the bank that was used stands first the next time', () =>
    preview.browser.visit({}, async (page) => {
      const view = new Checkout(page);
      await page.goto(preview.at('option=4'));
      await view.bank('OP').click();
      await page.waitForURL('**/bank.html');
      await page.goto(preview.at('option=4'));
      await view.shows('chooseBank');
      const first = page.getByRole('listitem').first();
      await first.getByRole('button', { name: 'OP Viimeksi käytetty' }).waitFor();
    }));

  test('a shop may have nothing remembered', () =>
    preview.browser.visit({}, async (page) => {
      const view = new Checkout(page);
      await page.goto(preview.at('option=4&remember=off'));
      await view.bank('OP').click();
      await page.waitForURL('**/bank.html');
      assert.equal(await page.evaluate(() => localStorage.length), 0);
      await page.evaluate(() => localStorage.setItem('kassa-bank', 'op'));
      await page.goto(preview.at('option=4&remember=off'));
      await view.shows('chooseBank');
      await page.getByRole('listitem').first().getByRole('button', { name: 'Nordea', exact: true }).waitFor();
      assert.equal(await page.getByText('Viimeksi käytetty').count(), 0);
    }));

  test('a step that is a form is posted as it is', () =>
    preview.browser.visit({}, async (page) => {
      await page.goto(preview.at('option=6&pay=post'));
      const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/bank.html'));
      await new Checkout(page).button('toNordea').click();
      assert.equal(new URLSearchParams((await sent).postData()).get('a'), 'ä & <b>');
    }));

  test('a focus on the markup without script stays in the element when that is ready', () =>
    browser.visit({}, async (page) => {
      let release;
      const held = new Promise((resolve) => (release = resolve));
      await page.route('**/*.wasm', async (route) => {
        await held;
        await route.continue();
      });
      const order = await services.order();
      await page.goto(order.hosted);
      await new PlainCheckout(page).bank('Aktia').waitFor();
      await page.keyboard.press('Tab');
      await assertFocus(page, 'button', 'Aktia');
      release();
      await new Checkout(page).ready();
      await waitForFocusOn(page, 'Valitse pankkisi');
    }));
});

describe('coming and going', () => {
  test('an element put in and taken out 200 times leaves nothing behind', () =>
    preview.browser.visit({}, async (page, { context }) => {
      await page.goto(preview.at('option=4'));
      await new Checkout(page).shows('chooseBank');
      const tools = await context.newCDPSession(page);
      await tools.send('Performance.enable');
      const count = async () => {
        await tools.send('HeapProfiler.collectGarbage');
        const { metrics } = await tools.send('Performance.getMetrics');
        const of = (wanted) => metrics.find(({ name }) => name === wanted).value;
        return { listeners: of('JSEventListeners'), nodes: of('Nodes') };
      };
      await remount(page, 20);
      const before = await count();
      await remount(page, 200);
      const after = await count();
      const grown = { listeners: after.listeners - before.listeners, nodes: after.nodes - before.nodes };
      assert.ok(grown.listeners <= 20 && grown.nodes <= 200, `200 times left ${JSON.stringify(grown)} behind`);
      const memory = await page.evaluate(() => globalThis.preview.streams.length);
      assert.equal(memory, 0);
    }));
});

/**
 * Takes the element out and puts it in: half of the times once it is ready, half before. One that
 * never gets ready ends it with what it shows instead, for a script in the page has no time limit.
 */
async function remount(page, times) {
  await page.evaluate(async (count) => {
    const element = document.querySelector('kassa-checkout');
    const place = element.parentNode;
    for (let time = 0; time < count; time += 1) {
      element.remove();
      const ready = new Promise((done) => element.addEventListener('kassa-ready', done, { once: true }));
      place.append(element);
      if (time % 2 === 0) {
        let timer;
        const late = new Promise((_, fail) => {
          timer = setTimeout(() => {
            const seen = element.shadowRoot?.innerHTML.slice(0, 500);
            const { events, requests } = globalThis.preview;
            fail(new Error(`round ${time}: not ready; ${JSON.stringify({ seen, events: events.slice(-6), requests: requests.slice(-3) })}`));
          }, 10_000);
        });
        await Promise.race([ready, late]);
        clearTimeout(timer);
      }
      else element.dispatchEvent(new Event('kassa-ready'));
    }
    globalThis.preview.requests.length = 0;
    globalThis.preview.events.length = 0;
  }, times);
  await new Checkout(page).shows('chooseBank');
}
