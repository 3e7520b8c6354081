//! The requests that an account builds, and the settings that it takes.

use kassa_checkout::{
    Amount, Coded, Customer, Language, Order, Selection, Timestamp,
    bank::BankId,
    message::{Algorithm, Purpose, SignError, Signature, Signer},
    order::Context,
    provider::{BrowserForm, BuildError, Choice, Payments, Provider},
};

use super::{Ecommpay, Settings, SettingsError};

/// Signs with zeros: these tests are about what is signed.
struct Zeros;

impl Signer for Zeros {
    fn sign(&self, _: Algorithm, _: Purpose, _: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature(vec![0; 64]))
    }
}

fn account(settings: &[(&str, &str)]) -> Result<Ecommpay, SettingsError> {
    let owned = settings
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Ecommpay::new(&owned.collect())
}

fn order() -> Order {
    Order {
        provider_payment_id: "p1-1".into(),
        amount: Amount::from_cents(4_990).unwrap(),
        reference: "1234561".into(),
        description: Some("Metsän Puoti 1001".into()),
        customer: Customer {
            id: "c1".into(),
            first_name: Some("Matti".into()),
            last_name: Some("Meikäläinen".into()),
            email: None,
            phone: None,
        },
    }
}

fn context() -> Context {
    Context {
        now: Timestamp::from_millis(1_604_414_498_000),
        request_id: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
        session_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".into(),
        language: Language::Sv,
        expires_at: Timestamp::from_millis(1_604_418_098_000),
        callback_url: "https://kassa.example/callbacks/ecommpay".into(),
        return_url: "https://kassa.example/return/t".into(),
        customer_ip: None,
    }
}

fn bank(slug: &str) -> BankId {
    BankId::parse(slug).unwrap()
}

fn build(order: &Order, choice: &Choice) -> Result<BrowserForm, BuildError> {
    let account = account(&[("project_id", "120"), ("other_methods", "card, applepay")]).unwrap();
    let beginning = account.create_payment(order, choice, &context())?;
    Ok(beginning
        .into_form()
        .unwrap()
        .sign(&Zeros)
        .unwrap()
        .into_message())
}

fn field(result: Result<BrowserForm, BuildError>) -> Option<&'static str> {
    result.err().and_then(|error| error.field())
}

#[test]
fn a_bank_that_was_chosen_here_becomes_option_6() {
    let form = build(&order(), &Choice::Bank(bank("nordea"))).unwrap();
    assert_eq!(form.action, "https://paymentpage.ecommpay.com/payment");
    let fields: Vec<_> = form
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let zeros = "A".repeat(86) + "==";
    let back = "https://kassa.example/return/t";
    assert_eq!(
        fields,
        [
            ("project_id", "120"),
            ("payment_id", "p1-1"),
            ("payment_amount", "4990"),
            ("payment_currency", "EUR"),
            ("customer_id", "c1"),
            ("payment_description", "Metsän Puoti 1001"),
            ("language_code", "sv"),
            ("region_code", "FI"),
            ("best_before", "2020-11-03T15:41:38+00:00"),
            (
                "merchant_callback_url",
                "https://kassa.example/callbacks/ecommpay"
            ),
            ("merchant_success_url", back),
            ("merchant_fail_url", back),
            ("merchant_return_url", back),
            ("customer_first_name", "Matti"),
            ("customer_last_name", "Meikäläinen"),
            ("force_payment_method", "online-finnish-banks"),
            (
                "payment_methods_options",
                r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [4991]}}"#
            ),
            ("signature", &zeros),
        ]
    );
}

#[test]
fn what_is_signed_is_what_is_sent() {
    let account = account(&[("project_id", "120")]).unwrap();
    let choice = Choice::AtProvider(Selection::AllBanks);
    let unsigned = account
        .create_payment(&order(), &choice, &context())
        .unwrap()
        .into_form()
        .unwrap();
    let signed = String::from_utf8(unsigned.signing_input().to_vec()).unwrap();
    let mut lines: Vec<_> = signed.split(';').map(str::to_owned).collect();
    let form = unsigned.sign(&Zeros).unwrap().into_message();
    let mut fields: Vec<_> = form
        .fields
        .iter()
        .filter(|(name, _)| name != "signature")
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    lines.sort();
    fields.sort();
    assert_eq!(lines, fields);
}

