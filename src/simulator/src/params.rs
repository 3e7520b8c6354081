//! Checks a Payment Page request as strictly as ecommpay documents it, and says everything that is wrong at once.

use std::fmt;

use axum::http::Uri;

use crate::date;
use crate::json::Node;
use crate::options::{self, Choice};
use crate::rules::{self, Rule};
use crate::signature::{Secret, string_to_sign};
use crate::texts::Lang;

/// `best_before` may lie at most so far ahead, in milliseconds.
const BEST_BEFORE_LIMIT_MS: i64 = 30 * date::DAY_MS;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The parameter.
    pub field: String,
    /// ecommpay's code for it, where the published table has one.
    pub code: Option<u32>,
    /// What is wrong, to be read after the field's name.
    pub message: String,
}

impl Problem {
    /// A problem without a published code.
    #[must_use]
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            code: None,
            message: message.into(),
        }
    }

    /// A problem that ecommpay's code table lists.
    #[must_use]
    pub fn coded(code: u32, field: &str, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::new(field, message)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

/// A request that passed all checks.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The payment's id, as sent; it is unique in the project without regard to case.
    pub payment_id: String,
    /// Cents.
    pub amount: u64,
    /// The customer's id.
    pub customer_id: String,
    /// What the shop says about the payment.
    pub description: String,
    /// The language of the pages.
    pub lang: Lang,
    /// How the customer chooses the bank.
    pub choice: Choice,
    /// Where callbacks go.
    pub callback_url: Option<String>,
    /// Where the customer goes after paying.
    pub success_url: Option<String>,
    /// Where the customer goes after a decline.
    pub fail_url: Option<String>,
    /// Where the customer goes when they do not want to pay.
    pub return_url: Option<String>,
    /// The request's signature, which also tells whether a repeated request is the same one.
    pub signature: String,
    /// All parameters but the signature, in the order in which they came.
    pub parameters: Vec<(String, String)>,
}

/// What was wrong with a request, and what the signature was checked over.
#[derive(Debug)]
pub struct Refusal {
    /// Everything found, in the order of the parameters.
    pub problems: Vec<Problem>,
    /// The string to sign that was computed from the parameters received.
    pub string_to_sign: String,
}

/// The string to sign of decoded parameters, the signature left out.
#[must_use]
pub fn page_string_to_sign(parameters: &[(String, String)]) -> String {
    let signed = parameters.iter().filter(|(name, _)| name != "signature");
    string_to_sign(&Node::Object(
        signed
            .map(|(name, value)| (name.clone(), Node::text(value)))
            .collect(),
    ))
}

