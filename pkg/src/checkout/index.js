// Registers <kassa-checkout> and <kassa-status>. Safe to import where there is no document.
import { KassaCheckout, KassaStatus } from './element.js';

const elements = { 'kassa-checkout': KassaCheckout, 'kassa-status': KassaStatus };

if (globalThis.customElements) {
  for (const [name, element] of Object.entries(elements)) {
    // A page may bring two copies of this module; the first one stays.
    if (!customElements.get(name)) customElements.define(name, element);
  }
}

export { KassaCheckout, KassaStatus, init } from './element.js';
