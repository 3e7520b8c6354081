// The custom elements' shell: attributes, shadow root, style sheet and the listeners outside of it.
// Everything inside is drawn by the WebAssembly module, see www/widget.
import load, { mount } from './kassa_widget.js';
import { fallback } from './fallback.js';
import { press } from './keys.js';

let module;
let sheet;

/** The hashes of what is loaded, in the one script that pins them (src/xtask/src/front). */
const pins = typeof KASSA_PINS === 'undefined' ? {} : KASSA_PINS;

/**
 * Loads the WebAssembly module. Called by the first element; call it earlier to preload, or with
 * an address, response, bytes or module where a bundler keeps the file elsewhere.
 */
export function init(source) {
  const file = new URL('./kassa_widget_bg.wasm', import.meta.url);
  module ??= load({ module_or_path: source ?? fetch(file, { integrity: pins.module }) }).catch((error) => {
    module = undefined; // The next element may have more luck.
    throw error;
  });
  return module;
}

/** The style sheet, constructed once and shared by all elements. */
function style() {
  sheet ??= (async () => {
    const made = new CSSStyleSheet();
    const file = new URL('./kassa.css', import.meta.url);
    const answer = await fetch(file, { integrity: pins.style });
    made.replaceSync(answer.ok ? await answer.text() : '');
    return made;
  })().catch(() => {
    sheet = undefined; // Plain, but in working order.
    return new CSSStyleSheet();
  });
  return sheet;
}

/** A place for what the page has inside the element. */
const place = () => document.createElement('slot');

/** Whether WebAssembly aborted: its state is not to be trusted from then on. */
const isTrap = (error) => error?.name === 'RuntimeError';

const KEY = 'kassa-bank';

/** Uses the device's storage; where it is blocked, nothing is remembered. */
function storage(use) {
  try {
    return use(localStorage);
  } catch {
    return undefined;
  }
}

