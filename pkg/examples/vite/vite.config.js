export default {
  base: './',
  build: { target: 'es2022' },
  // For `vite dev`: what is pre-bundled loses the files beside it, which the element fetches.
  optimizeDeps: { exclude: ['kassa'] },
};
