// Invented payments, in the shape of src/checkout/src/contract.rs.
const bank = (id, names, mark, hue, aliases = [], more = {}) => {
  const [fi, sv = fi, en = fi] = names;
  return {
    id, names: { fi, sv, en }, mark, hue, aliases,
    bic: null, unavailable: null, logo: null, ...more,
  };
};

const noon = Date.UTC(2026, 10, 21, 12, 0);
const maintenance = { unavailable: { why: 'maintenance', until: noon } };

export const banks = [
  bank('nordea', ['Nordea'], 'No', 250),
  bank('op', ['OP'], 'OP', 24, ['osuuspankki', 'pohjola']),
  bank('danske-bank', ['Danske Bank'], 'Da', 215, ['sampo']),
  bank('s-pankki', ['S-Pankki', 'S-Banken', 'S-Bank'], 'S', 150),
  bank('saastopankki', ['Säästöpankki', 'Sparbanken', 'Savings Bank'], 'Sä', 190),
  bank('aktia', ['Aktia'], 'Ak', 10, [], maintenance),
  bank('omasp', ['Oma Säästöpankki', 'Oma Sparbank', 'Oma Savings Bank'], 'Om', 95),
  bank('pop-pankki', ['POP Pankki', 'POP Banken', 'POP Bank'], 'PO', 300),
  bank('alandsbanken', ['Ålandsbanken', 'Ålandsbanken', 'Bank of Åland'], 'Ål', 340),
];

const methods = [
  { code: 'card', names: { fi: 'Kortti', sv: 'Kort', en: 'Card' } },
  { code: 'invoice', names: { fi: 'Lasku', sv: 'Faktura', en: 'Invoice' } },
];

const options = {
  1: { option: 'method_then_bank', methods },
  2: { option: 'banks_among_methods', methods },
  3: { option: 'banks_in_group', methods },
  4: { option: 'all_banks' },
  5: { option: 'named_banks', banks: banks.slice(0, 3) },
  6: { option: 'single_bank', banks: banks.slice(0, 1) },
};

export const canPay = ['created', 'redirected', 'pending', 'declined', 'cancelled', 'failed'];

export function status(word) {
  const begun = word !== 'created' && word !== 'expired';
  return {
    status: word,
    bank: begun ? 'nordea' : null,
    bank_names: begun ? banks[0].names : null,
    can_pay: canPay.includes(word),
    chosen_at: begun ? noon + 2 * 60_000 : null,
    accepted_at: word === 'awaiting_confirmation' ? noon + 4 * 60_000 : null,
    changed_at: noon + 4 * 60_000,
    refunded_cents: { partially_refunded: 1_000, refunded: 4_990 }[word] ?? 0,
    refunding_cents: word === 'partially_refunded' ? 350 : 0,
    version: 1,
    return_url: `${location.origin}/shop/thanks`,
  };
}

export function session({ state = 'created', option = '4', amount = '4990', at = 'kassa' }) {
  return {
    payee: 'Metsän Puoti Oy',
    amount_cents: Number(amount),
    currency: 'EUR',
    reference: '12 34561',
    order: 'A-1042',
    description: null,
    language: 'fi',
    choose_at: at,
    methods: [],
    banks,
    ...options[option],
    status: status(state),
    expires_at: noon + 3_600_000,
  };
}
