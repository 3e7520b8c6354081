import { fileURLToPath } from 'node:url';

export default {
  mode: 'production',
  context: fileURLToPath(new URL('.', import.meta.url)),
  entry: './main.js',
  // As a module, so that the element finds its files beside the bundle.
  output: { filename: 'main.js', path: fileURLToPath(new URL('dist', import.meta.url)), module: true, publicPath: 'auto' },
  experiments: { outputModule: true },
};
