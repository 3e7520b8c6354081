/** Importing this module registers `<kassa-checkout>` and `<kassa-status>`. */
export * from './element.js';
