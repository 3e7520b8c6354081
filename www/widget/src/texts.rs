//! Everything that the widget says, in one table.
//!
//! A row is a key and its three texts, so that none can be missing: the compiler sees to that.
//! `%` marks the place of a name, a number or a time.

use kassa_checkout::Language;

macro_rules! table {
    ($($key:ident: $fi:literal, $sv:literal, $en:literal;)*) => {
        /// The texts of one language.
        #[allow(dead_code, reason = "the browser and the server each leave some unsaid")]
        pub(crate) struct Texts {
            $(pub(crate) $key: &'static str,)*
        }

        static FI: Texts = Texts { $($key: $fi,)* };
        static SV: Texts = Texts { $($key: $sv,)* };
        static EN: Texts = Texts { $($key: $en,)* };

        #[cfg(test)]
        const ALL: &[(&str, [&str; 3])] = &[$((stringify!($key), [$fi, $sv, $en]),)*];
    };
}

/// The texts of `language`.
pub(crate) fn texts(language: Language) -> &'static Texts {
    match language {
        Language::Fi => &FI,
        Language::Sv => &SV,
        Language::En => &EN,
    }
}

/// Puts `value` in the place of the `%`.
pub(crate) fn fill(text: &str, value: &str) -> String {
    let (before, after) = text.split_once('%').unwrap_or((text, ""));
    [before, value, after].concat()
}

