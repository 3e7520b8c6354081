import 'kassa/checkout';
import { payment } from '../payment.js';

const { session, api, page } = await payment();
const element = document.createElement('kassa-checkout');
Object.assign(element, { session, api, lang: 'fi' });
const link = Object.assign(document.createElement('a'), { href: page, textContent: 'Siirry maksamaan' });
element.append(link);
document.querySelector('main').append(element);
