import { payment } from '../payment.js';

const { session, api, page } = await payment();
const element = document.createElement('kassa-checkout');
element.setAttribute('session', session);
element.setAttribute('api', api);
element.setAttribute('lang', 'fi');
element.innerHTML = '<a>Siirry maksamaan</a>';
element.firstElementChild.href = page;
document.querySelector('main').append(element);
