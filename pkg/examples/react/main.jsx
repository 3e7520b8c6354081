import { StrictMode, use } from 'react';
import { createRoot } from 'react-dom/client';
import 'kassa/checkout';
import { payment } from '../payment.js';

// Once for the page: StrictMode draws twice, and a payment must not be made twice.
const made = payment();

function Checkout() {
  const { session, api, page } = use(made);
  return (
    <kassa-checkout session={session} api={api} lang="fi" onkassa-bank={({ detail }) => (document.title = detail.bank)}>
      <a href={page}>Siirry maksamaan</a>
    </kassa-checkout>
  );
}

createRoot(document.getElementById('app')).render(
  <StrictMode>
    <Checkout />
  </StrictMode>,
);