#[test]
fn each_way_to_choose_at_the_provider_has_its_parameters() {
    let split = r#"{"online_finnish_banks": {"split_banks": true}}"#;
    let two = r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [4991, 5001]}}"#;
    let one = r#"{"online_finnish_banks": {"split_banks": true, "banks_id": [5001]}}"#;
    let method = "online-finnish-banks";
    let named =
        |slugs: &[&str]| Selection::named(slugs.iter().map(|slug| bank(slug)).collect()).unwrap();
    for (selection, expected) in [
        (Selection::MethodThenBank, [None, None, None]),
        (Selection::BanksAmongMethods, [None, None, Some(split)]),
        (
            Selection::BanksInGroup,
            [None, Some("openbanking"), Some(split)],
        ),
        (Selection::AllBanks, [Some(method), None, None]),
        (named(&["nordea", "op"]), [Some(method), None, Some(two)]),
        (named(&["op"]), [Some(method), None, Some(one)]),
    ] {
        let form = build(&order(), &Choice::AtProvider(selection)).unwrap();
        let value = |wanted: &str| {
            let found = form.fields.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        let names = [
            "force_payment_method",
            "force_payment_group",
            "payment_methods_options",
        ];
        assert_eq!(names.map(value), expected);
    }
}

#[test]
fn only_what_the_account_offers_can_be_chosen() {
    for method in ["card", "applepay"] {
        let form = build(&order(), &Choice::Method(method.into())).unwrap();
        let wanted = ("force_payment_method".to_owned(), method.to_owned());
        assert!(form.fields.contains(&wanted));
    }
    let refused = |choice| field(build(&order(), &choice));
    assert_eq!(refused(Choice::Method("paypal".into())), Some("method"));
    assert_eq!(refused(Choice::Bank(bank("no-such-bank"))), Some("bank"));
    assert_eq!(refused(Choice::Bank(bank("handelsbanken"))), Some("bank"));
    let closed = Selection::named(vec![bank("op"), bank("handelsbanken")]).unwrap();
    assert_eq!(refused(Choice::AtProvider(closed)), Some("bank"));
}

#[test]
fn a_closed_bank_can_be_chosen_where_it_is_configured() {
    let settings = [("project_id", "120"), ("show_closed_banks", "true")];
    let account = account(&settings).unwrap();
    let choice = Choice::Bank(bank("handelsbanken"));
    assert!(
        account
            .create_payment(&order(), &choice, &context())
            .is_ok()
    );
    let banks = account.banks().unwrap().fallback();
    assert_eq!(banks.len(), 10);
}

#[test]
fn text_from_the_customer_cannot_reach_into_the_signed_string() {
    let choice = Choice::Bank(bank("nordea"));
    type Change = fn(&mut Order, String);
    let changes: [(&str, Change); 5] = [
        ("payment_description", |order, text| {
            order.description = Some(text)
        }),
        ("customer_first_name", |order, text| {
            order.customer.first_name = Some(text)
        }),
        ("customer_last_name", |order, text| {
            order.customer.last_name = Some(text)
        }),
        ("customer_email", |order, text| {
            order.customer.email = Some(text)
        }),
        ("customer_id", |order, text| order.customer.id = text),
    ];
    for (name, change) in changes {
        for text in ["x;payment:status:success", "a\nb", "a\u{0}b"] {
            let mut order = order();
            change(&mut order, text.to_owned());
            assert_eq!(field(build(&order, &choice)), Some(name), "{text:?}");
        }
        let mut order = order();
        change(&mut order, "ä".repeat(255));
        assert!(build(&order, &choice).is_ok(), "{name}");
        change(&mut order, "ä".repeat(256));
        assert_eq!(field(build(&order, &choice)), Some(name));
    }
}

#[test]
fn the_offer_may_end_within_thirty_days() {
    let account = account(&[("project_id", "120")]).unwrap();
    let choice = Choice::Bank(bank("nordea"));
    let refused = |seconds: u64| {
        let mut context = context();
        context.expires_at = context.now.plus_seconds(seconds);
        let built = account.create_payment(&order(), &choice, &context);
        built.err().and_then(|error| error.field())
    };
    assert_eq!(refused(0), Some("best_before"));
    assert_eq!(refused(1), None);
    assert_eq!(refused(30 * 86_400), None);
    assert_eq!(refused(30 * 86_400 + 1), Some("best_before"));
}

