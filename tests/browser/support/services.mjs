// Kassa, the simulator and the demo shop, as programs of their own on free loopback ports.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { movableClock } from './clock.mjs';
import { Front } from './front.mjs';

const PROGRAMS = process.env.KASSA_BIN_DIR ?? fileURLToPath(new URL('../../../target/debug', import.meta.url));
const WEEK = 7 * 24 * 60 * 60;

/**
 * Starts all three. The database is in a folder of its own, which `stop` removes. With `gate`,
 * banks are come to by the provider's Gate rather than over its page; with `movable`, Kassa's clock
 * can be put forward. With `fronts`, browsers meet Kassa and the shop behind proxies, `fronts.kassa`
 * and `fronts.shop`, that a test may spoil. `shop` is the origin of a shop of the test's own, which
 * Kassa then knows instead of the demo shop.
 */
export async function startServices({ gate = false, movable = false, fronts: wanted = false, shop: others } = {}) {
  const [kassa, simulator, shop] = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  const at = (address) => `http://${address}`;
  const fronts = wanted ? { kassa: await Front.start(), shop: await Front.start() } : null;
  const seen = { kassa: fronts?.kassa.origin ?? at(kassa), shop: fronts?.shop.origin ?? at(shop) };
  if (fronts) {
    fronts.kassa.target = at(kassa);
    fronts.shop.target = at(shop);
  }
  const data = await mkdtemp(join(tmpdir(), 'kassa-browser-'));
  const clock = movable ? await movableClock(data) : undefined;
  const server = ['serve', '--listen', kassa, '--public-url', seen.kassa, '--data', data, '--simulator', at(simulator), '--shop', others ?? seen.shop, ...(gate ? ['--gate'] : [])];
  const startKassa = () => own('kassa', server, clock?.env);
  const started = [
    startKassa(),
    own('kassa-simulator', ['--listen', simulator]),
    own('kassa-demo-shop', ['--listen', shop, '--public-url', seen.shop, '--kassa', at(kassa), '--public-kassa', seen.kassa, '--simulator', at(simulator)]),
  ];
  const stop = async () => {
    await Promise.all(started.map((program) => program.stop()));
    await Promise.all(Object.values(fronts ?? {}).map((front) => front.stop()));
    await rm(data, { recursive: true, force: true });
  };
  try {
    await Promise.all(started.map((program) => program.ready));
  } catch (error) {
    await stop();
    throw error;
  }
  /** What is due is measured by a clock that nobody sets, so that the server is started anew. */
  const putForward = async (seconds) => {
    await started[0].stop();
    await clock.putForward(seconds);
    started[0] = startKassa();
    await started[0].ready;
  };
  return new Services({ ...seen, simulator: at(simulator), fronts }, stop, { clock, putForward });
}

/** Starts the simulator alone. */
export async function startSimulator() {
  const [port] = await freePorts(1);
  const listen = `127.0.0.1:${port}`;
  const program = own('kassa-simulator', ['--listen', listen]);
  await program.ready;
  const origin = `http://${listen}`;
  return {
    origin,
    /** Asks its control API, or with a body has it do something. */
    control: (path, body) => (body ? post(`${origin}${path}`, body) : get(`${origin}${path}`)),
    stop: () => program.stop(),
  };
}

/** The running programs, and what a test does behind the customer's back. */
class Services {
  constructor({ kassa, simulator, shop, fronts }, stop, { clock, putForward }) {
    const op = new SimulatedOp(simulator);
    Object.assign(this, { kassa, simulator, shop, fronts, stop, clock, putForward, op });
  }

  /** The origins that pages may talk to. */
  get origins() {
    return [this.kassa, this.simulator, this.shop];
  }

  /** Has the shop take an order, as its checkout page does. */
  async order({ option = 'all_banks', at = 'kassa', language = 'fi', through = 'ecommpay' } = {}) {
    const banks = { named_banks: ['nordea', 'op'], single_bank: ['nordea'] }[option];
    const order = await post(`${this.shop}/api/orders`, {
      items: { tea: 2 },
      language,
      customer: { first_name: 'Maija', last_name: 'Meikäläinen', email: 'maija@example.fi' },
      selection: { option, ...(banks && { banks }) },
      choose_at: at,
      provider: through,
    });
    return {
      ...order,
      /** The shop's own checkout page with the element in it. */
      embedded: `${this.shop}/checkout.html?order=${order.key}`,
      hosted: order.payment.checkout_url,
    };
  }

