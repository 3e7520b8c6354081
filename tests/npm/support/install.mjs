// Packs the npm package as it is published and installs the pack into a fresh folder:
// `node install.mjs FOLDER`. What is tested is what a shop gets.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('../../../pkg', import.meta.url));

/** Installs into `folder`, which is emptied first, and tells what the pack holds. */
export function install(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'shop'), { recursive: true });
  const npm = (args, cwd) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const [pack] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], PACKAGE));
  const shop = join(folder, 'shop');
  writeFileSync(join(shop, 'package.json'), '{ "private": true, "type": "module" }\n');
  // Resolved from here, so that the package's own conditions and exports decide.
  writeFileSync(join(shop, 'load.mjs'), 'export const load = (name) => import(name);\n');
  writeFileSync(join(shop, 'load.cjs'), 'exports.load = (name) => require(name);\n');
  npm(['install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', join(folder, pack.filename)], shop);
  cpSync(join(folder, pack.filename), join(folder, 'kassa.tgz'));
  writeFileSync(join(folder, 'pack.json'), JSON.stringify(pack));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) install(resolve(process.argv[2]));
