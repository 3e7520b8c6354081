//! The Payment Page's parameters and the limits of each.
//!
//! Source: ecommpay's "Payment Page parameters" as far as they concern this method. Left out on
//! purpose: card, billing and address-verification parameters, those that only the JavaScript
//! widget takes, and every name that begins with `_`, which would not be signed.

use kassa_checkout::Amount;

use super::{base64, json::Json, selection::Options};
use crate::{date, url};

/// A documented parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What its value must be.
    pub rule: Rule,
}

/// What the value of a parameter must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// Text with at least one and at most so many characters.
    Required(usize),
    /// Text with at most so many characters; may be empty.
    Text(usize),
    /// A positive whole number in plain digits that fits 63 bits.
    Number,
    /// A sum in cents: 1 to 99 999 999 999.
    Cents,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// 4 to 24 digits.
    Phone,
    /// Two capital letters, as ISO 3166-1.
    Country,
    /// Two small letters, as ISO 639-1.
    Language,
    /// A day as `DD-MM-YYYY`.
    Day,
    /// A point in time as `YYYY-MM-DDThh:mm:ss` and an offset `±hh` or `±hh:mm`.
    Time,
    /// An absolute `https:` or `http:` address.
    Url,
    /// A code of ecommpay's: 1 to 64 letters, digits, hyphens or underscores.
    Code,
    /// Such codes with commas between them.
    Codes,
    /// The selection of banks.
    BankOptions,
    /// Base64 of a JSON document.
    EncodedJson,
    /// `{"id": N}`.
    InterfaceType,
}

impl Rule {
    /// Whether a value fits; what it must do besides is in [`check_characters`].
    #[must_use]
    pub fn fits(self, value: &str) -> bool {
        match self {
            Self::Required(most) => !value.is_empty() && value.chars().count() <= most,
            Self::Text(most) => value.chars().count() <= most,
            Self::Number => plain_number(value).is_some_and(|number| i64::try_from(number).is_ok()),
            Self::Cents => {
                plain_number(value).is_some_and(|cents| Amount::from_cents(cents).is_ok())
            }
            Self::OneOf(words) => words.contains(&value),
            Self::Phone => {
                (4..=24).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
            }
            Self::Country => {
                value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase())
            }
            Self::Language => {
                value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_lowercase())
            }
            Self::Day => is_day(value),
            Self::Time => is_time(value),
            Self::Url => is_url(value),
            Self::Code => is_code(value),
            Self::Codes => value.split(',').all(is_code),
            Self::BankOptions => Options::read(value).is_some(),
            Self::EncodedJson => {
                base64::decode(value).is_some_and(|bytes| Json::read(&bytes).is_ok())
            }
            Self::InterfaceType => Json::read(value.as_bytes()).is_ok_and(|json| {
                json.entries().len() == 1 && json.get("id").and_then(Json::as_u64).is_some()
            }),
        }
    }

    /// What was expected, for people.
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Required(most) => ["1 to ", &most.to_string(), " characters"].concat(),
            Self::Text(most) => ["at most ", &most.to_string(), " characters"].concat(),
            Self::Number => "a positive whole number in plain digits".to_owned(),
            Self::Cents => "whole cents from 1 to 99999999999, in plain digits".to_owned(),
            Self::OneOf(words) => alternatives(words),
            Self::Phone => "4 to 24 digits".to_owned(),
            Self::Country => "two capital letters of ISO 3166-1".to_owned(),
            Self::Language => "two small letters of ISO 639-1".to_owned(),
            Self::Day => "a day as DD-MM-YYYY".to_owned(),
            Self::Time => "a time as 2026-11-21T14:00:00+00:00".to_owned(),
            Self::Url => "an absolute https or http address of at most 2048 characters".to_owned(),
            Self::Code => "1 to 64 letters, digits, hyphens or underscores".to_owned(),
            Self::Codes => "codes with commas between them".to_owned(),
            Self::BankOptions => Options::EXPECTED.to_owned(),
            Self::EncodedJson => "Base64 of a JSON document".to_owned(),
            Self::InterfaceType => r#"{"id": N} with a whole number N"#.to_owned(),
        }
    }
}

