import resolve from '@rollup/plugin-node-resolve';
import { importMetaAssets } from '@web/rollup-plugin-import-meta-assets';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default {
  input: here('main.js'),
  output: { dir: here('dist'), format: 'es' },
  plugins: [resolve({ browser: true }), importMetaAssets()],
};
