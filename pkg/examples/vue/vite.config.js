import vue from '@vitejs/plugin-vue';

const isCustomElement = (tag) => tag.startsWith('kassa-');

export default {
  base: './',
  build: { target: 'es2022' },
  plugins: [vue({ template: { compilerOptions: { isCustomElement } } })],
  optimizeDeps: { exclude: ['kassa'] },
};