/// The words with "or" between them; `join` would bring a general one into the browser's module.
fn alternatives(words: &[&str]) -> String {
    let mut text = String::new();
    for (place, word) in words.iter().enumerate() {
        if place > 0 {
            text.push_str(" or ");
        }
        text.push_str(word);
    }
    text
}

const ENABLED: Rule = Rule::OneOf(&["0", "1", "2"]);
const FLAG: Rule = Rule::OneOf(&["0", "1"]);
const REDIRECT_MODE: Rule = Rule::OneOf(&["iframe", "parent_page", "blank_page"]);

/// The longest text where no shorter limit is documented, in characters.
///
/// `payment_extra_param` and `merchant_data` have no documented limit; this one is ours.
const LONG: usize = 2_048;

const fn parameter(name: &'static str, rule: Rule) -> Parameter {
    Parameter { name, rule }
}

/// Every parameter that a Payment Page request of Kassa may hold, sorted by name.
pub static PARAMETERS: &[Parameter] = &[
    parameter("best_before", Rule::Time),
    parameter("booking_info", Rule::EncodedJson),
    parameter("close_on_missclick", FLAG),
    parameter("customer_address", Rule::Text(255)),
    parameter("customer_birthplace", Rule::Text(255)),
    parameter("customer_city", Rule::Text(255)),
    parameter("customer_country", Rule::Country),
    parameter("customer_day_of_birth", Rule::Day),
    parameter("customer_email", Rule::Text(255)),
    parameter("customer_first_name", Rule::Text(255)),
    parameter("customer_id", Rule::Required(255)),
    parameter("customer_last_name", Rule::Text(255)),
    parameter("customer_middle_name", Rule::Text(255)),
    parameter("customer_phone", Rule::Phone),
    parameter("customer_state", Rule::Text(255)),
    parameter("customer_street", Rule::Text(255)),
    parameter("customer_zip", Rule::Text(10)),
    parameter("force_acs_new_window", FLAG),
    parameter("force_payment_group", Rule::Code),
    parameter("force_payment_method", Rule::Code),
    parameter("force_payment_method_subtype", Rule::Code),
    parameter("frame_mode", Rule::Code),
    parameter("hide", Rule::Codes),
    parameter("interface_type", Rule::InterfaceType),
    parameter("language_code", Rule::Language),
    parameter("merchant_callback_url", Rule::Url),
    parameter("merchant_data", Rule::Text(LONG)),
    parameter("merchant_domain", Rule::Text(255)),
    parameter("merchant_fail_enabled", ENABLED),
    parameter("merchant_fail_redirect_mode", REDIRECT_MODE),
    parameter("merchant_fail_url", Rule::Url),
    parameter("merchant_return_enabled", ENABLED),
    parameter("merchant_return_redirect_mode", REDIRECT_MODE),
    parameter("merchant_return_url", Rule::Url),
    parameter("merchant_success_enabled", ENABLED),
    parameter("merchant_success_redirect_mode", REDIRECT_MODE),
    parameter("merchant_success_url", Rule::Url),
    parameter("mode", Rule::OneOf(&["purchase"])),
    parameter("operation_type", Rule::OneOf(&["sale"])),
    parameter("payment_amount", Rule::Cents),
    parameter("payment_currency", Rule::OneOf(&["EUR"])),
    parameter("payment_description", Rule::Text(255)),
    parameter("payment_extra_param", Rule::Text(LONG)),
    parameter("payment_id", Rule::Required(255)),
    parameter("payment_methods_options", Rule::BankOptions),
    parameter("project_id", Rule::Number),
    parameter("receipt_data", Rule::EncodedJson),
    parameter("redirect", FLAG),
    parameter("redirect_fail_enabled", ENABLED),
    parameter("redirect_fail_mode", REDIRECT_MODE),
    parameter("redirect_fail_url", Rule::Url),
    parameter("redirect_on_mobile", FLAG),
    parameter("redirect_return_url", Rule::Url),
    parameter("redirect_success_enabled", ENABLED),
    parameter("redirect_success_mode", REDIRECT_MODE),
    parameter("redirect_success_url", Rule::Url),
    parameter("region_code", Rule::Country),
    parameter("style_id", Rule::Code),
    parameter("target_element", Rule::Code),
    parameter("terminal_id", Rule::Code),
    parameter("uuid", Rule::Code),
];

