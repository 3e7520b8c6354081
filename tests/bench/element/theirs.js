// Adyen's Finnish bank list as its documentation builds it: the core and this one component.
import { AdyenCheckout, OnlineBankingFI } from '@adyen/adyen-web';
import '@adyen/adyen-web/styles/adyen.css';

const paymentMethodsResponse = await fetch('/theirs/paymentMethods').then((answer) => answer.json());
const checkout = await AdyenCheckout({
  environment: 'test',
  clientKey: 'test_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  countryCode: 'FI',
  locale: 'fi-FI',
  amount: { value: 4990, currency: 'EUR' },
  analytics: { enabled: false },
  paymentMethodsResponse,
  onSubmit() {},
});
new OnlineBankingFI(checkout).mount('#list');