  /** Lets a week pass at the simulator, and waits until Kassa has heard what came of it. */
  async weekLater() {
    await post(`${this.simulator}/control/clock`, { skip_seconds: WEEK });
    await post(`${this.simulator}/control/callbacks/flush`, {});
  }

  /** What goes wrong at the simulator from now on; nothing when nothing is named. */
  async faults(wanted) {
    await post(`${this.simulator}/control/faults`, wanted);
  }

  /** Lets seconds pass at the simulator. */
  async skip(seconds) {
    await post(`${this.simulator}/control/clock`, { skip_seconds: seconds });
  }

  /** Waits until all callbacks have set off. */
  async flush() {
    await post(`${this.simulator}/control/callbacks/flush`, {});
  }

  /** Has the shop give back cents of an order that was paid through OP, until that stands as `status`. */
  async refund(order, amount, status) {
    const { return_url: back } = await (await fetch(`${order.hosted}/status`)).json();
    const refunds = `${this.kassa}/v1/payments/${new URL(back).searchParams.get('payment')}/refunds`;
    const authorization = `Bearer ${API_KEY_AT_OP}`;
    const { id } = await post(refunds, { amount }, { authorization });
    for (let tries = 0; tries < 200; tries += 1) {
      const { data } = await (await fetch(refunds, { headers: { authorization } })).json();
      if (data.find((refund) => refund.id === id).status === status) return;
      await new Promise((done) => setTimeout(done, 25));
    }
    assert.fail(`the refund is never ${status}`);
  }

  /** How many payments the simulator was asked to open. */
  async opened() {
    const answer = await fetch(`${this.simulator}/control/payments`);
    return (await answer.json()).payments;
  }
}

/** The development configuration's shop where it is paid through OP. */
const API_KEY_AT_OP = 'kassa_dev_op_0123456789abcdef0123456789abcdef';

/** OP at the simulator, behind the customer's back. */
class SimulatedOp {
  #control;

  constructor(simulator) {
    this.#control = `${simulator}/control/op`;
  }

  /** What goes wrong from now on; nothing when nothing is named. */
  async faults(wanted) {
    await post(`${this.#control}/faults`, wanted);
  }

  /** The payments of an order, the oldest first; all without one. */
  async payments(order) {
    const { payments } = await (await fetch(`${this.#control}/payments`)).json();
    const wanted = order?.payment.reference.replaceAll(' ', '');
    return payments.filter(({ reference }) => !wanted || reference === wanted);
  }

  /** Ends an order's newest payment while the customer is elsewhere. */
  async act(order, act) {
    const { paymentId } = (await this.payments(order)).at(-1);
    await post(`${this.#control}/payments/${paymentId}/act`, { act });
  }

  /** Lets callbacks go that were held; says how many. */
  async release() {
    return (await post(`${this.#control}/callbacks/release`, {})).released;
  }
}

async function post(address, body, headers = {}) {
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${address} answered ${answer.status}: ${await answer.clone().text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

async function get(address) {
  const answer = await fetch(address);
  assert.ok(answer.ok, `${address} answered ${answer.status}`);
  return answer.json();
}

/** One of Kassa's programs. */
function own(name, args, env) {
  const path = join(PROGRAMS, name);
  assert.ok(existsSync(path), `${path} is not built; \`cargo build\` makes it, KASSA_BIN_DIR names its folder`);
  return new Program(path, args, env);
}

/** A program that says `listening on` when it is ready. */
export class Program {
  #child;
  #said = '';

  constructor(path, args, env = {}) {
    this.#child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.ended = new Promise((done) => this.#child.once('exit', done));
    this.ready = new Promise((resolve, reject) => {
      const hear = (bytes) => {
        // The last words are enough to say why a program ended.
        this.#said = (this.#said + bytes).slice(-4_000);
        if (this.#said.includes('listening on http')) resolve();
      };
      this.#child.stdout.on('data', hear);
      this.#child.stderr.on('data', hear);
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => reject(new Error(`${path} ended (${code}): ${this.#said}`)));
    });
    this.ready.catch(() => {}); // Awaited by whoever started it.
    // A test file that crashes leaves no program behind.
    process.once('exit', () => this.#child.kill('SIGKILL'));
  }

  async stop() {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** Ports that are free now, all different. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise((ready, failed) => server.once('error', failed).listen(0, '127.0.0.1', ready));
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
