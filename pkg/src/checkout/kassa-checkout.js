// The elements for pages without a bundler. A release build puts everything that this imports into
// this one file, with the hashes of what it loads (src/xtask/src/front).
export * from './index.js';
