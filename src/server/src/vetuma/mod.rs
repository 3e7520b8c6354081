//! The bridge: calls that software made for VETUMA, answered from a shop's living providers.
//!
//! No live VETUMA exists; the service closed at the end of 2017. Software that speaks it posts its
//! calls here instead, by the customer's browser, and is answered in the same form, as if nothing
//! had happened. What stands here decides; the pages are in `routes/vetuma.rs`.

mod answer;
mod call;

use std::{collections::BTreeMap, fmt};

use kassa_checkout::BankId;
use kassa_keys::SharedSecrets;
use kassa_providers::vetuma::Profile;
use serde_json::Value;
use url::Url;

pub(crate) use answer::{AnswerRecord, answer_for, error_form, form_of, to_question};
pub(crate) use call::{Authentic, FaultyCall, Offer, WrongCall, agree, authenticate};

/// For how many seconds a customer may do nothing, here or at the bank: VETUMA's session.
pub const SESSION: u64 = 600;

/// What is written down of a call: what the description of VETUMA names in its chapter on tracing
/// payments.
const TRACED: [&str; 9] = [
    "RCVID",
    "APPID",
    "TIMESTMP",
    "SOLIST",
    "AM",
    "REF",
    "ORDNR",
    "TRID",
    "PAYM_CALL_ID",
];

/// The fields of a call that are written down.
pub(crate) fn trace<'a>(get: impl Fn(&'static str) -> Option<&'a str>) -> Value {
    let fields = TRACED.into_iter();
    fields
        .filter_map(|name| Some((name.to_owned(), Value::from(get(name)?))))
        .collect()
}

/// What a shop's software may call, and with which secrets.
pub struct Bridge {
    /// The secrets of its calls.
    pub secrets: SharedSecrets,
    /// The customer configurations that calls may name.
    pub configurations: Vec<String>,
    /// Where answers may go.
    pub return_urls: ReturnUrls,
    /// What the calls look like.
    pub profile: Profile,
    /// The banks that codes of `SOLIST` name, such as `P2`. Which numbers banks had was never
    /// published, so that only the shop knows what its software means by them.
    pub banks: BTreeMap<String, BankId>,
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge")
            .field("configurations", &self.configurations)
            .field("return_urls", &self.return_urls)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// Where answers may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnUrls {
    /// To these addresses, and to what lies below them.
    Below(Vec<Url>),
    /// To whatever listens on this machine: in development.
    Loopback,
}

impl ReturnUrls {
    /// Whether an answer may go there.
    ///
    /// ```
    /// use kassa_server::vetuma::ReturnUrls;
    /// let urls = ReturnUrls::Below(vec!["https://old.example/vetuma".parse()?]);
    /// assert!(urls.permit("https://old.example/vetuma/ok?a=1"));
    /// assert!(!urls.permit("https://old.example/vetumas"));
    /// assert!(!urls.permit("https://other.example/vetuma/ok"));
    /// assert!(!urls.permit("https://a@old.example/vetuma/ok"));
    /// # Ok::<(), url::ParseError>(())
    /// ```
    #[must_use]
    pub fn permit(&self, text: &str) -> bool {
        let Ok(url) = Url::parse(text) else {
            return false;
        };
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        match self {
            Self::Below(permitted) => permitted.iter().any(|above| {
                let rest = url.path().strip_prefix(above.path());
                let below = |rest: &str| {
                    rest.is_empty() || rest.starts_with('/') || above.path().ends_with('/')
                };
                url.origin() == above.origin() && rest.is_some_and(below)
            }),
            Self::Loopback => {
                let local = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
                local && matches!(url.scheme(), "http" | "https")
            }
        }
    }

    /// The origins that a page with an answer may send its form to: also those that the software
    /// sends the browser on to, as far as they are its own.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        match self {
            Self::Below(permitted) => {
                let origins = permitted
                    .iter()
                    .map(|url| url.origin().ascii_serialization());
                let mut origins: Vec<_> = origins.collect();
                origins.sort();
                origins.dedup();
                origins
            }
            Self::Loopback => [
                "http://127.0.0.1:*",
                "http://localhost:*",
                "https://localhost:*",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}
