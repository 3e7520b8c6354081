// The elements in Vue's templates: `import type {} from 'kassa/checkout/vue'`. Vue 3.
import type { HTMLAttributes } from 'vue';
import type { KassaAttributes } from './attributes.js';
import type { KassaCheckout, KassaEventMap, KassaStatus } from './element.js';

type Emit = <Name extends keyof KassaEventMap>(name: Name, event: KassaEventMap[Name]) => void;

type Component<Element> = new () => Element & {
  $props: HTMLAttributes &
    KassaAttributes & {
      [Name in keyof KassaEventMap as `on${Capitalize<CamelCase<Name>>}`]?: (
        event: KassaEventMap[Name],
      ) => void;
    };
  $emit: Emit;
};

type CamelCase<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

declare module 'vue' {
  interface GlobalComponents {
    'kassa-checkout': Component<KassaCheckout>;
    'kassa-status': Component<KassaStatus>;
  }
}
