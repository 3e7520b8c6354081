// The same few stories in Chromium, Firefox and WebKit: what engines do differently shows here.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES, visit } from './support/engines/index.mjs';
import { serveFiles, STRICT } from './support/files.mjs';
import { PINNED, changed, integrity, unpinned } from './support/pins.mjs';
import { startServices } from './support/services.mjs';
import { withTrapIn } from './support/wasm.mjs';
import { words as all } from './support/words.mjs';

const words = all.fi;
/** A page in which a provider's or bank's page may follow. */
const onward = (policy, ...origins) => policy.replace("form-action 'self'", `form-action 'self' ${origins.join(' ')}`);

let services;
let files;
before(async () => {
  integrity(); // The pages here load the pinned script: without it each would fail in a way of its own.
  [services, files] = await Promise.all([startServices({ fronts: true }), serveFiles()]);
  const { kassa, shop, simulator, fronts } = services;
  fronts.shop.policy = onward(STRICT, kassa, simulator)
    .replace("script-src 'self'", `script-src 'self' ${kassa}`)
    .replace("connect-src 'self'", `connect-src 'self' ${kassa}`)
    .replace("frame-ancestors 'none'", `frame-ancestors 'self' ${elsewhere(shop)}; frame-src 'self' ${shop}`);
});
after(async () => {
  await files?.close();
  await services?.stop();
});

/** The same machine under another name is another origin. */
const elsewhere = (origin) => origin.replace('127.0.0.1', 'localhost');

