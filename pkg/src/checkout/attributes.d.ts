import type { KassaEventMap } from './element.js';

/** The attributes of `<kassa-checkout>` and `<kassa-status>`. */
export interface KassaAttributes {
  /** The checkout token that the shop's server got for the payment. */
  session?: string;
  /** Where Kassa is: an origin, or nothing for the page's own. */
  api?: string;
  /** `fi`, `sv`, `en`, or a tag that begins so; the payment's language when left out. */
  lang?: string;
  /** `off`: the last bank is neither read from nor written to this device. */
  remember?: 'on' | 'off';
  /** `light`, `dark`, or `auto` as the device wants; the page's own `color-scheme` when left out. */
  theme?: 'light' | 'dark' | 'auto';
}

/** A handler for each event, under the event's name with a prefix. */
export type KassaHandlers<Prefix extends string> = {
  [Name in keyof KassaEventMap as `${Prefix}${Name}`]?: (event: KassaEventMap[Name]) => void;
};
