// The elements in React's JSX: `import type {} from 'kassa/checkout/react'`. React 19 or newer.
import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { KassaAttributes, KassaHandlers } from './attributes.js';
import type { KassaCheckout, KassaStatus } from './element.js';

type Props<Element> = DetailedHTMLProps<HTMLAttributes<Element>, Element> &
  KassaAttributes &
  KassaHandlers<'on'>;

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'kassa-checkout': Props<KassaCheckout>;
      'kassa-status': Props<KassaStatus>;
    }
  }
}