/// Checks decoded parameters; `real_now_ms` is the real time, not the clock that can be put forward.
///
/// # Errors
/// Everything that is wrong.
pub fn check(
    parameters: &[(String, String)],
    project_id: u64,
    secret: &Secret,
    real_now_ms: i64,
) -> Result<PageRequest, Refusal> {
    let mut problems = Vec::new();
    for (at, (name, value)) in parameters.iter().enumerate() {
        if parameters
            .iter()
            .take(at)
            .any(|(earlier, _)| earlier == name)
        {
            problems.push(Problem::new(name, "is sent more than once"));
        } else {
            check_one(name, value, &mut problems);
        }
    }
    let given = |name: &str| {
        parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    for name in rules::REQUIRED {
        if given(name).is_none() {
            let code = if name == "signature" { 3262 } else { 2004 };
            problems.push(Problem::coded(code, name, "is missing"));
        }
    }
    if let Some(id) = given("project_id").filter(|id| *id != project_id.to_string()) {
        problems.push(Problem::coded(
            2442,
            "project_id",
            format!("is {id:?}; this simulator has only the project {project_id}"),
        ));
    }
    if let Some(text) = given("best_before") {
        check_best_before(text, real_now_ms, &mut problems);
    }
    if let Some(url) = given("merchant_callback_url").filter(|url| !is_loopback(url)) {
        problems.push(Problem::new("merchant_callback_url", format!("is {url:?}; the simulator sends callbacks only over plain http to this machine: http://localhost, 127.x.x.x or [::1]")));
    }
    let choice = options::read(
        given("force_payment_method"),
        given("force_payment_group"),
        given("payment_methods_options"),
        &mut problems,
    );
    let string_to_sign = page_string_to_sign(parameters);
    let signature = given("signature").unwrap_or_default();
    if given("signature").is_some()
        && let Err(problem) = secret.check(&string_to_sign, signature)
    {
        problems.push(Problem::coded(
            if signature.is_empty() { 3262 } else { 3261 },
            "signature",
            problem.to_string(),
        ));
    }
    let owned = |name: &str| given(name).map(str::to_owned);
    match (
        problems.is_empty(),
        choice,
        given("payment_amount").and_then(|amount| amount.parse().ok()),
    ) {
        (true, Some(choice), Some(amount)) => Ok(PageRequest {
            payment_id: owned("payment_id").unwrap_or_default(),
            amount,
            customer_id: owned("customer_id").unwrap_or_default(),
            description: owned("payment_description").unwrap_or_default(),
            lang: Lang::from_code(given("language_code").unwrap_or("en")),
            choice,
            callback_url: owned("merchant_callback_url"),
            success_url: owned("merchant_success_url"),
            fail_url: owned("merchant_fail_url"),
            return_url: owned("merchant_return_url"),
            signature: signature.to_owned(),
            parameters: parameters
                .iter()
                .filter(|(name, _)| name != "signature")
                .cloned()
                .collect(),
        }),
        _ => Err(Refusal {
            problems,
            string_to_sign,
        }),
    }
}

/// Whether a URL is plain http to this machine, by its written host: names are not looked up.
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let has_user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    let host = uri.host().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    uri.scheme_str() == Some("http")
        && !has_user
        && (host == "localhost" || address.is_ok_and(|address| address.is_loopback()))
}

fn check_one(name: &str, value: &str, problems: &mut Vec<Problem>) {
    let unsafe_text = |text: &str| text.contains(';') || text.chars().any(char::is_control);
    if unsafe_text(name) || unsafe_text(value) {
        problems.push(Problem::new(name, "holds a semicolon or a control character; values are not escaped in the string to sign, so these are forbidden"));
    }
    let Some(rule) = rules::rule(name) else {
        let message = if name.starts_with('_') {
            "begins with an underscore: ecommpay's plugins leave such names unsigned"
        } else {
            "is not a parameter of Payment Page"
        };
        problems.push(Problem::new(name, message));
        return;
    };
    if let Err(message) = rule.check(value) {
        // The signature's own problem is told after the string to sign was built.
        if !matches!(rule, Rule::Signature) {
            let code = match name {
                "payment_currency" => Some(3121),
                "payment_id" => Some(3244),
                "customer_id" => Some(2124),
                _ => None,
            };
            problems.push(Problem {
                code,
                ..Problem::new(name, message)
            });
        }
    }
}