#[rustfmt::skip]
table! {
    loading: "Ladataan maksua", "Betalningen laddas", "Loading the payment";
    page_title: "Maksa %", "Betala %", "Pay %";
    reference: "Viite", "Referens", "Reference";
    order: "Tilaus", "Beställning", "Order";
    footer: "Maksat pankkisi omassa palvelussa", "Du betalar i din egen banks tjänst", "You pay in your own bank’s service";

    choose_method: "Valitse maksutapa", "Välj betalningssätt", "Choose how to pay";
    choose_bank: "Valitse pankkisi", "Välj din bank", "Choose your bank";
    banks: "Pankit", "Banker", "Banks";
    online_bank: "Verkkopankki", "Nätbank", "Online bank";
    online_bank_hint: "Valitse pankki seuraavaksi", "Välj bank i nästa steg", "Choose your bank next";
    other_methods: "Muut maksutavat", "Andra betalningssätt", "Other ways to pay";
    search: "Hae pankkia", "Sök bank", "Search banks";
    found_none: "Hakua vastaavaa pankkia ei löytynyt.", "Ingen bank motsvarar sökningen.", "No bank matches your search.";
    found_one: "1 pankki", "1 bank", "1 bank";
    found_many: "% pankkia", "% banker", "% banks";
    no_banks: "Yhtään pankkia ei ole nyt valittavissa.", "Ingen bank kan väljas just nu.", "No bank can be chosen right now.";
    last_used: "Viimeksi käytetty", "Senast använd", "Last used";
    back: "Takaisin", "Tillbaka", "Back";

    maintenance: "Huoltokatko", "Serviceavbrott", "Maintenance break";
    maintenance_until: "Huoltokatko klo % asti", "Serviceavbrott till kl. %", "Maintenance until %";
    disrupted: "Pankki ei vastaa juuri nyt", "Banken svarar inte just nu", "The bank is not responding right now";
    amount_refused: "Pankki ei ota vastaan tätä summaa", "Banken tar inte emot det här beloppet", "The bank does not take this amount";

    go_to: "Jatka %", "Fortsätt till %", "Continue to %";
    go_to_unknown: "Jatka: %", "Fortsätt till %", "Continue to %";
    go_hint: "Siirryt % palveluun vahvistamaan maksun. Palaat sitten takaisin kauppaan.", "Du går till % och bekräftar betalningen. Sedan kommer du tillbaka till butiken.", "You go to % to confirm the payment. Then you come back to the shop.";
    go_hint_unknown: "Siirryt pankin palveluun vahvistamaan maksun. Palaat sitten takaisin kauppaan.", "Du går till bankens tjänst och bekräftar betalningen. Sedan kommer du tillbaka till butiken.", "You go to the bank’s service to confirm the payment. Then you come back to the shop.";
    go_pay: "Siirry maksamaan", "Fortsätt till betalningen", "Continue to payment";
    go_pay_hint: "Valitset pankkisi seuraavalla sivulla. Palaat sitten takaisin kauppaan.", "Du väljer din bank på nästa sida. Sedan kommer du tillbaka till butiken.", "You choose your bank on the next page. Then you come back to the shop.";
    other_bank: "Valitse toinen pankki", "Välj en annan bank", "Choose another bank";

    leaving: "Siirrytään maksamaan", "Du förs till betalningen", "Taking you to the payment";
    leaving_to: "Siirrytään %", "Du förs till %", "Taking you to %";
    leaving_hint: "Älä sulje sivua. Tämä kestää hetken.", "Stäng inte sidan. Det här tar en stund.", "Please keep this page open. This takes a moment.";
    leaving_link: "Jatka tästä, jos sivu ei vaihdu", "Fortsätt här om sidan inte byts", "Continue here if nothing happens";

    created: "Maksua ei ole vielä aloitettu", "Betalningen har inte börjat", "The payment has not begun yet";
    created_text: "Valitse pankki, niin pääset maksamaan.", "Välj en bank för att betala.", "Choose a bank to pay.";
    pending: "Odotamme tietoa pankista", "Vi väntar på besked från banken", "Waiting to hear from the bank";
    pending_text: "Tieto maksusta tulee tähän itsestään. Sivua ei tarvitse ladata uudelleen.", "Beskedet kommer hit av sig självt. Du behöver inte ladda om sidan.", "The answer appears here by itself. There is no need to reload the page.";
    pending_again: "Etkö maksanut vielä? Voit valita pankin uudelleen. Jos maksoit jo, odota hetki.", "Har du inte betalat ännu? Du kan välja bank på nytt. Om du redan har betalat, vänta en stund.", "Not paid yet? You can choose a bank again. If you have already paid, wait a moment.";
    awaiting: "Pankki vahvistaa maksua", "Banken bekräftar betalningen", "The bank is confirming the payment";
    awaiting_text: "Tämä kestää joskus muutaman päivän. Kauppa saa tiedon, kun maksu on vahvistettu. Sinun ei tarvitse maksaa uudelleen.", "Det här kan ta några dagar. Butiken får besked när betalningen är bekräftad. Du behöver inte betala på nytt.", "This can take a few days. The shop is told when the payment is confirmed. You do not need to pay again.";
    paid: "Maksettu", "Betald", "Paid";
    paid_text: "Kiitos! Maksu on perillä.", "Tack! Betalningen är framme.", "Thank you! The payment has arrived.";
    declined: "Maksu ei onnistunut", "Betalningen lyckades inte", "The payment did not succeed";
    declined_text: "Pankki ei hyväksynyt maksua, eikä kauppa ole saanut rahaa.", "Banken godkände inte betalningen, och butiken har inte fått några pengar.", "The bank did not accept the payment, and the shop has received no money.";
    cancelled: "Maksu keskeytettiin", "Betalningen avbröts", "The payment was cancelled";
    cancelled_text: "Keskeytit maksun pankissa. Voit jatkaa siitä, mihin jäit.", "Du avbröt betalningen i banken. Du kan fortsätta där du slutade.", "You cancelled the payment at the bank. You can pick up where you left off.";
    expired: "Maksuaika päättyi", "Betalningstiden är slut", "The time to pay is over";
    expired_text: "Maksua ei tehty ajoissa. Palaa kauppaan ja aloita maksaminen uudelleen.", "Betalningen gjordes inte i tid. Gå tillbaka till butiken och börja om.", "The payment was not made in time. Go back to the shop and begin again.";
    failed: "Maksussa tapahtui virhe", "Ett fel uppstod i betalningen", "Something went wrong with the payment";
    failed_text: "Vika ei ole sinussa. Tarkista tililtäsi, ettei maksua ole veloitettu, ennen kuin yrität uudelleen.", "Felet är inte ditt. Kontrollera på kontot att inget har debiterats innan du försöker igen.", "It is not your fault. Check that your account was not charged before you try again.";
    partially_refunded: "Osa maksusta on palautettu", "En del av betalningen har återbetalats", "Part of the payment has been refunded";
    partially_refunded_text: "Kauppa on palauttanut osan summasta tilillesi.", "Butiken har återbetalat en del av beloppet till ditt konto.", "The shop has returned part of the amount to your account.";
    refunded: "Maksu on palautettu", "Betalningen har återbetalats", "The payment has been refunded";
    refunded_text: "Kauppa on palauttanut koko summan tilillesi.", "Butiken har återbetalat hela beloppet till ditt konto.", "The shop has returned the whole amount to your account.";
    reversed: "Maksu peruuntui", "Betalningen återkallades", "The payment was reversed";
    reversed_text: "Pankki perui maksun jälkikäteen. Ota yhteyttä kauppaan.", "Banken återkallade betalningen i efterhand. Kontakta butiken.", "The bank took the payment back afterwards. Please contact the shop.";

    retry: "Yritä uudelleen", "Försök igen", "Try again";
    pick_bank: "Valitse pankki", "Välj bank", "Choose a bank";
    to_shop: "Takaisin kauppaan", "Tillbaka till butiken", "Back to the shop";
    print: "Tulosta kuitti", "Skriv ut kvittot", "Print the receipt";
    print_hint: "Voit tulostaa tämän sivun kuitiksi.", "Du kan skriva ut den här sidan som kvitto.", "You can print this page as your receipt.";
    check: "Tarkista uudelleen", "Kontrollera igen", "Check again";
    stopped: "Maksun tilaa ei enää seurata itsestään.", "Betalningens status följs inte längre automatiskt.", "The payment is no longer being followed automatically.";

    receipt: "Kuitti", "Kvitto", "Receipt";
    payee: "Saaja", "Mottagare", "Payee";
    bank: "Pankki", "Bank", "Bank";
    amount: "Summa", "Belopp", "Amount";
    refunded_sum: "Palautettu", "Återbetalat", "Refunded";
    refunding_sum: "Palautetaan", "Återbetalas", "Being refunded";
    time: "Aika", "Tid", "Time";

    steps: "Maksun vaiheet", "Betalningens steg", "Steps of the payment";
    step_chosen: "Pankki valittu", "Bank vald", "Bank chosen";
    step_accepted: "Maksu hyväksytty pankissa", "Betalningen godkänd i banken", "Payment accepted at the bank";
    step_confirmed: "Pankin vahvistus", "Bankens bekräftelse", "The bank’s confirmation";
    step_done: "valmis", "klart", "done";
    step_now: "kesken", "pågår", "in progress";

    offline: "Ei verkkoyhteyttä", "Ingen nätanslutning", "You are offline";
    offline_text: "Jatkamme itsestään, kun yhteys palaa.", "Vi fortsätter av oss själva när anslutningen är tillbaka.", "We continue by ourselves when the connection is back.";
    unreachable: "Yhteys ei onnistunut", "Anslutningen misslyckades", "The connection failed";
    unreachable_text: "Maksupalvelu ei vastannut. Yritä hetken päästä uudelleen.", "Betalningstjänsten svarade inte. Försök igen om en stund.", "The payment service did not answer. Try again in a moment.";
    unknown: "Maksua ei löydy", "Betalningen hittas inte", "The payment was not found";
    unknown_text: "Linkki on vanhentunut tai virheellinen. Palaa kauppaan ja aloita uudelleen.", "Länken är föråldrad eller felaktig. Gå tillbaka till butiken och börja om.", "The link is old or wrong. Go back to the shop and begin again.";
    bank_unreachable: "Pankkiin ei saatu yhteyttä. Yritä uudelleen tai valitse toinen pankki.", "Banken kunde inte nås. Försök igen eller välj en annan bank.", "The bank could not be reached. Try again or choose another bank.";
    not_payable: "Tätä maksua ei voi nyt maksaa.", "Den här betalningen kan inte betalas nu.", "This payment cannot be paid now.";
}

