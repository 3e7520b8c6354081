//! What the hosted page looks like to a browser without script, as outlines of its markup.

use kassa_checkout::{
    Bank, BankId, Currency, Language, Names, Status, Timestamp,
    bank::Unavailable,
    contract::{ChooseAt, Method, PaymentStatus, Session},
    selection::OptionName,
};

use super::{checkout_page, fault_page, page_title, status_page};
use crate::{Fault, PageLinks, Step};

const NOON: Timestamp = Timestamp::from_millis(1_795_262_520_000);

fn bank(id: &str, names: [&str; 3], unavailable: Option<Unavailable>) -> Bank {
    let [fi, sv, en] = names.map(str::to_owned);
    Bank {
        id: BankId::parse(id).unwrap(),
        names: Names { fi, sv, en },
        mark: id.get(..2).unwrap().to_owned(),
        hue: 215,
        aliases: Vec::new(),
        bic: None,
        unavailable,
        logo: None,
    }
}

fn session(option: OptionName, status: Status) -> Session {
    let begun = !matches!(status, Status::Created | Status::Expired);
    let nordea = bank("nordea", ["Nordea"; 3], None);
    Session {
        payee: "Puoti <b> & Oy".to_owned(),
        amount_cents: 4_990,
        currency: Currency::Eur,
        reference: "12 34561".to_owned(),
        order: "A-1".to_owned(),
        description: None,
        language: Language::Fi,
        option,
        choose_at: ChooseAt::Kassa,
        methods: vec![Method {
            code: "card".to_owned(),
            names: Names {
                fi: "Kortti".to_owned(),
                sv: "Kort".to_owned(),
                en: "Card".to_owned(),
            },
        }],
        status: PaymentStatus {
            status,
            bank: begun.then(|| nordea.id.clone()),
            bank_names: begun.then(|| nordea.names.clone()),
            can_pay: status.can_pay(),
            chosen_at: begun.then_some(NOON),
            accepted_at: begun.then(|| NOON.plus_seconds(120)),
            changed_at: NOON.plus_seconds(120),
            version: 1,
            return_url: "https://shop.example/thanks?a=1&b=2".to_owned(),
            refunded_cents: 0,
            refunding_cents: 0,
            next: None,
        },
        banks: vec![
            nordea,
            bank(
                "s-pankki",
                ["S-Pankki", "S-Banken", "S-Bank"],
                Some(Unavailable::Maintenance {
                    until: Some(NOON.plus_seconds(3_600).millis()),
                }),
            ),
        ],
        expires_at: NOON.plus_seconds(7_200),
    }
}

fn links(step: Option<Step>) -> PageLinks {
    PageLinks {
        pay: "/checkout/t/pay".to_owned(),
        page: "/checkout/t".to_owned(),
        step,
        fault: None,
    }
}

/// The markup, a tag a line, without drawings, classes and parts.
fn outline(html: &str) -> String {
    let mut lines = Vec::new();
    let mut inside_svg = false;
    for piece in html.replace("<!>", "").split_inclusive('>') {
        let (text, tag) = piece.split_once('<').unwrap_or((piece, ""));
        if !text.trim().is_empty() {
            lines.push(format!("  {}", text.trim()));
        }
        inside_svg |= tag.starts_with("svg");
        if !inside_svg && !tag.starts_with('/') && !tag.is_empty() {
            lines.push(format!(
                "<{}",
                without(&without(tag, " class=\""), " part=\"")
            ));
        }
        inside_svg &= !tag.starts_with("/svg");
    }
    lines.join("\n")
}

fn without(tag: &str, attribute: &str) -> String {
    let Some((before, rest)) = tag.split_once(attribute) else {
        return tag.to_owned();
    };
    let after = rest.split_once('"').map_or("", |(_, after)| after);
    [before, after].concat()
}

#[test]
fn option_1_asks_for_the_method_first() {
    let session = session(OptionName::MethodThenBank, Status::Created);
    insta::assert_snapshot!(outline(&checkout_page(
        &session,
        Language::Fi,
        &links(None)
    )));
}

#[test]
fn option_1_then_for_the_bank() {
    let session = session(OptionName::MethodThenBank, Status::Created);
    let links = links(Step::from_query("banks"));
    insta::assert_snapshot!(outline(&checkout_page(&session, Language::Sv, &links)));
}

#[test]
fn option_2_shows_banks_among_methods() {
    let session = session(OptionName::BanksAmongMethods, Status::Created);
    insta::assert_snapshot!(outline(&checkout_page(
        &session,
        Language::En,
        &links(None)
    )));
}

