// What a page must not do, written down wherever it happens.
import assert from 'node:assert/strict';

/** Listens in every page and frame of a context. */
export class Watch {
  /** Broken content security policies: `script-src inline https://…`. */
  violations = [];
  /** Console errors and uncaught exceptions, with their page. */
  errors = [];
  /** Every request: `GET http://…`. */
  requests = [];
  #origins;

  constructor(origins) {
    this.#origins = new Set(origins);
  }

  /** Begins to watch; call it before the context's first page. */
  static async over(context, origins) {
    const watch = new Watch(origins);
    context.on('request', (request) => watch.requests.push(`${request.method()} ${request.url()}`));
    context.on('console', (message) => {
      // A broken policy is a console error too, also where no script runs.
      if (message.type() === 'error') watch.errors.push(`${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => watch.errors.push(String(error.error())));
    await context.exposeBinding('kassaTestViolation', (_, violation) => watch.violations.push(violation));
    await context.addInitScript(() => {
      addEventListener(
        'securitypolicyviolation',
        (event) => {
          const { effectiveDirective, blockedURI, sourceFile, lineNumber } = event;
          globalThis.kassaTestViolation(`${effectiveDirective} ${blockedURI} ${sourceFile}:${lineNumber}`);
        },
        true,
      );
    });
    return watch;
  }

  /** Requests to an origin that is not one of the test's own. */
  get strangers() {
    return this.requests.filter((line) => !this.#origins.has(new URL(line.split(' ')[1]).origin));
  }

  /** How many requests of `method` went to a path that matches. */
  count(method, path) {
    return this.requests.filter((line) => line.startsWith(`${method} `) && path.test(line)).length;
  }

  /** Fails when anything happened that `expected` does not match. */
  assertClean(expected = []) {
    const errors = this.errors.filter((error) => !expected.some((pattern) => pattern.test(error)));
    assert.deepEqual(
      { violations: this.violations, errors, strangers: this.strangers },
      { violations: [], errors: [], strangers: [] },
    );
  }
}
