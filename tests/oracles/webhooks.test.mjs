// Our webhooks, judged by the public library `standardwebhooks` from npm.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

const PROGRAMS = process.env.KASSA_BIN_DIR ?? fileURLToPath(new URL('../../target/debug', import.meta.url));
const program = (name) => join(PROGRAMS, name);

// The development configuration's, which everybody knows.
const API_KEY = 'kassa_dev_demo_0123456789abcdef0123456789abcdef';
const SECRET = 'whsec_a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=';

/** Webhooks that our code signed just now. */
const deliveries = () => JSON.parse(execFileSync(program('webhooks'), ['sign']));

/** Verifies as a shop does; what the library throws goes through. */
const verify = ({ secret, id, timestamp, signature, body }) =>
  new Webhook(secret).verify(body, {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  });

test('the library takes every good webhook and reads its body', () => {
  const good = deliveries().filter(({ accepted }) => accepted);
  assert.ok(good.length >= 27, `${good.length} good webhooks`);
  for (const delivery of good) {
    assert.deepEqual(verify(delivery), JSON.parse(delivery.body), delivery.name);
  }
});

test('while keys change, one header holds for the old secret and for the new', () => {
  const rotation = deliveries().filter(({ accepted, signature }) => accepted && signature.includes(' '));
  assert.equal(rotation.length, 4);
  assert.equal(new Set(rotation.map(({ secret }) => secret)).size, 2);
  for (const delivery of rotation) verify(delivery);
});

test('the library refuses every spoilt webhook', () => {
  const spoilt = deliveries().filter(({ accepted }) => !accepted);
  assert.ok(spoilt.length >= 17, `${spoilt.length} spoilt webhooks`);
  for (const delivery of spoilt) {
    assert.throws(() => verify(delivery), WebhookVerificationError, delivery.name);
  }
});

test('a webhook that the library signs is taken by our code', () => {
  const signed = deliveries()
    .filter(({ accepted, signature }) => accepted && !signature.includes(' '))
    .map((delivery) => {
      const { secret, id, timestamp, body } = delivery;
      return { ...delivery, signature: new Webhook(secret).sign(id, new Date(timestamp * 1000), body) };
    });
  const tampered = signed.map((delivery) => ({ ...delivery, body: `${delivery.body} ` }));
  const input = JSON.stringify([...signed, ...tampered]);
  const taken = JSON.parse(execFileSync(program('webhooks'), ['verify'], { input }));
  assert.deepEqual(taken, [...signed.map(() => true), ...tampered.map(() => false)]);
});

test('what the running server delivers is verified as it came over the wire', async () => {
  const inbox = [];
  const shop = createServer(async (request, response) => {
    const parts = await request.toArray();
    inbox.push({ headers: request.headers, body: Buffer.concat(parts) });
    response.writeHead(204).end();
    shop.emit('webhook');
  });
  await once(shop.listen(0, '127.0.0.1'), 'listening');
  const shopUrl = `http://127.0.0.1:${shop.address().port}`;
  const data = await mkdtemp(join(tmpdir(), 'kassa-oracle-'));
  const kassa = spawn(program('kassa'), ['serve', '--listen', '127.0.0.1:0', '--data', data, '--shop', shopUrl], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const came = once(shop, 'webhook', { signal: AbortSignal.timeout(20_000) });
    await changeAPayment(await listening(kassa), shopUrl);
    await came;
    const [{ headers, body }] = inbox;
    const read = new Webhook(SECRET).verify(body, headers);
    assert.equal(read.type, 'payment.updated');
    assert.equal(read.data.order, 'ORACLE-1');
    const tampered = Buffer.from(body.toString().replace('ORACLE-1', 'ORACLE-2'));
    assert.throws(() => new Webhook(SECRET).verify(tampered, headers), WebhookVerificationError);
  } finally {
    kassa.kill('SIGKILL');
    shop.close();
    await rm(data, { recursive: true, force: true });
  }
});

/** The address in a server's first line. */
async function listening(server) {
  let said = '';
  for await (const part of server.stdout) {
    said += part;
    const address = /listening on (\S+)\n/.exec(said)?.[1];
    if (address) return address;
  }
  throw new Error(`the server ended: ${said}`);
}

/** Makes a payment and sends its customer to the bank, of which the shop is told. */
async function changeAPayment(kassa, shopUrl) {
  const payment = await post(
    `${kassa}/v1/payments`,
    { order: 'ORACLE-1', amount: 4990, return_url: `${shopUrl}/thanks` },
    { authorization: `Bearer ${API_KEY}` },
  );
  await post(`${kassa}/checkout/${payment.token}/pay`, { bank: 'nordea' });
}

async function post(address, body, headers = {}) {
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${address} answered ${answer.status}: ${await answer.clone().text()}`);
  return answer.json();
}