#[cfg(test)]
mod tests {
    use super::{ALL, EN, FI, SV, fill};

    #[test]
    fn no_text_is_empty_or_untrimmed() {
        for (key, row) in ALL {
            for text in row {
                assert!(!text.is_empty(), "{key}");
                assert_eq!(text.trim(), *text, "{key}");
            }
        }
    }

    #[test]
    fn a_row_has_its_place_to_fill_in_every_language_or_in_none() {
        for (key, row) in ALL {
            let places = row.map(|text| text.matches('%').count());
            // Only Finnish inflects names, so an unknown one is left out of its sentence there.
            if *key == "go_hint_unknown" {
                assert_eq!(places, [0, 0, 0]);
            }
            assert!(places.iter().all(|count| *count == places[0]), "{key}");
            assert!(places[0] <= 1, "{key}");
        }
    }

    #[test]
    fn languages_are_not_copies_of_each_other() {
        // A word that is the same in two languages is named here, any other was forgotten.
        let same = ["found_one", "bank"];
        for (key, [fi, sv, en]) in ALL {
            if !same.contains(key) {
                assert!(fi != sv && fi != en && sv != en, "{key}");
            }
        }
    }

    #[test]
    fn what_the_script_says_without_the_table_is_in_the_table() {
        let script = include_str!("../../../pkg/src/checkout/fallback.js");
        for (language, texts) in [("fi", &FI), ("sv", &SV), ("en", &EN)] {
            let line = [
                "  ",
                language,
                ": ['",
                texts.go_pay,
                "', '",
                texts.loading,
                "'],",
            ]
            .concat();
            assert!(script.lines().any(|found| found == line), "{line}");
        }
    }

    #[test]
    fn the_place_is_filled() {
        assert_eq!(fill("Jatka %", "Nordeaan"), "Jatka Nordeaan");
        assert_eq!(fill("% banks", "7"), "7 banks");
    }
}