/** Reads Kassa's JSON. The way back to the shop is left out on the very page it leads to. */
function read(text) {
  const page = (address) => address.split(/[?#]/)[0];
  return JSON.parse(text, (key, value) =>
    key === 'return_url' && page(value) === page(location.href) ? '' : value,
  );
}

/** Where the payment is below its address, to begin with. */
const SESSION = '/session';

/** Asks Kassa, by POST if there is a body: the status (0 without answer, 1 offline) and the JSON. */
async function ask(address, { signal, body }) {
  const headers = { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) };
  try {
    const answer = await fetch(address, { signal, headers, body, method: body ? 'POST' : 'GET' });
    return [answer.status, answer.ok ? read(await answer.text()) : null];
  } catch {
    return [navigator.onLine ? 0 : 1, null];
  }
}

/** What each event carries, in the order in which the module says it; empty is nothing. */
const details = {
  ready: (status, bank) => ({ status, bank }),
  status: (status, bank) => ({ status, bank }),
  bank: (bank, method) => ({ bank, method }),
  redirect: (kind, bank) => ({ kind, bank }),
  error: (code) => ({ code }),
};

// On a server there is no HTMLElement; importing must not fail for that.
class KassaElement extends (globalThis.HTMLElement ?? class {}) {
  static observedAttributes = ['session', 'api', 'lang', 'remember'];

  #handle;
  #listening;
  // What is on screen: a slot for the page's own content, or the view of a handle.
  #shown = {};
  // Grows with every start and end, so that a slow start notices that it is no longer wanted.
  #turn = 0;

  /** The checkout token that the shop's server got for the payment. */
  get session() {
    return this.getAttribute('session') ?? '';
  }

  set session(token) {
    this.setAttribute('session', token ?? '');
  }

  /** Where Kassa is: an origin, or nothing for this page's own. */
  get api() {
    return (this.getAttribute('api') ?? '').replace(/\/+$/, '');
  }

  set api(address) {
    this.setAttribute('api', address ?? '');
  }

  /** Looks at the payment's status now. */
  refresh() {
    this.#handle?.wake(false);
  }

  connectedCallback() {
    // What a page set before this class was there hides the properties of the class.
    for (const name of ['session', 'api']) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#start();
  }

  disconnectedCallback() {
    this.#end();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.isConnected) return;
    if (name === 'lang') {
      this.#handle?.speak(this.#language);
      return;
    }
    // Several attributes may change in one go; begin once.
    const turn = ++this.#turn;
    queueMicrotask(() => turn === this.#turn && this.isConnected && this.#start());
  }

  async #start() {
    let focused = this.matches(':focus-within');
    this.#end(this.session);
    // It may be set later.
    if (!this.session) return this.shadowRoot?.replaceChildren(place());
    const turn = this.#turn;
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    // What the page has inside the element, for instance the form that needs no script, stays in
    // sight and in use until there is something to put in its place; so does another payment.
    const waiting = (this.#shown.node ??= place());
    const region = document.createElement('p');
    region.className = 'k-vh';
    region.role = 'status';
    root.replaceChildren(waiting, region);
    const show = (node, handle) => {
      focused ||= this.matches(':focus-within');
      this.#shown.node.replaceWith(node);
      this.#shown.handle?.unmount();
      this.#shown = { node, handle };
      region.textContent = '';
      if (focused) node.querySelector('h2')?.focus();
    };
    const { signal } = (this.#listening = new AbortController());
    try {
      // All three set off at once, for each way there and back is long on a slow network.
      const loading = init();
      loading.catch(() => {}); // Awaited below, after the sheet.
      const session = ask(this.#base + SESSION, { signal });
      const shared = await style();
      if (turn !== this.#turn) return;
      root.adoptedStyleSheets = [shared];
      if (waiting.matches('slot')) waiting.innerHTML = fallback.skeleton;
      fallback.say(region, this.#language);
      await loading;
      if (turn === this.#turn) this.#mount(region, session, show);
    } catch (error) {
      if (turn === this.#turn) this.#break(error);
    }
  }

  #mount(region, session, show) {
    const inside = document.createElement('div');
    const turn = this.#turn;
    const emit = (name, ...values) => {
      if (turn !== this.#turn) return;
      // A fault leaves the page's own content in use, where there is any.
      const own = name === 'error' && this.querySelector(':scope>:not([slot])');
      setTimeout(() => {
        if (turn !== this.#turn || this.#shown.handle === this.#handle) return;
        if (own) show(place());
        else show(inside, this.#handle);
      });
      this.#emit(name, ...values);
    };
    const { signal } = this.#listening;
    this.#listen(inside, signal);
    const host = this.#host(inside, region, emit, session, signal);
    this.#handle = mount(inside, host, this.#language);
  }

  /** What the module may do outside of its view; `Host` in www/widget/src/browser.rs. */
  #host(inside, region, emit, session, signal) {
    const base = this.#base;
    const remembers = this.getAttribute('remember') !== 'off';
    let stream;
    return {
      statusFirst: this instanceof KassaStatus,
      remembered: () => (remembers ? storage((kept) => kept.getItem(KEY)) : undefined) ?? undefined,
      remember: (bank) => remembers && storage((kept) => kept.setItem(KEY, bank)),
      emit(...event) {
        // On the way to the bank nothing below may move under the second click of a double click.
        const leaving = ['bank', 'redirect'].includes(event[0]);
        inside.style.minHeight = leaving ? `${inside.offsetHeight}px` : '';
        // In a task of its own: whoever listens may remove the element at once.
        queueMicrotask(() => emit(...event));
      },
      say(text) {
        region.lang = inside.firstElementChild.lang;
        region.textContent = text;
      },
      turn() {
        if (inside.matches(':focus-within')) {
          setTimeout(() => inside.querySelector('h2')?.focus());
        }
      },
      request(path, body) {
        const early = path === SESSION && session;
        if (early) session = undefined; // An answer is good for one question.
        return early || ask(base + path, { signal, body });
      },
      wait: (millis) => new Promise((done) => setTimeout(done, millis)),
      stream: (open) => {
        stream?.close();
        stream = open && globalThis.EventSource ? new EventSource(`${base}/events`) : undefined;
        stream?.addEventListener('message', ({ data }) => this.#handle?.told(read(data)));
      },
      get streaming() {
        return stream?.readyState === 1;
      },
      leave(url) {
        if (!url) return inside.querySelector('.k-onward')?.submit();
        try {
          top.location.href = url; // Allowed across origins, unless the frame is forbidden it.
        } catch {
          // The link on screen leads there.
        }
      },
      print: () => print(),
    };
  }

  #listen(inside, signal) {
    const on = (target, type, listener) => target.addEventListener(type, listener, { signal });
    const wake = (restored) => this.#handle?.wake(restored);
    on(globalThis, 'pageshow', (event) => event.persisted && wake(true));
    on(globalThis, 'online', () => wake(false));
    on(document, 'visibilitychange', () => document.visibilityState === 'visible' && wake(false));
    const trapped = (reason) => isTrap(reason) && this.#break(reason);
    on(globalThis, 'error', (event) => trapped(event.error));
    on(globalThis, 'unhandledrejection', (event) => trapped(event.reason));

    // Every button of the view is a submit button; only the provider's form is really sent.
    on(inside, 'submit', (event) => {
      const { submitter } = event;
      if (event.target.matches('.k-onward')) return;
      event.preventDefault();
      if (submitter) this.#handle?.act(submitter.name, submitter.value);
    });
    const search = (typed) => this.#handle?.search(typed);
    on(inside, 'input', (event) => search(event.target.value));
    on(inside, 'keydown', (event) => press(inside, event, search));
  }

  /** Gives the page's own content back; where there is none, the way to the hosted page. */
  #break(error) {
    this.#turn += 1;
    this.#listening?.abort();
    let code = 'widget/load';
    if (isTrap(error)) {
      code = 'widget/crash';
      // What has trapped must not be called again: not by this element, nor by another.
      module = Promise.reject(error);
      module.catch(() => {});
    }
    this.#handle = undefined;
    this.#shown = {};
    const slot = place();
    fallback.link(slot, this.#base, this.#language);
    this.shadowRoot.replaceChildren(slot);
    this.#emit('error', code);
  }

  /** Ends what runs. What is on screen may stay there, out of use. */
  #end(stays) {
    this.#turn += 1;
    this.#listening?.abort();
    const { node, handle } = this.#shown;
    if (this.#handle !== handle) this.#handle?.unmount();
    this.#handle = undefined;
    if (stays && handle) node.inert = true;
    else {
      handle?.unmount();
      this.#shown = {};
    }
  }

  /** `sv-FI` is `sv`; what is not spoken here is left to the payment. */
  get #language() {
    return (this.getAttribute('lang') ?? '').trim().split(/[-_]/)[0].toLowerCase();
  }

  get #base() {
    return `${this.api}/checkout/${encodeURIComponent(this.session)}`;
  }

  #emit(name, ...values) {
    const detail = details[name](...values.map((value) => value || null));
    this.dispatchEvent(
      new CustomEvent(`kassa-${name}`, { bubbles: true, composed: true, detail }),
    );
  }
}

/** `<kassa-checkout>`: choose a bank, pay, see what came of it. */
export class KassaCheckout extends KassaElement {}

/** `<kassa-status>`: where a payment stands. */
export class KassaStatus extends KassaElement {}
