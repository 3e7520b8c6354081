// Accessibility rules, run in the page without touching its policy.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * Asserts that the page, shadow roots included, breaks no rule; `where` names it in the failure.
 * `rules` names the rules to look at instead of all.
 */
export async function assertAccessible(page, where, rules) {
  // Through the debugger: a policy that forbids inline scripts does not apply, and none is loosened.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(SOURCE);
  const runOnly = rules ? { type: 'rule', values: rules } : { type: 'tag', values: TAGS };
  const found = await page.evaluate(async (only) => {
    const { violations, passes } = await globalThis.axe.run(document, {
      runOnly: only,
      resultTypes: ['violations'],
      // Style sheets are read as they are; nothing is fetched a second time.
      preload: false,
    });
    const shown = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, any, all }) =>
      `${target.flat().join(' ')} (${[...any, ...all].map(({ message }) => message).join('; ')})`).join(' | ')}`);
    return { shown, rules: passes.length };
  }, runOnly);
  assert.deepEqual(found.shown, [], where);
  assert.ok(found.rules > (rules ? 0 : 10), `${where}: axe looked at nothing`);
}
