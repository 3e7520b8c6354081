// The elements in React, in Vue's and Svelte's types, and in plain DOM.
import type {} from 'kassa/checkout/react';
import type {} from 'kassa/checkout/svelte';
import type {} from 'kassa/checkout/vue';
import { KassaCheckout, init, type ErrorCode, type Status } from 'kassa/checkout';
import { useRef, type JSX } from 'react';
import type { SvelteHTMLElements } from 'svelte/elements';
import type { GlobalComponents } from 'vue';

export function Checkout({ token }: { token: string }): JSX.Element {
  const element = useRef<KassaCheckout>(null);
  return (
    <kassa-checkout
      ref={element}
      session={token}
      lang="sv"
      theme="dark"
      onkassa-status={(event) => console.log(event.detail.status satisfies Status)}
      onkassa-error={(event) => console.log(event.detail.code satisfies ErrorCode)}
    >
      <a href="/pay">Betala</a>
    </kassa-checkout>
  );
}

// @ts-expect-error There is no such theme.
export const wrong = <kassa-status session="t" theme="pink" />;

export const svelte: SvelteHTMLElements['kassa-checkout'] = {
  session: 't',
  remember: 'off',
  'onkassa-bank': (event) => console.log(event.detail.bank),
};

type VueProps = InstanceType<GlobalComponents['kassa-checkout']>['$props'];
export const vue: Pick<VueProps, 'session' | 'onKassaStatus'> = {
  session: 't',
  onKassaStatus: (event) => console.log(event.detail.status),
};

export async function plain(): Promise<void> {
  await init();
  const element = document.querySelector('kassa-checkout');
  element?.addEventListener('kassa-redirect', (event) => console.log(event.detail.kind));
  element?.refresh();
  document.addEventListener('kassa-ready', (event) => console.log(event.detail.status));
}