fn check_best_before(text: &str, real_now_ms: i64, problems: &mut Vec<Problem>) {
    // A value of the wrong form was already told by its rule.
    let Some(best_before) = date::parse_best_before(text) else {
        return;
    };
    if best_before <= real_now_ms {
        problems.push(Problem::new(
            "best_before",
            format!("is {text}, which has passed"),
        ));
    } else if best_before > real_now_ms + BEST_BEFORE_LIMIT_MS {
        problems.push(Problem::new(
            "best_before",
            format!("is {text}, more than 30 days ahead"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_604_414_498_000;

    fn good() -> Vec<(String, String)> {
        let pairs = [
            ("project_id", "120"),
            ("payment_id", "580"),
            ("payment_amount", "1000"),
            ("payment_currency", "EUR"),
            ("customer_id", "customer1"),
            ("language_code", "fi"),
            ("best_before", "2020-11-03T15:41:38+00:00"),
            (
                "merchant_callback_url",
                "http://127.0.0.1:8080/callbacks/ecommpay",
            ),
        ];
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    fn check_signed(mut parameters: Vec<(String, String)>) -> Result<PageRequest, Refusal> {
        let secret = Secret::new("secret");
        parameters.push((
            "signature".to_owned(),
            secret.sign(&page_string_to_sign(&parameters)),
        ));
        check(&parameters, 120, &secret, NOW)
    }

    fn with(name: &str, value: &str) -> Vec<Problem> {
        let mut parameters = good();
        parameters.retain(|(key, _)| key != name);
        parameters.push((name.to_owned(), value.to_owned()));
        check_signed(parameters).map_or_else(|refusal| refusal.problems, |_| Vec::new())
    }

    #[test]
    fn takes_a_good_request() {
        let request = check_signed(good()).unwrap();
        assert_eq!(
            (request.amount, request.lang, request.choice.number()),
            (1000, Lang::Fi, 1)
        );
    }

    #[test]
    fn names_each_wrong_field() {
        let long = "x".repeat(256);
        let cases = [
            ("project_id", "121"),
            ("project_id", "12a"),
            ("payment_id", ""),
            ("payment_id", long.as_str()),
            ("payment_amount", "10.00"),
            ("payment_amount", "0"),
            ("payment_amount", "-1"),
            ("payment_amount", "007"),
            ("payment_currency", "SEK"),
            ("payment_currency", "eur"),
            ("customer_first_name", long.as_str()),
            ("customer_last_name", "x;payment:status:success"),
            ("customer_zip", "00100000000"),
            ("customer_phone", "123"),
            ("customer_phone", "+358401234567"),
            ("customer_country", "FIN"),
            ("customer_day_of_birth", "1990-01-31"),
            ("payment_description", "two\nlines"),
            ("language_code", "fin"),
            ("best_before", "2020-11-03T15:41:38"),
            ("best_before", "2020-11-03T14:41:00+00:00"),
            ("best_before", "2020-12-04T14:41:38+00:00"),
            ("merchant_callback_url", "https://127.0.0.1/x"),
            ("merchant_callback_url", "http://shop.example/x"),
            ("merchant_callback_url", "http://127.0.0.1@shop.example/x"),
            ("merchant_success_url", "javascript:alert(1)"),
            ("merchant_return_enabled", "3"),
            ("merchant_return_redirect_mode", "popup"),
            ("mode", "payout"),
            ("interface_type", "23"),
            ("receipt_data", "not base64"),
            ("_referrer", "x"),
            ("payment_amout", "1000"),
            ("billing_city", "Turku"),
        ];
        for (name, value) in cases {
            let problems = with(name, value);
            assert!(
                !problems.is_empty() && problems.iter().all(|problem| problem.field == name),
                "{name}={value:?}: {problems:?}"
            );
        }
    }

    #[test]
    fn takes_values_at_their_limits() {
        let longest = "ä".repeat(255);
        let cases = [
            ("payment_id", longest.as_str()),
            ("customer_last_name", longest.as_str()),
            ("customer_zip", "0010012345"),
            ("customer_phone", "1234"),
            ("customer_day_of_birth", "29-02-2000"),
            ("best_before", "2020-12-03T16:41:38+02"),
            ("merchant_callback_url", "http://[::1]:8080/x?y=1"),
            ("merchant_success_url", "https://kauppa.example/kiitos?o=1"),
            ("interface_type", "{\"id\": 23}"),
            ("receipt_data", "eyJhIjoxfQ=="),
            ("language_code", "SV"),
        ];
        for (name, value) in cases {
            assert_eq!(with(name, value), [], "{name}={value:?}");
        }
    }

    #[test]
    fn tells_everything_at_once() {
        let refusal = check(
            &[
                ("payment_amount".to_owned(), "1".to_owned()),
                ("signature".to_owned(), "AAAA".to_owned()),
            ],
            120,
            &Secret::new("secret"),
            NOW,
        )
        .unwrap_err();
        let told: Vec<_> = refusal
            .problems
            .iter()
            .map(|problem| (problem.field.as_str(), problem.code))
            .collect();
        assert_eq!(
            told,
            [
                ("project_id", Some(2004)),
                ("payment_id", Some(2004)),
                ("payment_currency", Some(2004)),
                ("customer_id", Some(2004)),
                ("signature", Some(3261))
            ]
        );
        assert_eq!(refusal.string_to_sign, "payment_amount:1");
    }

    #[test]
    fn refuses_repeated_names() {
        let mut parameters = good();
        parameters.push(("payment_amount".to_owned(), "1".to_owned()));
        let refusal = check_signed(parameters).unwrap_err();
        assert_eq!(
            refusal.problems,
            [Problem::new("payment_amount", "is sent more than once")]
        );
    }
}