#[test]
fn option_3_shows_the_banks_as_a_group() {
    let session = session(OptionName::BanksInGroup, Status::Created);
    insta::assert_snapshot!(outline(&checkout_page(
        &session,
        Language::Fi,
        &links(None)
    )));
}

#[test]
fn options_4_and_5_show_banks() {
    let all = session(OptionName::AllBanks, Status::Created);
    let page = checkout_page(&all, Language::Fi, &links(None));
    let named = session(OptionName::NamedBanks, Status::Created);
    assert_eq!(page, checkout_page(&named, Language::Fi, &links(None)));
    insta::assert_snapshot!(outline(&page));
}

#[test]
fn option_6_confirms_a_bank() {
    let mut session = session(OptionName::SingleBank, Status::Created);
    session.banks.truncate(1);
    insta::assert_snapshot!(outline(&checkout_page(
        &session,
        Language::Fi,
        &links(None)
    )));
}

#[test]
fn a_choice_at_the_provider_is_one_button() {
    let mut session = session(OptionName::AllBanks, Status::Created);
    session.choose_at = ChooseAt::Provider;
    insta::assert_snapshot!(outline(&checkout_page(
        &session,
        Language::En,
        &links(None)
    )));
}

#[test]
fn every_status_has_its_page() {
    for status in [
        Status::Created,
        Status::Redirected,
        Status::Pending,
        Status::AwaitingConfirmation,
        Status::Paid,
        Status::Declined,
        Status::Cancelled,
        Status::Expired,
        Status::Failed,
        Status::PartiallyRefunded,
        Status::Refunded,
        Status::Reversed,
    ] {
        let page = status_page(
            &session(OptionName::AllBanks, status),
            Language::Fi,
            &links(None),
        );
        insta::assert_snapshot!(status.as_str(), outline(&page));
    }
}

#[test]
fn refunds_are_told_with_their_sums_in_every_language() {
    let mut session = session(OptionName::AllBanks, Status::PartiallyRefunded);
    session.status.refunded_cents = 1_000;
    session.status.refunding_cents = 350;
    for language in Language::ALL {
        let page = outline(&status_page(&session, language, &links(None)));
        insta::assert_snapshot!(format!("refunds_{}", language.code()), page);
    }
    // On its way alone, of a payment that is paid as it was; and nothing of a sum of nothing.
    session.status.status = Status::Paid;
    session.status.refunded_cents = 0;
    let page = outline(&status_page(&session, Language::En, &links(None)));
    assert!(
        page.contains("Being refunded\n<dd>\n  €3.50") && !page.contains("Refunded"),
        "{page}"
    );
    session.status.refunding_cents = 0;
    let page = outline(&status_page(&session, Language::En, &links(None)));
    assert!(!page.contains("efunded"), "{page}");
}

#[test]
fn what_the_shop_says_is_escaped() {
    let session = session(OptionName::AllBanks, Status::Paid);
    let page = status_page(&session, Language::Fi, &links(None));
    assert!(page.contains("Puoti &lt;b&gt; &amp; Oy"));
    assert!(!page.contains("<b>"));
    assert!(page.contains("thanks?a=1&amp;b=2"));
}

#[test]
fn a_page_obeys_the_strictest_policy() {
    for option in [OptionName::MethodThenBank, OptionName::BanksInGroup] {
        let page = checkout_page(
            &session(option, Status::Created),
            Language::Sv,
            &links(None),
        );
        for forbidden in [" style=", "<style", "<script", " onclick", " onsubmit"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }
}

#[test]
fn choosing_again_needs_a_payment_that_can_be_paid() {
    let banks = links(Some(Step::Banks));
    let declined = session(OptionName::AllBanks, Status::Declined);
    let again = checkout_page(&declined, Language::Fi, &banks);
    assert!(again.contains("Valitse pankkisi"));
    let paid = session(OptionName::AllBanks, Status::Paid);
    assert!(checkout_page(&paid, Language::Fi, &banks).contains("Maksu on perillä"));
}

#[test]
fn a_fault_is_told_beside_the_choice() {
    let mut links = links(None);
    links.fault = Some(Fault::Provider);
    let page = checkout_page(
        &session(OptionName::AllBanks, Status::Redirected),
        Language::En,
        &links,
    );
    assert!(outline(&page).contains("role=\"alert\">\n  The bank could not be reached."));
    assert!(fault_page(Fault::Unknown, Language::Sv).contains("Betalningen hittas inte"));
}

#[test]
fn the_title_names_sum_and_payee_and_then_what_came_of_it() {
    let title = |status| page_title(&session(OptionName::AllBanks, status), Language::En);
    assert_eq!(title(Status::Created), "Pay €49.90 – Puoti <b> & Oy");
    assert_eq!(title(Status::Paid), "Paid – Puoti <b> & Oy");
}
