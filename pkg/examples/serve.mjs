// The shop's server of all examples: static files, a strict policy, and the payment that a real
// shop's server would make: `node serve.mjs [--port 5173] [--kassa http://127.0.0.1:8080]`.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The key of Kassa's development shop; a real one is a secret. */
const KEY = 'kassa_dev_demo_0123456789abcdef0123456789abcdef';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Serves the examples; `kassa` and `provider` are origins, and may be named once they are known. */
export async function serve({ port = 5173, kassa, provider }) {
  const shop = { kassa, provider, payments: 0 };
  const server = createServer((request, response) => {
    answer(shop, request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise((ready, failed) => server.once('error', failed).listen(port, '127.0.0.1', ready));
  shop.origin = `http://127.0.0.1:${server.address().port}`;
  shop.close = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return shop;
}

async function answer(shop, request, response) {
  const { pathname } = new URL(request.url, shop.origin);
  const headers = { 'content-security-policy': policy(shop) };
  const send = (type, body) => response.writeHead(200, { ...headers, 'content-type': type }).end(body);
  if (request.method === 'POST' && pathname === '/payment') return send('application/json', JSON.stringify(await pay(shop)));
  if (pathname === '/server-react/') {
    const { render } = await import('./server-react/dist/server.js');
    return send(TYPES['.html'], render(await pay(shop)));
  }
  // What Vite builds has a page of its own.
  if (pathname.endsWith('/') && (await read(`${pathname}dist/index.html`))) return response.writeHead(302, { location: `${pathname}dist/` }).end();
  const found = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
  const type = TYPES[extname(found)];
  const body = type && (await read(found));
  if (body) return send(type, body);
  return response.writeHead(404, headers).end('not found\n');
}

/** A file of this folder, or nothing. `URL` has resolved every `..` already. */
function read(pathname) {
  return readFile(fileURLToPath(new URL(`.${pathname}`, import.meta.url))).catch(() => null);
}

/** Nothing inline, nothing from anywhere but this server and Kassa. */
function policy({ kassa, provider }) {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${kassa}`,
    `form-action 'self' ${kassa} ${provider}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Makes a payment, as the shop's server. The page is given the token, never the key. */
async function pay(shop) {
  shop.payments += 1;
  const answer = await fetch(`${shop.kassa}/v1/payments`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    },
    body: JSON.stringify({
      order: `E-${Date.now()}-${shop.payments}`,
      amount: 4990,
      language: 'fi',
      description: 'Esimerkki',
      customer: { first_name: 'Maija', last_name: 'Meikäläinen', email: 'maija@example.fi' },
      selection: { option: 'all_banks' },
      return_url: `${shop.origin}/plain/`,
    }),
  });
  if (!answer.ok) throw new Error(`Kassa answered ${answer.status}: ${await answer.text()}`);
  const { token, checkout_url: page } = await answer.json();
  return { session: token, api: shop.kassa, page };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '5173' },
      kassa: { type: 'string', default: 'http://127.0.0.1:8080' },
      provider: { type: 'string', default: 'http://127.0.0.1:8081' },
    },
  });
  const { origin } = await serve({ ...values, port: Number(values.port) });
  console.log(`examples: listening on ${origin}`);
}
