// The package as such: what the pack holds, who can import what, and whether the types are true.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dist, folder, load, loadFile, refused, shop } from './support/package.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const bin = (name) => join(here, 'node_modules/.bin', name);
const installed = join(shop, 'node_modules/kassa');
const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));

/** What exits with 0; its output otherwise. */
function succeeds(program, args, options) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', ...options });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
}

test('the pack holds what is exported, no sources, and needs nothing else', () => {
  const files = JSON.parse(readFileSync(join(folder, 'pack.json'), 'utf8')).files.map(({ path }) => path);
  const targets = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  for (const target of targets) assert.ok(files.includes(target.replace('./', '')), target);
  assert.deepEqual(files.filter((file) => file.endsWith('.br') || file.startsWith('src/') || file.endsWith('.map')), []);
  for (const file of ['README.md', 'custom-elements.json', 'dist/LICENSE-MIT', 'dist/LICENSE-APACHE']) assert.ok(files.includes(file), file);
  assert.deepEqual([manifest.dependencies, manifest.peerDependencies, manifest.scripts], [undefined, undefined, undefined]);
});

test('publint finds nothing', () => succeeds(bin('publint'), ['run', installed, '--strict', '--pack', 'false']));

test('the types are right however they are resolved (@arethetypeswrong/cli)', () => {
  // ES modules only: Node 20.19 and newer load them by require(), too, which the tool does not know.
  const others = Object.keys(manifest.exports)
    .filter((name) => /\.(css|wasm|json|js)$/.test(name))
    .map((name) => name.replace('./', ''));
  succeeds(bin('attw'), [join(folder, 'kassa.tgz'), '--profile', 'esm-only', '--exclude-entrypoints', ...others]);
});

/** Compiles files under --strict, from a configuration in the shop's folder. */
function compiles(name, files, more = {}) {
  const config = join(shop, `tsconfig.${name}.json`);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    target: 'ES2023',
    lib: ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
    module: 'NodeNext',
    types: [],
    typeRoots: [join(here, 'node_modules/@types')],
    ...more,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  succeeds(bin('tsc'), ['-p', config]);
}

test('tsc --strict takes the examples, as bundlers and as Node resolve', () => {
  cpSync(join(here, 'types'), join(shop, 'types'), { recursive: true });
  const files = ['shop.ts', 'elements.tsx'].map((file) => join(shop, 'types', file));
  const of = (path) => [join(here, 'node_modules', path)];
  const frameworks = {
    paths: { react: of('@types/react'), vue: of('vue/dist/vue.d.mts'), 'svelte/elements': of('svelte/elements.d.ts') },
    // The frameworks' own declarations are theirs to keep right.
    skipLibCheck: true,
    jsx: 'preserve',
    types: ['node'],
  };
  compiles('bundler', files, { ...frameworks, module: 'ESNext', moduleResolution: 'bundler' });
  compiles('nodenext', files, frameworks);
});

test("the package's own declarations are right by themselves", () => {
  const framework = /(react|vue|svelte)\.d\.ts$/;
  const files = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.d.ts') && !framework.test(file));
  assert.ok(files.length >= 8, files.join());
  compiles('own', files.map((file) => join(dist, file)));
});

test('require() loads it where Node can', () => {
  const { load: required } = createRequire(import.meta.url)(join(shop, 'load.cjs'));
  if (!process.features.require_module) return assert.throws(() => required('kassa'), { code: 'ERR_REQUIRE_ESM' });
  assert.equal(required('kassa').createReference('100').machine, '1009');
  assert.equal(typeof required('kassa/server').ecommpay, 'function');
});

test('importing the elements where there is no DOM is safe', async () => {
  const { KassaCheckout, init } = await load('kassa/checkout');
  assert.equal((await load('kassa/checkout/element')).KassaCheckout, KassaCheckout);
  assert.equal(typeof init, 'function');
});

test('a browser is told that kassa/server is not for it', async () => {
  assert.equal(manifest.exports['./server'].browser, './dist/server/browser.js');
  await assert.rejects(loadFile('server/browser.js'), refused('server/browser'));
});

test('the modules import nothing: no glue, no eval, nothing to polyfill', () => {
  for (const file of ['references/kassa_references.wasm', 'core/kassa_core.wasm', 'server/kassa_server.wasm']) {
    const module = new WebAssembly.Module(readFileSync(join(dist, file)));
    assert.deepEqual(WebAssembly.Module.imports(module), [], file);
  }
});

