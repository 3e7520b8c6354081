//! Every text that a person reads on the customer's pages, in Finnish, Swedish and English.

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Finnish
    Fi,
    /// Swedish
    Sv,
    /// English
    En,
}

impl Lang {
    /// The language for an ISO 639-1 code in either case; English for all that we have no texts in.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code.to_ascii_lowercase().as_str() {
            "fi" => Self::Fi,
            "sv" => Self::Sv,
            _ => Self::En,
        }
    }

    /// The code for `lang` attributes.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.pick("fi", "sv", "en")
    }

    /// The one of three that is for this language.
    #[must_use]
    pub fn pick<T>(self, fi: T, sv: T, en: T) -> T {
        match self {
            Self::Fi => fi,
            Self::Sv => sv,
            Self::En => en,
        }
    }

    /// The texts.
    #[must_use]
    pub fn texts(self) -> &'static Texts {
        self.pick(&FI, &SV, &EN)
    }

    /// Cents as an amount of euros, the way the language writes it.
    #[must_use]
    pub fn euros(self, cents: u64) -> String {
        let whole = (cents / 100).to_string();
        let separator = self.pick('\u{a0}', '\u{a0}', ',');
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                grouped.push(separator);
            }
            grouped.push(digit);
        }
        let rest = cents % 100;
        self.pick(
            format!("{grouped},{rest:02}\u{a0}€"),
            format!("{grouped},{rest:02}\u{a0}€"),
            format!("€{grouped}.{rest:02}"),
        )
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $key:ident: $fi:literal, $sv:literal, $en:literal;)*) => {
        /// The texts of one language; `{}` stands for what the page fills in.
        #[derive(Debug)]
        pub struct Texts {
            $($(#[$doc])* pub $key: &'static str,)*
        }
        const FI: Texts = Texts { $($key: $fi,)* };
        const SV: Texts = Texts { $($key: $sv,)* };
        const EN: Texts = Texts { $($key: $en,)* };
        #[cfg(test)]
        const ALL: &[[&str; 3]] = &[$([$fi, $sv, $en],)*];
    };
}

texts! {
    /// The mark on every page.
    simulator: "Simulaattori", "Simulator", "Simulator";
    /// What the mark means.
    simulator_note: "Tämä ei ole oikea pankki eikä maksupalvelu. Rahaa ei liiku.", "Det här är varken en riktig bank eller betaltjänst. Inga pengar rör sig.", "This is neither a real bank nor a payment service. No money moves.";
    /// Title of the Payment Page.
    payment_page: "Maksusivu", "Betalsida", "Payment page";
    /// Heading over the methods.
    choose_method: "Valitse maksutapa", "Välj betalsätt", "Choose how to pay";
    /// Heading over the banks.
    choose_bank: "Valitse pankkisi", "Välj din bank", "Choose your bank";
    /// The method.
    finnish_banks: "Suomalaiset verkkopankit", "Finska nätbanker", "Finnish banks";
    /// Under the method.
    finnish_banks_hint: "{} pankkia", "{} banker", "{} banks";
    /// Another method.
    card: "Kortti", "Kort", "Card";
    /// Another method of the group.
    other_country_banks: "Pankit: {}", "Banker: {}", "Banks in {}";
    /// A country.
    sweden: "Ruotsi", "Sverige", "Sweden";
    /// A country.
    estonia: "Viro", "Estland", "Estonia";
    /// A country.
    germany: "Saksa", "Tyskland", "Germany";
    /// Under a method that does nothing.
    not_simulated: "Ei mukana simulaattorissa", "Ingår inte i simulatorn", "Not part of the simulator";
    /// Back to the methods.
    other_method: "Valitse toinen maksutapa", "Välj ett annat betalsätt", "Choose another way to pay";
    /// Leaves for the shop.
    back_to_shop: "Palaa kauppaan", "Tillbaka till butiken", "Back to the shop";
    /// Heading of the confirmation for a single bank; also its button.
    continue_to: "Jatka {}", "Fortsätt till {}", "Continue to {}";
    /// Under the heading of the confirmation.
    continue_hint: "Siirryt pankkisi palveluun vahvistamaan maksun. Palaat sitten takaisin kauppaan.", "Du går till din banks tjänst för att bekräfta betalningen. Sedan kommer du tillbaka till butiken.", "You go to your bank’s service to confirm the payment. Then you come back to the shop.";
    /// Foot of the Payment Page.
    in_your_bank: "Maksat pankkisi omassa palvelussa", "Du betalar i din egen banks tjänst", "You pay in your bank’s own service";
    /// The payment's id, as a label.
    payment: "Maksu", "Betalning", "Payment";
    /// Who gets the money.
    payee: "Saaja", "Mottagare", "Payee";
    /// Label of the amount.
    amount: "Summa", "Belopp", "Amount";
    /// Label of the shop's description.
    description: "Viesti", "Meddelande", "Message";
    /// Label of the account.
    account: "Tili", "Konto", "Account";
    /// Label of the bank.
    bank: "Pankki", "Bank", "Bank";
    /// Under the bank's name.
    simulated_bank: "Simuloitu pankki", "Simulerad bank", "Simulated bank";
    /// Heading of the bank's page.
    confirm_payment: "Vahvista maksu", "Bekräfta betalningen", "Confirm the payment";
    /// Pays.
    pay: "Maksa {}", "Betala {}", "Pay {}";
    /// What the bank does instead.
    refuse: "Pankki hylkää maksun", "Banken avslår betalningen", "The bank refuses";
    /// What the customer does instead.
    cancel: "Peruuta maksu", "Avbryt betalningen", "Cancel the payment";
    /// The customer goes away.
    close: "Sulje selain kesken", "Stäng mitt i allt", "Walk away";
    /// Opens the late confirmations.
    late: "Maksa, mutta vahvistus tulee myöhemmin", "Betala, men bekräftelsen kommer senare", "Pay, but the confirmation comes later";
    /// Legend of the outcomes.
    late_outcome: "Miten lopulta käy?", "Hur slutar det?", "How does it end?";
    /// An outcome.
    late_success: "Rahat tulevat perille", "Pengarna kommer fram", "The money arrives";
    /// An outcome.
    late_decline: "Rahat eivät tule", "Pengarna kommer inte", "The money does not arrive";
    /// An outcome.
    late_reversed: "Rahat eivät tule ja maksu palautetaan", "Pengarna kommer inte och betalningen återförs", "The money does not arrive and the payment is reversed";
    /// An outcome.
    flip_success: "Ensin hylätty, sitten rahat tulevatkin", "Först avslagen, sedan kommer pengarna ändå", "Declined first, then the money arrives after all";
    /// An outcome.
    flip_reversed: "Ensin maksettu, sitten palautettu", "Först betald, sedan återförd", "Paid first, then reversed";
    /// Label of the delay.
    late_delay: "Vahvistuksen viive", "Fördröjning", "Delay";
    /// A delay.
    ten_seconds: "10 sekuntia", "10 sekunder", "10 seconds";
    /// A delay.
    one_day: "1 päivä", "1 dag", "1 day";
    /// A delay.
    seven_days: "7 päivää", "7 dagar", "7 days";
    /// A delay.
    ten_days: "10 päivää", "10 dagar", "10 days";
    /// Pays at OP, which says what came of it a minute later.
    told_later: "Maksa, tulos selviää myöhemmin", "Betala, resultatet klarnar senare", "Pay, the outcome comes later";
    /// Pays with a late confirmation.
    pay_late: "Maksa ja odota vahvistusta", "Betala och vänta på bekräftelse", "Pay and await confirmation";
    /// Foot of the bank's page.
    made_up: "Pankki, tili ja raha ovat keksittyjä", "Banken, kontot och pengarna är påhittade", "Bank, account and money are made up";
    /// The payment is paid.
    paid: "Maksettu", "Betald", "Paid";
    /// Under it.
    paid_hint: "Maksu on perillä.", "Betalningen är framme.", "The payment has arrived.";
    /// The payment was declined.
    declined: "Maksu ei onnistunut", "Betalningen misslyckades", "The payment did not go through";
    /// Under it.
    declined_hint: "Tililtä ei ole veloitettu mitään.", "Inget har debiterats från kontot.", "Nothing was taken from the account.";
    /// The bank has not confirmed.
    awaiting: "Pankki vahvistaa maksua", "Banken bekräftar betalningen", "The bank is confirming the payment";
    /// Under it.
    awaiting_hint: "Tämä kestää joskus muutaman päivän. Älä maksa uudelleen.", "Det tar ibland några dagar. Betala inte på nytt.", "This sometimes takes a few days. Do not pay again.";
    /// The payment was reversed.
    reversed: "Maksu palautettiin", "Betalningen återfördes", "The payment was reversed";
    /// Under it.
    reversed_hint: "Rahat eivät tulleet perille.", "Pengarna kom inte fram.", "The money did not arrive.";
    /// The customer walked away.
    walked_away: "Suljit pankin sivun", "Du stängde bankens sida", "You closed the bank’s page";
    /// Under it.
    walked_away_hint: "Kaupalle ei kerrottu mitään. Maksu on yhä auki.", "Butiken fick inget veta. Betalningen är fortfarande öppen.", "The shop was not told anything. The payment is still open.";
    /// Back to the open payment.
    resume: "Palaa pankin sivulle", "Tillbaka till bankens sida", "Return to the bank’s page";
    /// To the list of all payments.
    all_payments: "Simulaattorin maksut", "Simulatorns betalningar", "The simulator’s payments";
    /// Where there are none.
    no_payments: "Yhtään maksua ei ole vielä avattu. Avaa maksusivu verkkokaupasta.", "Ingen betalning har öppnats ännu. Öppna betalsidan från webbutiken.", "No payment has been opened yet. Open the payment page from the shop.";
    /// Heading over the list.
    newest: "Uusimmat", "Nyaste", "Newest";
    /// Label of the language links.
    languages: "Kieli", "Språk", "Language";
    /// Heading of the clock.
    clock: "Simulaattorin kello", "Simulatorns klocka", "The simulator’s clock";
    /// The clock was not put forward.
    clock_real: "Oikeassa ajassa", "I verklig tid", "In real time";
    /// The clock was put forward.
    clock_ahead: "{} edellä", "{} före", "{} ahead";
    /// Label of the buttons that put the clock forward.
    clock_skip: "Siirrä kelloa eteenpäin", "Ställ fram klockan", "Put the clock forward";
    /// A span of days.
    days: "{} pv", "{} d", "{} d";
    /// Instead of a bank.
    no_bank: "Pankkia ei ole valittu", "Ingen bank vald", "No bank chosen";
    /// ecommpay's option by its number.
    option: "vaihtoehto {}", "alternativ {}", "option {}";
    /// What will happen.
    planned: "Tulossa: {} ·", "Kommande: {} ·", "To come: {} ·";
    /// How many callbacks were delivered of all.
    callbacks: "Ilmoituksia perillä {}/{}", "Meddelanden framme {}/{}", "Callbacks delivered {}/{}";
    /// How often a callback was tried.
    tries: "Yrityksiä {}", "Försök {}", "Tries {}";
    /// Not tried yet.
    try_waiting: "odottaa", "väntar", "waiting";
    /// How a try ended.
    try_lost: "hukattu", "borttappad", "lost";
    /// How a try ended.
    try_unreachable: "ei yhteyttä", "ingen förbindelse", "unreachable";
    /// How a try ended.
    try_timed_out: "ei vastausta ajoissa", "inget svar i tid", "timed out";
    /// No callback address.
    no_address: "Osoitetta ei annettu", "Ingen adress angiven", "No address given";
    /// A state.
    chip_open: "Avoin", "Öppen", "Open";
    /// A state.
    chip_at_bank: "Pankissa", "Hos banken", "At the bank";
    /// A state.
    chip_walked_away: "Jäi kesken", "Avbruten halvvägs", "Walked away";
    /// A state.
    chip_awaiting: "Odottaa vahvistusta", "Väntar på bekräftelse", "Awaiting confirmation";
    /// A state.
    chip_declined: "Hylätty", "Avslagen", "Declined";
    /// A state.
    chip_reversed: "Palautettu", "Återförd", "Reversed";
    /// Heading when a page or payment does not exist.
    not_found: "Maksua ei löydy", "Betalningen hittades inte", "There is no such payment";
    /// Heading when an act does not fit the state.
    too_late: "Tätä ei voi enää tehdä", "Det här går inte längre", "This can no longer be done";
    /// Under every page of VETUMA.
    vetuma_note: "VETUMA-palvelu päättyi 31.12.2017, eikä elävää VETUMAa enää ole. Tämä on jäljitelmä, jolla vanhoja sovelluksia voi kokeilla.", "VETUMA-tjänsten upphörde 31.12.2017 och det finns inget levande VETUMA längre. Det här är en efterbildning för att prova gamla program.", "The VETUMA service ended on 31 December 2017, and no live VETUMA exists any more. This is an imitation for trying old software.";
    /// A function of VETUMA.
    vetuma_payment: "Maksaminen", "Betalning", "Payment";
    /// A function of VETUMA.
    vetuma_identification: "Tunnistautuminen", "Identifiering", "Identification";
    /// A function of VETUMA.
    vetuma_query: "Maksun kysely", "Förfrågan om en betalning", "Query of a payment";
    /// Heading over the banks that identify.
    vetuma_choose_identification: "Valitse tunnistustapa", "Välj identifieringssätt", "Choose how to identify yourself";
    /// A way to pay.
    vetuma_card: "Maksukortti (Luottokunta)", "Betalkort (Luottokunta)", "Payment card (Luottokunta)";
    /// Foot of the page to choose on.
    vetuma_session: "Aikaa on kymmenen minuuttia", "Du har tio minuter på dig", "You have ten minutes";
    /// Ends an identification.
    vetuma_cancel_login: "Keskeytä tunnistautuminen", "Avbryt identifieringen", "Cancel the identification";
    /// What the bank does instead.
    vetuma_refuse_login: "Pankki ei tunnista", "Banken identifierar inte", "The bank does not identify you";
    /// Heading over the invented people.
    vetuma_who: "Kuka olet? Henkilöt ovat keksittyjä", "Vem är du? Personerna är påhittade", "Who are you? The people are invented";
    /// Label of the reference.
    vetuma_reference: "Viitenumero", "Referensnummer", "Reference";
    /// Label of the order number.
    vetuma_order_number: "Tilausnumero", "Ordernummer", "Order number";
    /// Label of the application's name.
    vetuma_application: "Palvelu", "Tjänst", "Service";
    /// Opens the rare ends.
    vetuma_other_ends: "Jokin muu menee vikaan", "Något annat går fel", "Something else goes wrong";
    /// A rare end.
    vetuma_failure: "Muu virhe (FAILURE)", "Annat fel (FAILURE)", "Another failure (FAILURE)";
    /// A rare end.
    vetuma_error: "Virhe kutsussa (ERROR)", "Fel i anropet (ERROR)", "The call was faulty (ERROR)";
    /// Heading of the way back.
    vetuma_paid: "Maksu on suoritettu", "Betalningen är gjord", "The payment is done";
    /// Under it.
    vetuma_paid_hint: "Palvelu saa tiedon maksusta vasta, kun palaat sinne.", "Tjänsten får veta om betalningen först när du återvänder dit.", "The service hears of the payment only when you return to it.";
    /// Heading of the way back.
    vetuma_identified: "Tunnistautuminen onnistui", "Identifieringen lyckades", "You are identified";
    /// Under it.
    vetuma_identified_hint: "Palvelu saa tietosi vasta, kun palaat sinne.", "Tjänsten får dina uppgifter först när du återvänder dit.", "The service hears who you are only when you return to it.";
    /// Heading of the way back.
    vetuma_not_identified: "Tunnistautuminen ei onnistunut", "Identifieringen misslyckades", "The identification did not go through";
    /// Heading of the way back.
    vetuma_cancelled: "Keskeytit asioinnin", "Du avbröt", "You cancelled";
    /// Under the headings of what did not succeed.
    vetuma_back_hint: "Sinut palautetaan palveluun.", "Du förs tillbaka till tjänsten.", "You are taken back to the service.";
    /// Takes the answer to the application.
    vetuma_back: "Palaa palveluun", "Tillbaka till tjänsten", "Return to the service";
    /// Heading when nobody came back in time.
    vetuma_over: "Istunto on vanhentunut", "Sessionen har gått ut", "The session has ended";
    /// Under it.
    vetuma_over_hint: "Kymmenen minuuttia kului. Palvelu ei saa tästä vastausta.", "Tio minuter gick. Tjänsten får inget svar.", "Ten minutes went by. The service gets no answer.";
    /// Under that, when money left the account.
    vetuma_over_paid: "Maksu ehti kuitenkin lähteä tililtä.", "Betalningen hann ändå lämna kontot.", "The money left the account all the same.";
    /// Heading of the addresses and secrets.
    vetuma_for_software: "Vanhalle sovellukselle", "För det gamla programmet", "For the old software";
    /// Instead of sessions.
    vetuma_no_calls: "Yhtään kutsua ei ole vielä tullut.", "Inget anrop har kommit ännu.", "No call has come yet.";
    /// Heading of the page that plays old software.
    vetuma_old: "Vanha sovellus", "Gammalt program", "Old software";
    /// Under it.
    vetuma_old_hint: "Tämä sivu esittää vanhaa sovellusta, joka osaa vain VETUMAa.", "Den här sidan spelar ett gammalt program som bara kan VETUMA.", "This page plays old software that speaks nothing but VETUMA.";
    /// Label of the address for the call.
    vetuma_old_to: "Kutsun osoite", "Anropets adress", "Address of the call";
    /// Makes the call.
    vetuma_old_make: "Tee kutsu", "Gör anropet", "Make the call";
    /// Posts the call.
    vetuma_old_go: "Siirry maksamaan", "Gå till betalningen", "Go and pay";
    /// Heading over the answer; with the name of the address that it came to.
    vetuma_old_answer: "Vastaus osoitteeseen {}", "Svar till {}", "An answer to {}";
    /// Under it.
    vetuma_old_mac_holds: "Turvatarkiste (MAC) pitää.", "Kontrollsumman (MAC) stämmer.", "The MAC holds.";
    /// Under it.
    vetuma_old_mac_fails: "Turvatarkiste (MAC) ei pidä: vastausta ei pidä uskoa.", "Kontrollsumman (MAC) stämmer inte: lita inte på svaret.", "The MAC does not hold: do not believe the answer.";
    /// Begins anew.
    vetuma_old_again: "Tee uusi kutsu", "Gör ett nytt anrop", "Make another call";
    /// Leads to the overview.
    vetuma_calls: "Kutsuja: {}", "Anrop: {}", "Calls: {}";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_amounts() {
        assert_eq!(Lang::Fi.euros(4_990), "49,90\u{a0}€");
        assert_eq!(Lang::Sv.euros(123_456_705), "1\u{a0}234\u{a0}567,05\u{a0}€");
        assert_eq!(Lang::En.euros(100_000), "€1,000.00");
    }

    #[test]
    fn every_text_fills_the_same_places() {
        for [fi, sv, en] in ALL {
            let places = |text: &str| text.matches("{}").count();
            assert!(!fi.is_empty() && !sv.is_empty() && !en.is_empty());
            assert_eq!((places(fi), places(sv)), (places(en), places(en)), "{en}");
        }
    }
}