/// The parameters without which the Payment Page does not open.
pub const REQUIRED: [&str; 5] = [
    "project_id",
    "payment_id",
    "payment_amount",
    "payment_currency",
    "customer_id",
];

/// The documented parameter of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Parameter> {
    let place = PARAMETERS
        .binary_search_by(|parameter| parameter.name.cmp(name))
        .ok()?;
    PARAMETERS.get(place)
}

/// Whether a text holds nothing that could be taken for something else in the signed string.
///
/// Values are not escaped there, so a `;` in one could stand for the start of another parameter;
/// control characters have no business in any of them.
#[must_use]
pub fn check_characters(text: &str) -> bool {
    !text.chars().any(|c| c == ';' || c.is_control())
}

fn plain_number(value: &str) -> Option<u64> {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    plain.then(|| value.parse().ok()).flatten()
}

fn is_day(value: &str) -> bool {
    let parts: Vec<_> = value.split('-').collect();
    let &[day, month, year] = parts.as_slice() else {
        return false;
    };
    if (day.len(), month.len(), year.len()) != (2, 2, 4) {
        return false;
    }
    // A customer may be born before 1970, and four centuries later the calendar is the same.
    let text = |year: u64| [&year.to_string(), "-", month, "-", day, "T00:00:00Z"].concat();
    year.bytes().all(|byte| byte.is_ascii_digit())
        && year
            .parse::<u64>()
            .is_ok_and(|year| year > 0 && date::read(&text(2_000 + year % 400)).is_some())
}

fn is_time(value: &str) -> bool {
    let offset = value.get(19..).unwrap_or_default();
    let length_fits = matches!(offset.len(), 3 | 6);
    length_fits && date::read(value).is_some()
}

