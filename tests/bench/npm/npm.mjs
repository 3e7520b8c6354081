// `bench-npm`: reference numbers in Node, ours beside the libraries in use, on the same inputs in
// the same run. Each round measures all sides one after the other; the median of the ratios counts.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import * as kassa from '../../../pkg/dist/references/node.js';

const require = createRequire(import.meta.url);
const finnish = require('finnish-bank-utils');
const nodeIso = require('node-iso11649');
const iso = require('iso-11649');

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, millis: { type: 'string', default: '200' } },
});
const ROUNDS = Number(values.rounds);
const MILLIS = Number(values.millis);

const COUNT = 1000;
const BATCH = 100_000;

const bases = Array.from({ length: COUNT }, (_, at) => String(7_758_474_790_647_489n - BigInt(at) * 7_919n));
const nationals = bases.map((base) => kassa.createReference(base).machine);
const rfs = nationals.map((national) => kassa.parseReference(national).rf);
const list = Array.from({ length: BATCH }, (_, at) => nationals[at % COUNT]);
const lines = list.join('\n');
const bytes = new TextEncoder().encode(lines);

/** What is compared: ours, theirs by name, the goal for the ratio to the first of them. */
const CASES = [
  {
    name: 'national validate',
    inputs: nationals,
    ours: kassa.isReference,
    theirs: { 'finnish-bank-utils': finnish.isValidFinnishRefNumber },
    goal: 2,
  },
  {
    name: 'rf validate',
    inputs: rfs,
    ours: kassa.isReference,
    theirs: {
      'finnish-bank-utils': finnish.isValidFinnishRefNumber,
      'node-iso11649': nodeIso.validate,
      'iso-11649': iso.validate,
    },
    goal: 5,
  },
  {
    name: 'national generate',
    inputs: bases,
    ours: (base) => kassa.createReference(base).machine,
    theirs: { 'finnish-bank-utils': finnish.generateFinnishRefNumber },
  },
];

for (const { name, inputs, ours, theirs } of CASES) {
  for (const call of [ours, ...Object.values(theirs)]) {
    assert.ok(inputs.every((input) => call(input)), `${name}: a side says no to a good one`);
  }
}

/** Seconds of the processor that this process has had: a machine shared with others counts alike. */
function seconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Calls a second of the processor. */
function rate(inputs, call) {
  const start = seconds();
  let spent = 0;
  let done = 0;
  let held = 0;
  while (spent < MILLIS / 1000) {
    for (const input of inputs) held += call(input) ? 1 : 0;
    done += inputs.length;
    spent = seconds() - start;
  }
  assert.equal(held, done);
  return done / spent;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const millions = (number) => `${(number / 1e6).toFixed(2)} M/s`;

let reached = true;
for (const { name, inputs, ours, theirs, goal } of CASES) {
  const rounds = Array.from({ length: ROUNDS }, () => ({
    ours: rate(inputs, ours),
    theirs: Object.entries(theirs).map(([other, call]) => [other, rate(inputs, call)]),
  }));
  for (const [place, other] of Object.keys(theirs).entries()) {
    const ratio = median(rounds.map((round) => round.ours / round.theirs[place][1]));
    const speeds = [median(rounds.map((round) => round.ours)), median(rounds.map((round) => round.theirs[place][1]))];
    console.error(`  ${name}: ${speeds.map(millions).join(' and ')}`);
    console.log(`${name}/${other}: ${ratio.toFixed(2)}`);
    if (place === 0 && goal !== undefined) reached &&= ratio >= goal;
  }
}

/** References a second, in lists of 100,000. */
const batch = (input) => median(Array.from({ length: ROUNDS }, () => rate([input], (all) => kassa.checkReferences(all).length === BATCH) * BATCH));
for (const [name, input] of Object.entries({ 'one text': lines, bytes })) {
  const speed = batch(input);
  console.log(`batch of 100000, ${name}: ${millions(speed)}`);
  reached &&= speed >= 8e6;
}
process.exitCode = reached ? 0 : 2;
