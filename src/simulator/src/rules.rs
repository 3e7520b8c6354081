//! The parameters of Payment Page and the limit of each (ecommpay, parameter specification).

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::date;
use crate::json::Node;

/// The parameters that every request needs.
pub const REQUIRED: [&str; 6] = [
    "project_id",
    "payment_id",
    "payment_amount",
    "payment_currency",
    "customer_id",
    "signature",
];

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Up to so many characters.
    Text(usize),
    /// One or more, up to so many characters.
    Filled(usize),
    /// A positive integer without leading zeros, of at most so many digits.
    Positive(usize),
    /// Digits only, from so many to so many.
    Digits(usize, usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Two letters, upper case: a country.
    Country,
    /// Two letters: a language.
    Language,
    /// An http or https URL.
    Url,
    /// `DD-MM-YYYY`
    DayMonthYear,
    /// `YYYY-MM-DDThh:mm:ss±hh:mm`
    BestBefore,
    /// A string that holds `{"id":N}`.
    InterfaceType,
    /// Base64 of a JSON text.
    EncodedJson,
    /// A JSON text, judged elsewhere.
    Json,
    /// The signature, judged elsewhere.
    Signature,
    /// A parameter of other methods.
    OtherMethod,
}

const TEXT_255: Rule = Rule::Text(255);
/// For texts to which the documentation sets no limit.
const LONG_TEXT: Rule = Rule::Text(4_096);
const FLAG: Rule = Rule::OneOf(&["0", "1"]);
const ENABLED: Rule = Rule::OneOf(&["0", "1", "2"]);
const MODE: Rule = Rule::OneOf(&["iframe", "parent_page", "blank_page"]);

/// The rule for a parameter; `None` when Payment Page has no such parameter.
#[must_use]
pub fn rule(name: &str) -> Option<Rule> {
    let rule = match name {
        "project_id" => Rule::Positive(10),
        "payment_amount" => Rule::Positive(12),
        "payment_currency" => Rule::OneOf(&["EUR"]),
        "payment_id" | "customer_id" => Rule::Filled(255),
        "signature" => Rule::Signature,
        "customer_first_name"
        | "customer_last_name"
        | "customer_middle_name"
        | "customer_city"
        | "customer_address"
        | "customer_street"
        | "customer_state"
        | "customer_birthplace"
        | "customer_email"
        | "payment_description" => TEXT_255,
        "customer_zip" => Rule::Text(10),
        "customer_phone" => Rule::Digits(4, 24),
        "customer_country" | "region_code" => Rule::Country,
        "customer_day_of_birth" => Rule::DayMonthYear,
        "language_code" => Rule::Language,
        "best_before" => Rule::BestBefore,
        "merchant_callback_url"
        | "merchant_return_url"
        | "merchant_success_url"
        | "merchant_fail_url"
        | "redirect_success_url"
        | "redirect_fail_url"
        | "redirect_return_url" => Rule::Url,
        "merchant_success_enabled"
        | "merchant_fail_enabled"
        | "merchant_return_enabled"
        | "redirect_success_enabled"
        | "redirect_fail_enabled" => ENABLED,
        "merchant_success_redirect_mode"
        | "merchant_fail_redirect_mode"
        | "merchant_return_redirect_mode"
        | "redirect_success_mode"
        | "redirect_fail_mode" => MODE,
        "force_payment_method" | "force_payment_group" | "force_payment_method_subtype" => {
            Rule::Filled(255)
        }
        "payment_methods_options" => Rule::Json,
        "mode" => Rule::OneOf(&["purchase"]),
        "operation_type" | "card_operation_type" => Rule::OneOf(&["sale"]),
        "redirect" | "redirect_on_mobile" | "close_on_missclick" | "force_acs_new_window" => FLAG,
        "hide"
        | "target_element"
        | "css_modal_wrap"
        | "baseUrl"
        | "payment_extra_param"
        | "merchant_data"
        | "frame_mode"
        | "terminal_id"
        | "style_id"
        | "merchant_domain"
        | "uuid" => LONG_TEXT,
        "receipt_data" | "booking_info" => Rule::EncodedJson,
        "interface_type" => Rule::InterfaceType,
        other if other.starts_with("billing_") || other.starts_with("avs_") => Rule::OtherMethod,
        _ => return None,
    };
    Some(rule)
}

impl Rule {
    /// Checks a value.
    ///
    /// # Errors
    /// What was expected, to be read after the parameter's name.
    pub fn check(self, value: &str) -> Result<(), String> {
        let length = value.chars().count();
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let letters = value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic());
        let (holds, expected) = match self {
            Self::Text(most) => (length <= most, format!("at most {most} characters")),
            Self::Filled(most) => (
                (1..=most).contains(&length),
                format!("1 to {most} characters"),
            ),
            Self::Positive(most) => (
                digits && (1..=most).contains(&length) && !value.starts_with('0'),
                format!("a positive integer of at most {most} digits"),
            ),
            Self::Digits(least, most) => (
                digits && (least..=most).contains(&length),
                format!("{least} to {most} digits"),
            ),
            Self::OneOf(words) => (
                words.contains(&value),
                format!("one of: {}", words.join(", ")),
            ),
            Self::Country => (
                letters && value.bytes().all(|byte| byte.is_ascii_uppercase()),
                "two capital letters (ISO 3166-1)".to_owned(),
            ),
            Self::Language => (letters, "two letters (ISO 639-1)".to_owned()),
            Self::Url => (is_url(value), "a full http or https address".to_owned()),
            Self::DayMonthYear => (date::is_day_month_year(value), "DD-MM-YYYY".to_owned()),
            Self::BestBefore => (
                date::parse_best_before(value).is_some(),
                "YYYY-MM-DDThh:mm:ss+hh:mm".to_owned(),
            ),
            Self::InterfaceType => (is_interface_type(value), "the string {\"id\":N}".to_owned()),
            Self::EncodedJson => (is_encoded_json(value), "Base64 of a JSON text".to_owned()),
            Self::OtherMethod => (
                false,
                "nothing: it belongs to other payment methods".to_owned(),
            ),
            Self::Json | Self::Signature => (true, String::new()),
        };
        if holds {
            Ok(())
        } else {
            Err(format!("is {}; expected {expected}", shown(value)))
        }
    }
}

/// A value for a message: quoted, and cut when long.
pub(crate) fn shown(value: &str) -> String {
    let count = value.chars().count();
    if count <= 60 {
        return format!("{value:?}");
    }
    let start: String = value.chars().take(40).collect();
    format!("{start:?}… ({count} characters)")
}

fn is_url(value: &str) -> bool {
    let uri = value.parse::<Uri>();
    uri.is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    })
}

fn is_interface_type(value: &str) -> bool {
    match Node::parse(value) {
        Ok(Node::Object(members)) => {
            matches!(members.as_slice(), [(name, Node::Number(number))] if name == "id" && number.parse::<u32>().is_ok())
        }
        _ => false,
    }
}

fn is_encoded_json(value: &str) -> bool {
    let decoded = STANDARD
        .decode(value)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.is_some_and(|text| Node::parse(&text).is_ok())
}
