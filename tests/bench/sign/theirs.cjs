// The official npm package `ecommpay` on the inputs that bench-sign gives it.
//
//   node theirs.cjs FILE SECONDS
//
// FILE holds {secret, sale, callback}: a sale as text, and a callback as text, signed. Prints how
// many of each it did in a second: `sale RATE` from the object, `sale-text RATE` from the text,
// and `callback RATE`.
const { readFileSync } = require('node:fs');
const { hrtime } = require('node:process');
const signer = require('ecommpay/src/signer.js');
const { Callback } = require('ecommpay');

const [file, seconds] = process.argv.slice(2);
const { secret, sale, callback, signature } = JSON.parse(readFileSync(file, 'utf8'));
const body = JSON.parse(sale);

if (signer(body, secret) !== signature) {
  throw new Error('the package signs the sale in another way');
}

const rate = (work) => {
  const until = Number(seconds) * 1e9;
  const start = hrtime.bigint();
  let done = 0;
  let passed = 0;
  while (passed < until) {
    for (let i = 0; i < 200; i += 1) work();
    done += 200;
    passed = Number(hrtime.bigint() - start);
  }
  return done / (passed / 1e9);
};

// Warm, so that the compiled code is measured.
for (let i = 0; i < 5000; i += 1) {
  signer(body, secret);
  signer(JSON.parse(sale), secret);
  new Callback(secret, callback);
}
console.log(`sale ${rate(() => signer(body, secret)).toFixed(0)}`);
console.log(`sale-text ${rate(() => signer(JSON.parse(sale), secret)).toFixed(0)}`);
console.log(`callback ${rate(() => new Callback(secret, callback)).toFixed(0)}`);
