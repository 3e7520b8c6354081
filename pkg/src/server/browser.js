// What a browser gets: secrets do not belong there.
import { KassaError } from '../references/error.js';

throw new KassaError(
  'server/browser',
  'kassa/server holds secrets and must never be loaded in a browser: sign and verify on your server',
);
