// The elements in Svelte's templates: `import type {} from 'kassa/checkout/svelte'`. Svelte 5.
import type { HTMLAttributes } from 'svelte/elements';
import type { KassaAttributes, KassaHandlers } from './attributes.js';
import type { KassaCheckout, KassaStatus } from './element.js';

type Props<Element extends EventTarget> = Omit<HTMLAttributes<Element>, keyof KassaAttributes> &
  KassaAttributes &
  KassaHandlers<'on'>;

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'kassa-checkout': Props<KassaCheckout>;
    'kassa-status': Props<KassaStatus>;
  }
}
