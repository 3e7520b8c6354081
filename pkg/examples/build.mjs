// Builds the examples against the package as it would be published: `node build.mjs [NAME…]`.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = (...path) => fileURLToPath(new URL(path.join('/'), import.meta.url));
const packed = (file) => here('node_modules/kassa/dist/checkout', file);

/** How each example is built; its folder has its name. */
const BUILDS = {
  plain: async () => cpSync(here('node_modules/kassa/dist/checkout'), here('plain/kassa'), { recursive: true }),
  vite: () => vite('vite'),
  webpack,
  esbuild: async () => {
    await esbuild(['esbuild/main.js'], 'esbuild/dist', 'browser');
    for (const file of ['kassa_widget_bg.wasm', 'kassa.css']) cpSync(packed(file), here('esbuild/dist', file));
  },
  rollup,
  react: () => vite('react'),
  vue: () => vite('vue'),
  svelte: () => vite('svelte'),
  'server-react': async () => {
    await esbuild(['server-react/browser.jsx'], 'server-react/dist', 'browser');
    for (const file of ['kassa_widget_bg.wasm', 'kassa.css']) cpSync(packed(file), here('server-react/dist', file));
    // Installed packages stay what they are, as on a real server.
    await esbuild(['server-react/server.jsx'], 'server-react/dist', 'node');
  },
};

/** The examples' names. */
export const NAMES = Object.keys(BUILDS);

/** Installs the package as `npm i kassa` would, and builds. */
export async function build(names = NAMES) {
  install();
  for (const name of names) {
    for (const made of ['dist', 'kassa']) rmSync(here(name, made), { recursive: true, force: true });
    await BUILDS[name]();
  }
}

/** Packs the package and unpacks it where npm would. */
function install() {
  const folder = mkdtempSync(join(tmpdir(), 'kassa-pack-'));
  const target = here('node_modules/kassa');
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: here('..'), stdio: ['ignore', 'ignore', 'inherit'] });
    const [file] = readdirSync(folder);
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target);
    execFileSync('tar', ['-xzf', join(folder, file), '-C', target, '--strip-components=1']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function vite(name) {
  const { build: run } = await import('vite');
  const configFile = here(name, 'vite.config.js');
  await run({ configFile, root: here(name), logLevel: 'warn' });
}

async function webpack() {
  const { default: pack } = await import('webpack');
  const { default: config } = await import(pathToFileURL(here('webpack/webpack.config.js')).href);
  const stats = await new Promise((done, failed) => pack(config, (error, made) => (error ? failed(error) : done(made))));
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
}

async function esbuild(entries, outdir, platform) {
  const { build: run } = await import('esbuild');
  await run({
    entryPoints: entries.map((entry) => here(entry)),
    outdir: here(outdir),
    bundle: true,
    minify: true,
    format: 'esm',
    platform,
    target: 'es2022',
    jsx: 'automatic',
    logLevel: 'warning',
    packages: platform === 'node' ? 'external' : undefined,
    define: { 'process.env.NODE_ENV': '"production"' },
  });
}

async function rollup() {
  const { rollup: run } = await import('rollup');
  const { default: config } = await import(pathToFileURL(here('rollup/rollup.config.js')).href);
  const bundle = await run({ input: config.input, plugins: config.plugins });
  await bundle.write(config.output);
  await bundle.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  await build(names.length > 0 ? names : NAMES);
}
