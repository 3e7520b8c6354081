// A proxy in front of a service: what browsers see of it can be spoilt, and pages can stand beside
// it on the same origin. It works for every engine, because no driver has a part in it.
import { request as ask, createServer } from 'node:http';
import { extname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { TYPES } from './files.mjs';

/** A proxy on a free loopback port. */
export class Front {
  #server;
  #target;
  /**
   * What is spoilt: `missing`, a pattern of paths that are not found; `policy`, a function over the
   * content security policy of each answer; `bodies`, functions over bytes by a path's ending.
   */
  spoilt = {};
  /** Pages that stand on this origin: contents by path. */
  pages = {};
  /** The policy of those pages. */
  policy = '';
  /** What was asked for: `GET /path`. */
  requests = [];

  /** All that was sent to browsers, where a test wants it kept: put a list here. A byte is a character. */
  sent = null;

  /** Starts the proxy; `target` may be named later. */
  static async start() {
    const front = new Front();
    front.#server = createServer((request, response) => front.#answer(request, response));
    await new Promise((ready) => front.#server.listen(0, '127.0.0.1', ready));
    front.origin = `http://127.0.0.1:${front.#server.address().port}`;
    return front;
  }

  /** The service behind it. */
  set target(origin) {
    this.#target = new URL(origin);
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(request, response) {
    const { pathname } = new URL(request.url, this.origin);
    this.requests.push(`${request.method} ${pathname}`);
    const page = this.pages[pathname];
    if (page !== undefined) {
      const head = { 'content-type': TYPES[extname(pathname)], 'content-security-policy': this.policy };
      return response.writeHead(200, head).end(page);
    }
    if (this.spoilt.missing?.test(pathname)) return response.writeHead(404).end();
    const change = this.spoilt.bodies?.[extname(pathname)];
    const headers = { ...request.headers };
    // What is to be changed or kept must come as it is, and whole.
    if (change || this.sent) for (const name of ['accept-encoding', 'if-none-match']) delete headers[name];
    const { hostname, port } = this.#target;
    const asked = ask({ hostname, port, path: request.url, method: request.method, headers }, (answer) =>
      this.#pass(answer, response, change),
    );
    asked.on('error', () => response.destroy());
    response.on('close', () => asked.destroy());
    request.pipe(asked);
  }

  async #pass(answer, response, change) {
    const headers = { ...answer.headers };
    const policy = headers['content-security-policy'];
    if (policy && this.spoilt.policy) headers['content-security-policy'] = this.spoilt.policy(policy);
    this.sent?.push(`${answer.statusCode} ${answer.rawHeaders.join('\n')}\n`);
    if (!change) {
      if (this.sent) answer.on('data', (bytes) => this.sent.push(bytes.toString('latin1')));
      response.writeHead(answer.statusCode, headers);
      return answer.pipe(response);
    }
    const body = change(await buffer(answer));
    // A changed body is another one: it must not be kept under the true one's tag.
    delete headers.etag;
    response.writeHead(answer.statusCode, { ...headers, 'content-length': body.length, 'cache-control': 'no-store' });
    response.end(body);
  }
}
