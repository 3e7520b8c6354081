import { renderToString } from 'react-dom/server';
import { Page } from './Page.jsx';

/** The page of a payment, as the server sends it. */
export function render(payment) {
  const data = JSON.stringify(payment).replace(/</g, '\\u003c');
  return `<!doctype html><html lang="fi"><head><meta charset="utf-8"><title>Kassa – server</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="../shop.css">
<script type="application/json" id="payment">${data}</script>
<script type="module" src="dist/browser.js"></script></head>
<body><div id="app">${renderToString(<Page {...payment} />)}</div></body></html>`;
}
