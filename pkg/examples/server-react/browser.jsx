import { hydrateRoot } from 'react-dom/client';
import { Page } from './Page.jsx';

const payment = JSON.parse(document.getElementById('payment').textContent);
hydrateRoot(document.getElementById('app'), <Page {...payment} />);
