// The elements against a network that is made up here; the address says what it answers.
//
//   element=checkout|status   lang=fi|sv|en    option=1…6     theme=light|dark
//   look=plain|soft|contrast  slots=on
//   state=created|pending|…   amount=4990      at=kassa|provider
//   net=slow|offline|gone     pay=fail|refuse|slow|post|await      remember=off
//
// Serve the repository's root, for instance with `python3 -m http.server`, after
// `cargo xtask build`, and open /www/widget/preview/preview.html?state=paid&lang=sv
import { session, status } from './fixtures.js';

const wanted = Object.fromEntries(new URLSearchParams(location.search));
const real = globalThis.fetch;
const forever = () => new Promise(() => {});
const json = (body, code = 200) => new Response(JSON.stringify(body), { status: code });

/** What tests read and turn: requests seen, the status to answer with, the network's mood. */
const preview = (globalThis.preview = {
  requests: [],
  events: [],
  streams: [],
  net: wanted.net,
  pay: wanted.pay,
  status: null,
  /** Ends the newest request. */
  signal: null,
  /** The provider reports another status. */
  report(word) {
    preview.status = { ...status(word), version: (preview.status?.version ?? 1) + 1 };
    for (const stream of preview.streams) stream.tell(preview.status);
  },
});

globalThis.fetch = async (address, options) => {
  const request = new Request(address, options);
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith('/checkout/')) return real(address, options);
  preview.signal = request.signal;
  preview.requests.push({ path: pathname, body: await request.clone().text() });
  if (preview.net === 'slow') return forever();
  if (preview.net === 'offline') throw new TypeError('Failed to fetch');
  if (preview.net === 'gone') return json({ code: 'checkout/unknown' }, 404);
  if (pathname.endsWith('/pay')) return pay();
  if (pathname.endsWith('/status')) return json(preview.status ?? status(wanted.state ?? 'created'));
  const found = session({ ...wanted, ...(preview.amount && { amount: preview.amount }) });
  return json(preview.status ? { ...found, status: preview.status } : found);
};

function pay() {
  const url = `${location.origin}/www/widget/preview/bank.html`;
  switch (preview.pay) {
    case 'slow':
      return forever();
    case 'fail':
      return json({ code: 'provider/unreachable' }, 502);
    case 'refuse':
      return json({ code: 'payment/not-payable' }, 409);
    case 'await':
      preview.status = { ...status('pending'), version: 2, next: { kind: 'await' } };
      return json({ kind: 'await' });
    case 'post':
      return json({ kind: 'post_form', url, fields: [{ name: 'a', value: 'ä & <b>' }] });
    default:
      return json({ kind: 'redirect', url });
  }
}

Object.defineProperty(navigator, 'onLine', { get: () => preview.net !== 'offline' });

globalThis.EventSource = class extends EventTarget {
  static OPEN = 1;
  readyState = 1;

  constructor(url) {
    super();
    this.url = url;
    preview.streams.push(this);
  }

  tell(body) {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(body) }));
  }

  close() {
    this.readyState = 2;
    preview.streams = preview.streams.filter((stream) => stream !== this);
  }
};

for (const name of ['ready', 'bank', 'redirect', 'status', 'error']) {
  addEventListener(`kassa-${name}`, ({ type, detail }) => preview.events.push({ type, detail }));
}

document.documentElement.lang = wanted.lang ?? 'fi';
if (wanted.theme) document.querySelector('[name=color-scheme]').content = wanted.theme;
const element = document.createElement(`kassa-${wanted.element ?? 'checkout'}`);
element.setAttribute('session', 'preview');
if (wanted.lang) element.lang = wanted.lang;
if (wanted.look) {
  const look = { rel: 'stylesheet', href: `../../../pkg/themes/${wanted.look}.css` };
  await new Promise((done) => document.head.append(Object.assign(document.createElement('link'), look, { onload: done })));
}
if (wanted.slots) {
  for (const slot of ['header', 'footer', 'error']) {
    element.append(Object.assign(document.createElement('p'), { slot, textContent: `The shop’s ${slot}` }));
  }
}
if (wanted.remember) element.setAttribute('remember', wanted.remember);
document.querySelector('main').append(element);
await import('../../../pkg/dist/checkout/index.js');