fn is_code(value: &str) -> bool {
    (1..=64).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_url(value: &str) -> bool {
    let Some((authority, _)) = url::parts(value) else {
        return false;
    };
    value.chars().count() <= LONG
        && !authority.is_empty()
        && !authority.contains(['@', '\\'])
        && !value.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::{PARAMETERS, REQUIRED, Rule, check_characters, find};

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(
            PARAMETERS
                .windows(2)
                .all(|pair| pair[0].name < pair[1].name)
        );
        for name in REQUIRED {
            assert!(find(name).is_some(), "{name}");
        }
        assert_eq!(find("_referrer"), None);
        assert_eq!(find("signature"), None);
        assert_eq!(find("PROJECT_ID"), None);
    }

    #[test]
    fn every_rule_at_its_edge() {
        let text = |length: usize| "ä".repeat(length);
        let digits = |length: usize| "7".repeat(length);
        let url = |length: usize| format!("https://a/{}", "x".repeat(length - 10));
        let cases: Vec<(Rule, Vec<String>, Vec<String>)> = vec![
            (
                Rule::Required(255),
                vec![text(1), text(255)],
                vec![text(0), text(256)],
            ),
            (Rule::Text(10), vec![text(0), text(10)], vec![text(11)]),
            (
                Rule::Phone,
                vec![digits(4), digits(24)],
                vec![digits(3), digits(25)],
            ),
            (Rule::Url, vec![url(11), url(2_048)], vec![url(2_049)]),
            (
                Rule::Code,
                vec![digits(1), digits(64)],
                vec![digits(0), digits(65)],
            ),
        ];
        for (rule, good, bad) in cases {
            for value in good {
                assert!(rule.fits(&value), "{rule:?} {value}");
            }
            for value in bad {
                assert!(!rule.fits(&value), "{rule:?} {value}");
            }
        }
    }

    #[test]
    fn every_rule_by_example() {
        for (rule, good, bad) in [
            (
                Rule::Number,
                &["1", "120", "9223372036854775807"][..],
                &[
                    "",
                    "0",
                    "01",
                    "-1",
                    "+1",
                    "1.0",
                    "9223372036854775808",
                    "１",
                ][..],
            ),
            (
                Rule::Cents,
                &["1", "1000", "99999999999"],
                &["", "0", "10.00", "100000000000", "1e3", " 1"],
            ),
            (
                Rule::OneOf(&["0", "1"]),
                &["0", "1"],
                &["", "2", "true", "01"],
            ),
            (
                Rule::Phone,
                &["358401234567"],
                &["+358401234567", "040 123", "1234a"],
            ),
            (Rule::Country, &["FI"], &["fi", "FIN", "F", "ÅÅ", ""]),
            (Rule::Language, &["fi"], &["FI", "fin", "", "sv-FI"]),
            (
                Rule::Day,
                &["01-02-1960", "29-02-2000", "31-12-1899"],
                &[
                    "",
                    "1960-02-01",
                    "1-2-1960",
                    "29-02-1900",
                    "31-04-2000",
                    "00-01-2000",
                    "01-01-0000",
                    "01-01-+199",
                    "01-01-2000-",
                ],
            ),
            (
                Rule::Time,
                &[
                    "2026-11-21T14:00:00+02:00",
                    "2026-11-21T14:00:00+02",
                    "2026-11-21T14:00:00-03:30",
                ],
                &[
                    "2026-11-21T14:00:00+0200",
                    "2026-11-21T14:00:00Z",
                    "2026-11-21 14:00:00+02",
                    "2026-11-21",
                    "",
                ],
            ),
            (
                Rule::Url,
                &[
                    "https://shop.example/ok?a=1&b=2#f",
                    "https://shop.example/ä?ö=å",
                    "http://127.0.0.1:8080/",
                ],
                &[
                    "",
                    "shop.example",
                    "//shop.example",
                    "ftp://shop.example",
                    "https://",
                    "https:///x",
                    "https://a b",
                    "javascript:alert(1)",
                    "https://user@shop.example/",
                    "https://a\\b",
                    "HTTPS://a",
                ],
            ),
            (
                Rule::Code,
                &["online-finnish-banks", "card"],
                &["", "a b", "ä", "a,b"],
            ),
            (
                Rule::Codes,
                &["card", "card,paypal"],
                &["", "card,", "card, paypal"],
            ),
            (
                Rule::EncodedJson,
                &["eyJhIjoxfQ=="],
                &["", "eyJhIjoxfQ", "e30=\n", "bm8="],
            ),
            (
                Rule::InterfaceType,
                &["{\"id\":23}", "{\"id\": 24}"],
                &[
                    "",
                    "{}",
                    "23",
                    "{\"id\":\"23\"}",
                    "{\"id\":23,\"x\":1}",
                    "{\"id\":-1}",
                ],
            ),
        ] {
            for value in good {
                assert!(rule.fits(value), "{rule:?} {value}");
            }
            for value in bad {
                assert!(!rule.fits(value), "{rule:?} {value}");
            }
            assert!(!rule.expected().is_empty());
        }
    }

    #[test]
    fn what_could_end_a_value_is_found() {
        assert!(check_characters("Åsa O'Brien: a+b/c=,@$ 💶"));
        for text in ["a;b", "a\nb", "a\tb", "\u{0}", "\u{7f}", "\u{85}"] {
            assert!(!check_characters(text), "{text:?}");
        }
    }
}