for (const [name, start] of Object.entries(ENGINES)) {
  describe(name, () => {
    let engine;
    before(async () => (engine = await start()));
    after(() => engine?.stop());

    /** A story; what it spoils is mended afterwards, and no page of it may complain. */
    const story = (title, { spoilt, expected = [] }, act) =>
      test(title, async () => {
        services.fronts.kassa.spoilt = spoilt ?? {};
        try {
          await visit(engine, async (customer) => {
            await act(customer);
            const errors = customer.tab.seen.errors.filter((error) => !expected.some((known) => known.test(error)));
            assert.deepEqual(errors, []);
            const own = [...services.origins, elsewhere(services.shop), files.origin];
            const strangers = customer.tab.seen.requests.filter((url) => !url.startsWith('data:') && !own.some((origin) => url.startsWith(`${origin}/`)));
            assert.deepEqual(strangers, []);
          });
        } finally {
          services.fronts.kassa.spoilt = {};
        }
      });

    story('a bank is chosen by keyboard in the shop, and the payment comes to paid', {}, async (customer) => {
      const order = await services.order();
      await customer.goto(order.embedded);
      await customer.shows('chooseBank');
      await tabTo(customer, 'input', words.search);
      await customer.presses('ArrowDown');
      await customer.hasFocus('button', 'Aktia');
      await customer.presses('End');
      await customer.hasFocus('button', 'Ålandsbanken');
      await customer.presses('Home', 'd');
      await customer.hasFocus('button', 'Danske Bank');
      await customer.presses('Escape');
      await customer.hasFocus('input', words.search);
      await customer.types('nordea');
      await customer.presses('Enter');
      await customer.paysAtNordea();
      await customer.shows('paid');
      assert.ok((await customer.address()).startsWith(`${services.shop}/thanks.html`));
    });

    story('the hosted page takes a payment from the mouse', {}, async (customer) => {
      const order = await services.order({ option: 'method_then_bank' });
      await customer.goto(order.hosted);
      await customer.shows('chooseMethod');
      await customer.clicks('button', 'Verkkopankki');
      await customer.shows('chooseBank');
      await customer.clicks('button', 'Nordea');
      await customer.paysAtNordea();
      await customer.shows('paid');
    });

    for (const [what, spoilt, expected] of [
      ['scripts', { policy: (policy) => policy.replace(/script-src [^;]*/, "script-src 'none'") }, [/script-src/]],
      ['WebAssembly', { missing: /\.wasm$/ }, [/404/, /integrity/]],
    ]) {
      story(`without ${what} the page's own form takes the payment`, { spoilt, expected }, async (customer) => {
        const order = await services.order({ option: 'method_then_bank' });
        await customer.goto(order.hosted);
        await customer.clicks('button', 'Verkkopankki');
        await customer.clicks('button', 'Nordea');
        await customer.paysAtNordea();
        await customer.until(async () => {
          if (await customer.has('heading', words.paid)) return true;
          // Where scripts run the page looks again by itself, and the button may be gone when it is pressed.
          if (what === 'scripts' && (await customer.has('button', words.check))) await customer.clicks('button', words.check);
          return false;
        }, words.paid);
      });
    }

    story('when WebAssembly aborts in use, the form takes the payment', { spoilt: { bodies: { '.js': unpinned, '.wasm': (bytes) => withTrapIn(bytes, 'handle_search') } }, expected: [/unreachable/i] }, async (customer) => {
      const order = await services.order();
      await customer.goto(order.hosted);
      await customer.shows('chooseBank');
      await customer.clicks('search', words.search);
      await customer.types('n');
      await customer.until(async () => !(await customer.has('element heading', words.chooseBank)), 'the end of the element');
      await customer.clicks('button', 'Nordea');
      await customer.paysAtNordea();
    });

    story('a page that pins the script takes a payment', {}, async (customer) => {
      const order = await services.order();
      await customer.goto(pinned('pinned', order));
      await customer.clicks('button', 'Nordea');
      await customer.paysAtNordea();
      await customer.shows('paid');
    });

    for (const [what, change] of [
      ['the script', { '.js': (bytes) => changed(bytes, '\n', ' ') }],
      ['the module', { '.wasm': (bytes) => changed(bytes, 'Tulosta', 'tulosta') }],
    ]) {
      story(`with one byte of ${what} changed a page that pins keeps its own form`, { spoilt: { bodies: change }, expected: [/integrity|digest|sha384/i] }, async (customer) => {
        const order = await services.order();
        await customer.goto(pinned('changed', order));
        await customer.until(() => customer.sight(() => globalThis.failed), 'a failure');
        assert.equal(await customer.has('element heading', words.chooseBank), false);
        await customer.clicks('button', 'Maksa Kassassa');
        await customer.until(async () => (await customer.address()).startsWith(order.hosted), 'the hosted page');
        // The byte does no harm by itself: where nothing is pinned, it works as before.
        services.fronts.kassa.spoilt = { bodies: { '.js': unpinned, ...change } };
        await customer.goto(page('loose', checkout(order)));
        await customer.shows('chooseBank');
      });
    }

    // Firefox complains of a stream that is closed before it has come to be: the customer was quicker.
    const closed = [/\/events\. \(Reason: CORS request did not succeed\)/];
    story('the back button leads to a page that can be used as before', { expected: closed }, async (customer) => {
      const order = await services.order();
      await customer.goto(order.embedded);
      await customer.sees('button', 'Nordea');
      await customer.tab.evaluate(() => addEventListener('pageshow', ({ persisted }) => (globalThis.kept = persisted)));
      await customer.clicks('button', 'Nordea');
      await customer.sees('button', words.toNordea);
      await customer.goesBack();
      await customer.shows('pending');
      assert.equal(await customer.tab.evaluate(() => globalThis.kept), true, 'kept in the browser\'s memory');
      await customer.clicks('button', words.otherBank);
      await customer.clicks('button', 'Nordea');
      await customer.paysAtNordea();
      await customer.shows('paid');
    });

    story('two elements on one page are two payments', {}, async (customer) => {
      const [first, second] = [await services.order(), await services.order()];
      await customer.goto(page('two', checkout(first) + checkout(second)));
      await customer.sees('button', 'Nordea', 1);
      // Labels and headings of one do not name the other's.
      const ids = await customer.tab.evaluate(() =>
        [...document.querySelectorAll('kassa-checkout')].map((element) => element.shadowRoot.querySelectorAll('h2').length),
      );
      assert.deepEqual(ids, [1, 1]);
      await customer.clicks('search', words.search, 1);
      await customer.types('nordea');
      await customer.until(async () => !(await customer.has('button', 'Ålandsbanken', 1)), 'a shorter list');
      await customer.sees('button', 'Ålandsbanken', 0);
      await customer.presses('Enter');
      await customer.paysAtNordea();
      await customer.shows('paid');
      assert.match(await customer.address(), new RegExp(second.key));
    });

    story('inside another shadow root it works as anywhere', {}, async (customer) => {
      const order = await services.order();
      await customer.goto(page('nested', `<shop-box>${checkout(order)}</shop-box>`));
      await customer.shows('chooseBank');
      assert.deepEqual(await customer.tab.evaluate(() => globalThis.heard), ['kassa-ready']);
      await tabTo(customer, 'input', words.search);
      await customer.types('nordea');
      await customer.presses('Enter');
      await customer.paysAtNordea();
      await customer.shows('paid');
    });

    for (const [where, host] of [['this', (origin) => origin], ['another', elsewhere]]) {
      story(`inside a frame of ${where} origin the whole window leaves for the bank`, {}, async (customer) => {
        const order = await services.order();
        const inner = page(`inner-${where}`, checkout(order));
        await customer.goto(host(page(`outer-${where}`, `<iframe src="${inner}" title="Maksu"></iframe>`)));
        await inFrame(customer, where);
        await customer.types('nordea');
        await customer.presses('Enter');
        await customer.paysAtNordea();
        await customer.shows('paid');
      });
    }

    test('with WebAssembly turned off the form takes the payment', async () => {
      const old = await start({ without: 'wasm' });
      try {
        await visit(old, async (customer) => {
          const order = await services.order();
          await customer.goto(order.hosted);
          assert.equal(await customer.tab.evaluate(() => typeof WebAssembly), 'undefined');
          await customer.clicks('button', 'Nordea');
          await customer.paysAtNordea();
          await customer.sees('heading', words.paid);
        });
      } finally {
        await old.stop();
      }
    });

    story('put in and taken out 1,000 times it leaves nothing behind', {}, async (customer) => {
      await customer.goto(`${files.origin}/www/widget/preview/preview.html?option=4`);
      await customer.shows('chooseBank');
      const { tab } = customer;
      const remount = async (times) => {
        assert.equal(await tab.evaluate(remounted, times), '');
        await customer.shows('chooseBank');
        return await tab.evaluate(held);
      };
      await remount(100);
      const heap = await measured(tab);
      const before = await tab.evaluate(held);
      const after = await remount(1_000);
      assert.deepEqual(after, { ...before, wasm: after.wasm });
      // WebAssembly's memory never shrinks: it must have come to its size before.
      assert.ok(after.wasm <= before.wasm + 65_536, `${before.wasm} bytes of WebAssembly grew to ${after.wasm}`);
      const grown = await measured(tab);
      if (heap) assert.ok(grown.listeners - heap.listeners <= 20 && grown.nodes - heap.nodes <= 300 && grown.heap - heap.heap <= 1_000_000, `1,000 times left ${JSON.stringify([heap, grown])}`);
    });
  });
}

