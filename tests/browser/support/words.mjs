// What a customer must be able to read, written down a second time: the tests do not import it
// from the code that they test.

const table = {
  chooseBank: ['Valitse pankkisi', 'Välj din bank', 'Choose your bank'],
  chooseMethod: ['Valitse maksutapa', 'Välj betalningssätt', 'Choose how to pay'],
  onlineBank: [/^Verkkopankki/, /^Nätbank/, /^Online bank/],
  search: ['Hae pankkia', 'Sök bank', 'Search banks'],
  toNordea: ['Jatka Nordeaan', 'Fortsätt till Nordea', 'Continue to Nordea'],
  goPay: ['Siirry maksamaan', 'Fortsätt till betalningen', 'Continue to payment'],
  leaving: ['Siirrytään Nordeaan', 'Du förs till Nordea', 'Taking you to Nordea'],
  waiting: ['Älä sulje sivua.', 'Stäng inte sidan.', 'Please keep this page open.'],
  bankUnreachable: ['Pankkiin ei saatu yhteyttä.', 'Banken kunde inte nås.', 'The bank could not be reached.'],
  onward: ['Jatka pankkiin', 'Fortsätt till banken', 'Continue to the bank'],
  created: ['Maksua ei ole vielä aloitettu', 'Betalningen har inte börjat', 'The payment has not begun yet'],
  pending: ['Odotamme tietoa pankista', 'Vi väntar på besked från banken', 'Waiting to hear from the bank'],
  awaiting: ['Pankki vahvistaa maksua', 'Banken bekräftar betalningen', 'The bank is confirming the payment'],
  paid: ['Maksettu', 'Betald', 'Paid'],
  declined: ['Maksu ei onnistunut', 'Betalningen lyckades inte', 'The payment did not succeed'],
  cancelled: ['Maksu keskeytettiin', 'Betalningen avbröts', 'The payment was cancelled'],
  expired: ['Maksuaika päättyi', 'Betalningstiden är slut', 'The time to pay is over'],
  failed: ['Maksussa tapahtui virhe', 'Ett fel uppstod i betalningen', 'Something went wrong with the payment'],
  partlyRefunded: ['Osa maksusta on palautettu', 'En del av betalningen har återbetalats', 'Part of the payment has been refunded'],
  refunded: ['Maksu on palautettu', 'Betalningen har återbetalats', 'The payment has been refunded'],
  reversed: ['Maksu peruuntui', 'Betalningen återkallades', 'The payment was reversed'],
  offline: ['Ei verkkoyhteyttä', 'Ingen nätanslutning', 'You are offline'],
  unreachable: ['Yhteys ei onnistunut', 'Anslutningen misslyckades', 'The connection failed'],
  unknown: ['Maksua ei löydy', 'Betalningen hittas inte', 'The payment was not found'],
  retry: ['Yritä uudelleen', 'Försök igen', 'Try again'],
  otherBank: ['Valitse toinen pankki', 'Välj en annan bank', 'Choose another bank'],
  check: ['Tarkista uudelleen', 'Kontrollera igen', 'Check again'],
  toShop: ['Takaisin kauppaan', 'Tillbaka till butiken', 'Back to the shop'],
  back: ['Takaisin', 'Tillbaka', 'Back'],
  reference: ['Viite', 'Referens', 'Reference'],
  refundedSum: ['Palautettu', 'Återbetalat', 'Refunded'],
  refundingSum: ['Palautetaan', 'Återbetalas', 'Being refunded'],
  // The simulator's pages.
  confirm: ['Vahvista maksu', 'Bekräfta betalningen', 'Confirm the payment'],
  pay: [/^Maksa [\d ]/, /^Betala [\d ]/, /^Pay [\d€]/],
  refuse: ['Pankki hylkää maksun', 'Banken avslår betalningen', 'The bank refuses'],
  cancel: ['Peruuta maksu', 'Avbryt betalningen', 'Cancel the payment'],
  toldLater: ['Maksa, tulos selviää myöhemmin', 'Betala, resultatet klarnar senare', 'Pay, the outcome comes later'],
  disrupted: ['Pankki ei vastaa juuri nyt', 'Banken svarar inte just nu', 'The bank is not responding right now'],
  payLate: ['Maksa ja odota vahvistusta', 'Betala och vänta på bekräftelse', 'Pay and await confirmation'],
  late: ['Maksa, mutta vahvistus tulee myöhemmin', 'Betala, men bekräftelsen kommer senare', 'Pay, but the confirmation comes later'],
  arrives: ['Rahat tulevat perille', 'Pengarna kommer fram', 'The money arrives'],
  arrivesNot: ['Rahat eivät tule', 'Pengarna kommer inte', 'The money does not arrive'],
  isReversed: ['Rahat eivät tule ja maksu palautetaan', 'Pengarna kommer inte och betalningen återförs', 'The money does not arrive and the payment is reversed'],
  vetumaChoose: ['Valitse maksutapa', 'Välj betalsätt', 'Choose how to pay'],
  vetumaPaid: ['Maksu on suoritettu', 'Betalningen är gjord', 'The payment is done'],
  vetumaBack: ['Palaa palveluun', 'Tillbaka till tjänsten', 'Return to the service'],
  // The bridge's pages for old software.
  leave: [/palaa palveluun$/i, /tillbaka till tjänsten$/i, /back to the service$/i],
  toService: [/^Takaisin palveluun/, /^Tillbaka till tjänsten/, /^Back to the service/],
  finnishBanks: [/^Suomalaiset verkkopankit/, /^Finska nätbanker/, /^Finnish banks/],
};

export const LANGUAGES = ['fi', 'sv', 'en'];

const of = (at) => Object.fromEntries(Object.entries(table).map(([key, row]) => [key, row[at]]));

/** The words by language: `words.fi.paid`. */
export const words = Object.fromEntries(LANGUAGES.map((language, at) => [language, of(at)]));