#[test]
fn settings_are_read_strictly_and_errors_name_the_key() {
    let key = |settings: &[(&str, &str)]| {
        let error = account(settings).err()?;
        Some((error.key().unwrap_or_default().to_owned(), error.code()))
    };
    let id = ("project_id", "120");
    let missing = Some(("project_id".to_owned(), "settings/missing"));
    let unknown = Some(("projectid".to_owned(), "settings/unknown-key"));
    assert_eq!(key(&[]), missing);
    assert_eq!(key(&[id, ("projectid", "1")]), unknown);
    for (name, good, bad) in [
        (
            "project_id",
            &["1", "239"][..],
            &["", "0", "-1", "1.0", "x"][..],
        ),
        (
            "payment_page_url",
            &[
                "https://pay.example/payment",
                "http://127.0.0.1:8081/payment",
                "http://localhost/payment",
                "http://[::1]:1/payment",
            ],
            &[
                "",
                "pay.example",
                "http://pay.example/payment",
                "http://127.0.0.1.example/payment",
                "http://127.0.0.1:x/payment",
                "http://localhost@pay.example/",
                "https://pay.example/payment?a=1",
                "https://pay.example/#x",
            ],
        ),
        (
            "gate_url",
            &["https://gate.example", "http://127.0.0.1:8081/"],
            &[
                "",
                "gate.example",
                "http://gate.example",
                "https://gäte.example",
            ],
        ),
        (
            "bank_payments",
            &["payment_page", "gate"],
            &["", "Gate", "true"],
        ),
        (
            "other_methods",
            &["", "card", "card, paypal-wallet"],
            &["card,", "a b", ","],
        ),
        (
            "show_closed_banks",
            &["true", "false"],
            &["", "yes", "1", "True"],
        ),
    ] {
        let malformed = Some((name.to_owned(), "settings/malformed"));
        let others: &[_] = if name == "project_id" { &[] } else { &[id] };
        for value in good {
            assert_eq!(
                key(&[others, &[(name, value)]].concat()),
                None,
                "{name} {value}"
            );
        }
        for value in bad {
            let settings = [others, &[(name, *value)]].concat();
            assert_eq!(key(&settings), malformed, "{name} {value}");
        }
    }
}

/// With `bank_payments = "gate"` only a bank that was chosen here is gone to by the Gate.
#[test]
fn the_account_says_how_a_bank_is_come_to() {
    let gate = account(&[("project_id", "120"), ("bank_payments", "gate")]).unwrap();
    let page = account(&[("project_id", "120")]).unwrap();
    let mut context = context();
    context.customer_ip = Some([192, 0, 2, 7].into());
    let begin = |account: &Ecommpay, choice: &Choice| {
        account.create_payment(&order(), choice, &context).unwrap()
    };
    let nordea = Choice::Bank(bank("nordea"));
    assert!(begin(&gate, &nordea).into_call().is_some());
    assert!(begin(&page, &nordea).into_form().is_some());
    let at_provider = Choice::AtProvider(Selection::AllBanks);
    assert!(begin(&gate, &at_provider).into_form().is_some());
    assert!(gate.bank_list().is_some() && page.bank_list().is_none());
    // A bank that only the live list knows has its number in its name.
    let live = Choice::Bank(bank("ecommpay-55399"));
    let call = begin(&gate, &live).into_call().unwrap();
    let signed = String::from_utf8(call.signing_input().to_vec()).unwrap();
    assert!(signed.starts_with("account:bank_id:55399;"), "{signed}");
    let refused = page.create_payment(&order(), &live, &context);
    assert_eq!(refused.unwrap_err().field(), Some("bank"));
}

#[test]
fn settings_map_is_what_the_registry_documents() {
    let entry = crate::registry::all()
        .iter()
        .find(|entry| entry.facts.id == "ecommpay");
    let settings: Settings = entry.unwrap().example_settings();
    assert!(
        settings
            .keys()
            .all(|key| super::SETTINGS.contains(&key.as_str()))
    );
}
