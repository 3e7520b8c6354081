// The repository's own files over HTTP, for pages that need no service behind them.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { extname } from 'node:path';

const ROOT = new URL('../../../', import.meta.url);
/** Media types by ending. */
export const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** What a shop's page with a strict policy allows: nothing inline, nothing from elsewhere. */
export const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/**
 * Serves the repository, and `pages` (contents by path) beside it, each with `STRICT` as its policy.
 * `types` overrides the MIME type by ending; files whose ending has the type `null` are not there.
 */
export async function serveFiles({ pages = {}, types = {} } = {}) {
  const known = { ...TYPES, ...types };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const head = { 'content-security-policy': STRICT, 'cache-control': 'no-cache' };
    try {
      // Browsers ask for it unasked.
      if (pathname === '/favicon.ico') return response.writeHead(204, head).end();
      const type = known[extname(pathname)];
      if (!type) throw new Error('not served');
      const body = pages[pathname] ?? (await readFile(inside(pathname)));
      response.writeHead(200, { ...head, 'content-type': type }).end(body);
    } catch {
      response.writeHead(404, head).end();
    }
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

function inside(pathname) {
  // `URL` has resolved every `..` already, so this stays below the root.
  return fileURLToPath(new URL(`.${pathname}`, ROOT));
}
