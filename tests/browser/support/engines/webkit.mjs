// WebKit as GTK has it: its MiniBrowser, told what to do by WebKitWebDriver, on a screen of Xvfb's.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { freePorts } from '../services.mjs';

/** WebDriver's names of keys that write nothing. */
const KEYS = {
  ArrowDown: '\uE015',
  ArrowUp: '\uE013',
  End: '\uE010',
  Enter: '\uE007',
  Escape: '\uE00C',
  Home: '\uE011',
  Space: ' ',
  Tab: '\uE004',
};

/** Without a graphics card, and without asking the desktop for anything. */
const PLAIN = {
  LC_ALL: 'C.UTF-8',
  LIBGL_ALWAYS_SOFTWARE: '1',
  NO_AT_BRIDGE: '1',
  WEBKIT_DISABLE_COMPOSITING_MODE: '1',
  WEBKIT_DISABLE_DMABUF_RENDERER: '1',
  GTK_A11Y: 'none',
  GSETTINGS_BACKEND: 'memory',
};

/** Starts the screen and the driver; each tab is a browser of its own, with WebAssembly or `without`. */
export async function start(binary, { without, driver = 'WebKitWebDriver', screen = 'Xvfb' } = {}) {
  // The screen tells its number where it is told to.
  const xvfb = spawn(screen, ['-displayfd', '1', '-screen', '0', '1000x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const display = `:${(await firstLine(xvfb, screen)).trim()}`;
  const [port] = await freePorts(1);
  const driving = spawn(driver, ['-p', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, ...PLAIN, ...(without === 'wasm' && { JSC_useWasm: '0' }), DISPLAY: display },
  });
  const stopped = () => [driving, xvfb].forEach((child) => child.kill('SIGKILL'));
  process.once('exit', stopped);
  const base = `http://127.0.0.1:${port}`;
  await answers(base, driving);
  let version = '';
  return {
    get version() {
      return version;
    },
    async open() {
      const { sessionId, capabilities } = await call(base, 'POST', '/session', {
        capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: ['--automation', '--geometry=1000x900'] } } },
      });
      version = `WebKitGTK ${capabilities.browserVersion}`;
      const tab = new Tab(`${base}/session/${sessionId}`);
      await tab.call('POST', '/timeouts', { pageLoad: 15_000, script: 120_000, implicit: 0 });
      return tab;
    },
    stop: async () => stopped(),
  };
}

/** One browser with one page. */
class Tab {
  /** The driver tells neither errors nor requests; the pages that watch themselves do. */
  seen = { errors: [], requests: [] };
  #base;

  constructor(base) {
    this.#base = base;
  }

  call(method, path, body) {
    return call(this.#base, method, path, body);
  }

  goto(url) {
    return this.call('POST', '/url', { url });
  }

  evaluate(act, ...values) {
    return this.call('POST', '/execute/sync', { script: `return (${act}).apply(null, arguments)`, args: values });
  }

  async click(x, y) {
    const move = { type: 'pointerMove', origin: 'viewport', duration: 0, x: Math.round(x), y: Math.round(y) };
    await this.#act('pointer', 'mouse', [move, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }]);
  }

  async press(key) {
    const value = KEYS[key] ?? key;
    await this.#act('key', 'keys', [{ type: 'keyDown', value }, { type: 'keyUp', value }]);
  }

  async type(text) {
    for (const letter of text) await this.press(letter);
  }

  async screenshot(path) {
    await writeFile(path, Buffer.from(await this.call('GET', '/screenshot'), 'base64'));
  }

  close() {
    return this.call('DELETE', '');
  }

  #act(type, id, actions) {
    const parameters = type === 'pointer' ? { pointerType: 'mouse' } : undefined;
    return this.call('POST', '/actions', { actions: [{ type, id, parameters, actions }] });
  }
}

async function call(base, method, path, body) {
  const answer = await fetch(base + path, { method, body: body && JSON.stringify(body) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  return value;
}

async function answers(base, child) {
  for (let tried = 0; tried < 100; tried += 1) {
    assert.equal(child.exitCode, null, 'WebKitWebDriver ended at once');
    if (await call(base, 'GET', '/status').then(() => true, () => false)) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail('WebKitWebDriver does not answer');
}

function firstLine(child, name) {
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (bytes) => resolve(String(bytes)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} ended (${code})`)));
  });
}