test('integrity.json tells the hashes of what is there, and the pinned script knows its own', () => {
  const hashes = JSON.parse(readFileSync(join(dist, 'integrity.json'), 'utf8'));
  const files = readdirSync(dist, { recursive: true }).filter((file) => /\.(js|css|wasm)$/.test(file));
  assert.deepEqual(Object.keys(hashes).sort(), files.sort());
  for (const [file, hash] of Object.entries(hashes)) {
    const bytes = readFileSync(join(dist, file));
    assert.equal(hash, `sha384-${createHash('sha384').update(bytes).digest('base64')}`, file);
  }
  const pinned = readFileSync(join(dist, 'checkout/kassa-checkout.js'), 'utf8');
  for (const file of ['checkout/kassa.css', 'checkout/kassa_widget_bg.wasm']) assert.ok(pinned.includes(hashes[file]), file);
});

test('custom-elements.json tells of the elements as they are', async () => {
  const { modules } = JSON.parse(readFileSync(join(installed, 'custom-elements.json'), 'utf8'));
  const classes = await load('kassa/checkout/element');
  for (const module of modules) assert.ok(existsSync(join(installed, module.path)), module.path);
  const style = readFileSync(join(dist, 'checkout/kassa.css'), 'utf8');
  for (const { name, attributes, cssProperties } of modules[0].declarations) {
    const named = attributes.map((one) => one.name);
    for (const attribute of classes[name].observedAttributes) assert.ok(named.includes(attribute), attribute);
    for (const { name: property } of cssProperties) assert.ok(style.includes(property), property);
  }
});

test('the style sheet, both READMEs, custom-elements.json and the themes name the same properties', () => {
  const read = (path) => readFileSync(path, 'utf8');
  const named = (text) => [...new Set(text.match(/--kassa-[a-z]+(?:-[a-z]+)*/g))].sort();
  const style = read(join(dist, 'checkout/kassa.css'));
  const known = named(style);
  assert.ok(known.length >= 20, known.join());
  const tables = { npm: read(join(installed, 'README.md')), widget: read(join(here, '../../www/widget/README.md')) };
  for (const [of, text] of Object.entries(tables)) {
    const rows = text.split('\n').filter((line) => line.startsWith('| `--kassa-'));
    assert.deepEqual(named(rows.join('\n')), known, of);
  }
  for (const { name, cssProperties } of JSON.parse(read(join(installed, 'custom-elements.json'))).modules[0].declarations) {
    assert.deepEqual(cssProperties.map((one) => one.name).sort(), known, name);
  }
  for (const theme of readdirSync(join(installed, 'themes'))) {
    for (const property of named(read(join(installed, 'themes', theme)))) assert.ok(known.includes(property), `${theme}: ${property}`);
  }
  // What they are where a shop sets nothing: the widget's table has the colours.
  const colours = [...tables.widget.matchAll(/^\| `(--kassa-[a-z-]+)` \|[^|]*\| `(#\w+)` \| `(#\w+)` \|$/gm)];
  assert.ok(colours.length >= 9, String(colours.length));
  const shortest = (colour) => colour.replace(/^#(\w)\1(\w)\2(\w)\3$/, '#$1$2$3');
  const plain = style.replaceAll(/\s+/g, '');
  for (const [, property, ...both] of colours) {
    assert.ok(plain.includes(`var(${property},light-dark(${both.map(shortest)}))`), `${property}: ${both}`);
  }
});

test('what is documented is exported, and the other way round', async () => {
  for (const [entry, file] of [['kassa', 'core'], ['kassa/references', 'references'], ['kassa/server', 'server']]) {
    const names = Object.keys(await load(entry)).sort();
    const source = `import * as all from '${entry}';\nconst names: Record<keyof typeof all, true> = { ${names.map((name) => `${name}: true`).join(', ')} };\nexport default names;\n`;
    const probe = join(shop, `probe-${file}.ts`);
    writeFileSync(probe, source);
    compiles(`probe-${file}`, [probe], { skipLibCheck: true });
  }
});

test('a worker at the edge gets the entry that is handed its module', async () => {
  const seen = execFileSync(process.execPath, ['--conditions=workerd', '--input-type=module', '-e', `
    import { init, ecommpay } from 'kassa/server';
    import { readFileSync } from 'node:fs';
    const account = ecommpay({ projectId: 120, secret: 'invented-secret-of-the-npm-tests-0001' });
    const early = await account.verifyCallback('{}').catch(({ code }) => code);
    await init(new WebAssembly.Module(readFileSync('node_modules/kassa/dist/server/kassa_server.wasm')));
    const late = await account.verifyCallback('{}').catch(({ code }) => code);
    console.log(early, late);
  `], { cwd: shop, encoding: 'utf8' });
  assert.equal(seen.trim(), 'wasm/not-loaded callback/signature');
});