/** Markup with the element for an order. */
const checkout = ({ payment: { token } }) => `<kassa-checkout session="${token}" api="${services.kassa}" lang="fi"></kassa-checkout>`;

/** Puts a page on the shop's origin and gives its address. */
function page(name, body) {
  const script = `/test/${name}.js`;
  services.fronts.shop.pages[script] = `
    globalThis.heard = [];
    for (const name of ['ready', 'error']) addEventListener('kassa-' + name, ({ type }) => {
      heard.push(type);
      // A frame around it may be of another origin.
      parent.postMessage(type, '*');
    });
    addEventListener('focusin', (event) => parent.postMessage('focus on ' + event.composedPath()[0].localName, '*'));
    if (parent === self) addEventListener('message', ({ data, source }) => source !== self && heard.push(data));
    customElements.define('shop-box', class extends HTMLElement {
      connectedCallback() {
        this.attachShadow({ mode: 'open' }).append(...this.children);
      }
    });
    import('${services.kassa}/assets/checkout/kassa-checkout.js');`;
  services.fronts.shop.pages[`/test/${name}.css`] = 'iframe { width: 600px; height: 700px; border: 0 }';
  services.fronts.shop.pages[`/test/${name}.html`] = `<!doctype html><html lang="fi"><meta charset="utf-8"><title>Maksu</title>
    <link rel="icon" href="/art/mark.svg"><link rel="stylesheet" href="/test/${name}.css"><script type="module" src="${script}"></script><main><h1>Maksu</h1>${body}</main></html>`;
  return `${services.shop}/test/${name}.html`;
}

/** A page on the shop's origin that pins the script, with a form of its own inside the element. */
function pinned(name, { hosted, payment: { token } }) {
  const { pages } = services.fronts.shop;
  pages['/test/watch.js'] = `
    globalThis.failed = '';
    document.querySelector('[integrity]').addEventListener('error', () => (globalThis.failed = 'script'));
    addEventListener('kassa-error', ({ detail }) => (globalThis.failed = detail.code));`;
  pages[`/test/${name}.html`] = `<!doctype html><html lang="fi"><meta charset="utf-8"><title>Maksu</title><link rel="icon" href="/art/mark.svg">
    <script type="module" src="${services.kassa}${PINNED}" integrity="${integrity()}" crossorigin="anonymous"></script><script src="/test/watch.js"></script>
    <main><h1>Maksu</h1><kassa-checkout session="${token}" api="${services.kassa}" lang="fi"><form action="${hosted}"><button>Maksa Kassassa</button></form></kassa-checkout></main></html>`;
  return `${services.shop}/test/${name}.html`;
}

/** Presses Tab until the focus is there. */
async function tabTo(customer, tag, text) {
  for (let pressed = 0; pressed < 30; pressed += 1) {
    await customer.presses('Tab');
    const now = await customer.tab.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return [element.localName, element.getAttribute('aria-label') ?? element.textContent];
    });
    if (now[0] === tag && now[1].startsWith(text)) return;
  }
  assert.fail(`Tab does not lead to ${tag} ${text}`);
}

/** Brings the focus into the search of the element in the frame. */
async function inFrame(customer, where) {
  if (where === 'this') {
    await customer.shows('chooseBank');
    return customer.clicks('search', words.search);
  }
  // Nothing can be read in a frame of another origin; it tells when it is ready.
  const heard = () => customer.sight(() => globalThis.heard);
  await customer.until(async () => (await heard()).includes('kassa-ready'), 'the frame\'s element');
  // The frame may be of another process, which has the focus a moment later, and a key that is
  // pressed before a window has the focus leads nowhere.
  let next = 0;
  await customer.until(async () => {
    if ((await heard()).at(-1) === 'focus on input') return true;
    if (Date.now() > next) {
      await customer.presses('Tab');
      next = Date.now() + 3_000;
    }
    return false;
  }, 'the focus on the frame\'s search');
}

/** In the preview: takes the element out and puts it in, half of the times before it is ready. */
async function remounted(times) {
  const faults = [];
  const note = (event) => faults.push(String(event.error ?? event.reason ?? event.detail?.code));
  for (const type of ['error', 'unhandledrejection', 'kassa-error']) addEventListener(type, note);
  const element = document.querySelector('kassa-checkout');
  const place = element.parentNode;
  for (let time = 0; time < times; time += 1) {
    element.remove();
    const ready = new Promise((done) => element.addEventListener('kassa-ready', done, { once: true }));
    place.append(element);
    if (time % 2 === 0) await ready;
    else element.dispatchEvent(new Event('kassa-ready'));
  }
  for (const type of ['error', 'unhandledrejection', 'kassa-error']) removeEventListener(type, note);
  globalThis.preview.requests.length = 0;
  globalThis.preview.events.length = 0;
  return faults.join(', ');
}

/** In the preview: what an element holds, as far as a page can tell. */
async function held() {
  const { init } = await import('/pkg/dist/checkout/element.js');
  const { memory } = await init();
  const { shadowRoot } = document.querySelector('kassa-checkout');
  return {
    wasm: memory.buffer.byteLength,
    streams: globalThis.preview.streams.length,
    nodes: shadowRoot.querySelectorAll('*').length,
    sheets: shadowRoot.adoptedStyleSheets.length,
  };
}

/** Chromium's own count of what is alive; the other engines give none. */
async function measured({ page: tab }) {
  if (!tab?.createCDPSession || (await tab.browser().version()).startsWith('firefox')) return null;
  const tools = await tab.createCDPSession();
  await tools.send('HeapProfiler.collectGarbage');
  const { JSEventListeners: listeners, Nodes: nodes, JSHeapUsedSize: heap } = await tab.metrics();
  await tools.detach();
  return { listeners, nodes, heap };
}
