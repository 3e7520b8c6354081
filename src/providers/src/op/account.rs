//! An account's settings.

use core::fmt;

use kassa_checkout::BankId;

use super::{
    banks::{self, Named},
    front::BaseUrl,
    message::{ID_EXPECTED, is_id},
    signing,
    status::{INITIAL, Words, is_word},
};
use crate::settings::{Settings, SettingsError, refuse_unknown};

/// The names of an account's settings.
pub const SETTINGS: &[&str] = &[
    "environment",
    "merchant_id",
    "account_id",
    "api_key",
    "key_version",
    "rest_url",
    "browser_url",
    "success_words",
    "cancelled_words",
    "failed_words",
    "multibank",
    "banks",
    "bank_status_field",
    "bank_available_words",
    "callbacks",
    "callback_api_key",
    "callback_id",
    "callback_date_within",
    "message_to_customer",
    "refund_message_field",
];

/// Those of them that nobody may see: in a configuration they stand by reference.
pub const CONFIDENTIAL: &[&str] = &[
    "merchant_id",
    "account_id",
    "api_key",
    "callback_api_key",
    "callback_id",
];

/// The sandbox's address for servers.
pub const SANDBOX_REST: &str = "https://sandbox.apis.op.fi/paymentbutton/v1";
/// The sandbox's address for browsers, and what its callbacks bear as `x-api-key`.
const SANDBOX_BROWSER: &str = "https://api.smn-sandbox.aws.op-palvelut.fi";
const SANDBOX_CALLBACK_KEY: &str = "dxB2AFwnwraQRrAsLZpJ5T4IrNGp7fhx";

/// How far a callback's `Date` may lie from now when nothing is said, in seconds. OP's own limit is
/// not public; this one is ours.
const DATE_WITHIN: u64 = 300;

/// A text that OP wants kept from everybody: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Confidential(pub(super) String);

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where no money moves, and where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// OP's sandbox.
    Sandbox,
    /// The real one.
    Production,
}

/// An account, as its settings describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) environment: Environment,
    pub(super) merchant_id: Confidential,
    pub(super) account_id: Confidential,
    pub(super) api_key: Confidential,
    pub(super) key_version: u16,
    pub(super) rest: BaseUrl,
    pub(super) browser: BaseUrl,
    pub(super) words: Words,
    pub(super) multibank: bool,
    pub(super) banks: Vec<Named>,
    pub(super) bank_status_field: String,
    pub(super) bank_available_words: Vec<String>,
    pub(super) callbacks: Option<CallbackAccount>,
    pub(super) message_to_customer: bool,
    pub(super) refund_message_field: Option<String>,
}

/// What the account's callbacks bear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallbackAccount {
    /// The header `x-api-key`.
    pub(super) api_key: Confidential,
    /// Who signs, where that is known.
    pub(super) id: Option<Confidential>,
    /// How far the header `Date` may lie from now, in seconds; none where no time is minded.
    pub(super) within_seconds: Option<u64>,
}

impl Account {
    /// Reads the settings; `super::Op::new` has their table.
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        refuse_unknown(settings, SETTINGS)?;
        let read = Reader(settings);
        let environment = read.environment()?;
        let sandbox = environment == Environment::Sandbox;
        let account = Self {
            environment,
            merchant_id: read.id("merchant_id")?,
            account_id: read.id("account_id")?,
            api_key: read
                .header("api_key")?
                .ok_or_else(|| missing("api_key", HEADER))?,
            key_version: read.key_version()?,
            rest: read.url("rest_url", sandbox.then_some(SANDBOX_REST))?,
            browser: read.url("browser_url", sandbox.then_some(SANDBOX_BROWSER))?,
            words: read.words()?,
            multibank: read.flag("multibank")?,
            banks: read.banks()?,
            bank_status_field: read
                .field("bank_status_field")?
                .unwrap_or_else(|| "status".into()),
            bank_available_words: read.word_list("bank_available_words")?,
            callbacks: read.callbacks(sandbox)?,
            message_to_customer: read.flag("message_to_customer")?,
            refund_message_field: read.field("refund_message_field")?,
        };
        if !account.multibank && !account.banks.is_empty() {
            return Err(invalid("banks", "no banks, or multibank = true"));
        }
        Ok(account)
    }
}

/// What a value of a header must be, for people.
const HEADER: &str = "1 to 128 visible ASCII characters";

struct Reader<'a>(&'a Settings);

impl Reader<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn environment(&self) -> Result<Environment, SettingsError> {
        let (key, expected) = ("environment", "sandbox or production");
        match self.text(key) {
            Some("sandbox") => Ok(Environment::Sandbox),
            Some("production") => Ok(Environment::Production),
            Some(_) => Err(invalid(key, expected)),
            None => Err(missing(key, expected)),
        }
    }

    fn id(&self, key: &'static str) -> Result<Confidential, SettingsError> {
        let text = self.text(key).ok_or_else(|| missing(key, ID_EXPECTED))?;
        if is_id(text) {
            Ok(Confidential(text.to_owned()))
        } else {
            Err(invalid(key, ID_EXPECTED))
        }
    }

    fn header(&self, key: &'static str) -> Result<Option<Confidential>, SettingsError> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            Ok(Some(Confidential(text.to_owned())))
        } else {
            Err(invalid(key, HEADER))
        }
    }

    fn key_version(&self) -> Result<u16, SettingsError> {
        let (key, expected) = ("key_version", "OP's version of the signing key, 0 to 9999");
        let text = self.text(key).ok_or_else(|| missing(key, expected))?;
        signing::key_version(text).ok_or_else(|| invalid(key, expected))
    }

    fn url(
        &self,
        key: &'static str,
        default: Option<&'static str>,
    ) -> Result<BaseUrl, SettingsError> {
        let in_sandbox = default.is_some();
        let text = self
            .text(key)
            .or(default)
            .ok_or_else(|| missing(key, "the address from OP's secure e-mail"))?;
        if !in_sandbox && [SANDBOX_REST, SANDBOX_BROWSER].contains(&text.trim_end_matches('/')) {
            return Err(invalid(key, "OP's production address, not the sandbox's"));
        }
        BaseUrl::parse(text).ok_or_else(|| invalid(key, BaseUrl::EXPECTED))
    }

    fn words(&self) -> Result<Words, SettingsError> {
        let words = Words {
            success: self.word_list("success_words")?,
            cancelled: self.word_list("cancelled_words")?,
            failed: self.word_list("failed_words")?,
        };
        if words.success.is_empty() {
            let expected = "OP's words for a payment that succeeded: without one nothing is paid";
            return Err(missing("success_words", expected));
        }
        let mut seen = Vec::new();
        for (key, list) in [
            ("success_words", &words.success),
            ("cancelled_words", &words.cancelled),
            ("failed_words", &words.failed),
        ] {
            for word in list {
                if word == INITIAL || seen.contains(&word) {
                    return Err(invalid(key, "each word once, and never INITIAL"));
                }
                seen.push(word);
            }
        }
        Ok(words)
    }

    fn word_list(&self, key: &'static str) -> Result<Vec<String>, SettingsError> {
        let text = self.text(key).unwrap_or_default();
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let words: Vec<_> = words.map(str::to_owned).collect();
        if words.iter().all(|word| is_word(word)) {
            Ok(words)
        } else {
            Err(invalid(key, "OP's words, with commas between them"))
        }
    }

    fn flag(&self, key: &'static str) -> Result<bool, SettingsError> {
        match self.text(key) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid(key, "true or false")),
        }
    }

    /// The name of a field of JSON.
    fn field(&self, key: &'static str) -> Result<Option<String>, SettingsError> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let fits =
            (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if fits {
            Ok(Some(text.to_owned()))
        } else {
            Err(invalid(
                key,
                "the name of a field, 1 to 40 letters and digits",
            ))
        }
    }

    fn banks(&self) -> Result<Vec<Named>, SettingsError> {
        let (key, expected) = ("banks", "NAME=OP'S IDENTIFIER, with commas between them");
        let mut named: Vec<Named> = Vec::new();
        let text = self.text(key).unwrap_or_default();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (name, id) = part.split_once('=').ok_or_else(|| invalid(key, expected))?;
            let bank = BankId::parse(name).map_err(|_| invalid(key, expected))?;
            let twice = named.iter().any(|one| one.bank == bank || one.id == id);
            if !banks::is_provider_id(id) || bank.as_str() == banks::OP || twice {
                return Err(invalid(key, expected));
            }
            named.push(Named {
                bank,
                id: id.to_owned(),
            });
        }
        Ok(named)
    }

    fn callbacks(&self, sandbox: bool) -> Result<Option<CallbackAccount>, SettingsError> {
        let api_key = self.header("callback_api_key")?;
        let id = match self.text("callback_id") {
            None => None,
            Some(_) => Some(self.id("callback_id")?),
        };
        let within_seconds = self.date_within("callback_date_within")?;
        if !self.flag("callbacks")? {
            return Ok(None);
        }
        let known = sandbox.then(|| Confidential(SANDBOX_CALLBACK_KEY.to_owned()));
        let api_key = api_key
            .or(known)
            .ok_or_else(|| missing("callback_api_key", HEADER))?;
        Ok(Some(CallbackAccount {
            api_key,
            id,
            within_seconds,
        }))
    }

    fn date_within(&self, key: &'static str) -> Result<Option<u64>, SettingsError> {
        let expected = "seconds from 1 to 86400, or off";
        match self.text(key) {
            None => Ok(Some(DATE_WITHIN)),
            Some("off") => Ok(None),
            Some(text) => {
                let plain = text.bytes().all(|byte| byte.is_ascii_digit());
                let seconds = text.parse().ok().filter(|_| plain);
                let seconds = seconds.filter(|seconds| (1..=86_400).contains(seconds));
                seconds.map(Some).ok_or_else(|| invalid(key, expected))
            }
        }
    }
}

const fn missing(key: &'static str, expected: &'static str) -> SettingsError {
    SettingsError::Missing { key, expected }
}

const fn invalid(key: &'static str, expected: &'static str) -> SettingsError {
    SettingsError::Invalid { key, expected }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Account, CONFIDENTIAL, Environment, SETTINGS, Settings};

    /// A sandbox account with everything.
    pub(in super::super) const FULL: &[(&str, &str)] = &[
        ("environment", "sandbox"),
        ("merchant_id", "c3efaaee-a6bb-449f-9213-e45e23a462ef"),
        ("account_id", "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79"),
        ("api_key", "3AL1simulatedApiKey0000000000001"),
        ("key_version", "1"),
        ("success_words", "SIM_PAID"),
        ("cancelled_words", "SIM_CANCELLED"),
        ("failed_words", "SIM_FAILED, SIM_REJECTED"),
        ("multibank", "true"),
        ("banks", "nordea=NDEAFIHH,aktia=aktia-1"),
        ("bank_available_words", "AVAILABLE"),
        ("callbacks", "true"),
        ("message_to_customer", "true"),
        ("refund_message_field", "text"),
    ];

    pub(in super::super) fn settings(changes: &[(&str, Option<&str>)]) -> Settings {
        let mut settings: Settings = FULL
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        for (key, value) in changes {
            match value {
                Some(value) => settings.insert((*key).to_owned(), (*value).to_owned()),
                None => settings.remove(*key),
            };
        }
        settings
    }

    fn refused(changes: &[(&str, Option<&str>)]) -> Option<String> {
        Account::new(&settings(changes))
            .err()?
            .key()
            .map(str::to_owned)
    }

    #[test]
    fn the_sandbox_has_its_own_addresses_and_production_has_to_be_told() {
        let sandbox = Account::new(&settings(&[])).unwrap();
        assert_eq!(sandbox.environment, Environment::Sandbox);
        assert_eq!(sandbox.rest.as_str(), super::SANDBOX_REST);
        assert_eq!(sandbox.browser.as_str(), super::SANDBOX_BROWSER);
        let production = [
            ("environment", Some("production")),
            ("rest_url", Some("https://rest.example/v1")),
            ("browser_url", Some("https://front.example")),
            ("callback_api_key", Some("invented-callback-key")),
        ];
        let account = Account::new(&settings(&production)).unwrap();
        assert_eq!(account.rest.as_str(), "https://rest.example/v1");
        for (index, key) in [(1, "rest_url"), (2, "browser_url"), (3, "callback_api_key")] {
            let mut without = production;
            without[index].1 = None;
            assert_eq!(refused(&without).as_deref(), Some(key));
        }
        let mut mixed = production;
        mixed[1].1 = Some("https://sandbox.apis.op.fi/paymentbutton/v1/");
        assert_eq!(refused(&mixed).as_deref(), Some("rest_url"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (key, values) in [
            ("environment", &["", "test"][..]),
            ("merchant_id", &["", "a b", "a:b"]),
            ("account_id", &["", "a\nb"]),
            ("api_key", &["", "a b", "ä"]),
            ("key_version", &["", "-1", "10000"]),
            ("rest_url", &["", "http://rest.example", "rest.example"]),
            ("browser_url", &["http://front.example"]),
            ("success_words", &["", "INITIAL", "A,A", "two\nlines"]),
            ("cancelled_words", &["SIM_PAID"]),
            ("failed_words", &["SIM_CANCELLED"]),
            ("multibank", &["yes", "false"]),
            (
                "banks",
                &["nordea", "op=1", "Nordea=1", "a=1,a=2", "a=1,b=1", "a="],
            ),
            ("bank_status_field", &["", "a.b"]),
            ("callbacks", &["1"]),
            ("callback_api_key", &[""]),
            ("callback_id", &["a b"]),
            (
                "callback_date_within",
                &["", "0", "86401", "+5", "1.5", "on"],
            ),
            ("message_to_customer", &["1"]),
            ("refund_message_field", &[""]),
        ] {
            for value in values {
                let named = refused(&[(key, Some(value))]);
                // Banks without multibank are told by the banks.
                let expected = if *value == "false" { "banks" } else { key };
                assert_eq!(named.as_deref(), Some(expected), "{value:?}");
            }
        }
        for key in [
            "environment",
            "merchant_id",
            "account_id",
            "api_key",
            "key_version",
        ] {
            assert_eq!(refused(&[(key, None)]).as_deref(), Some(key));
        }
        assert_eq!(
            refused(&[("success_words", None)]).as_deref(),
            Some("success_words")
        );
        assert_eq!(
            refused(&[("success_word", Some("A"))]).as_deref(),
            Some("success_word")
        );
    }

    #[test]
    fn nothing_confidential_is_printed() {
        let account = Account::new(&settings(&[("callback_id", Some("marker-of-op"))])).unwrap();
        let printed = format!("{account:?}");
        for key in CONFIDENTIAL {
            assert!(SETTINGS.contains(key));
            let value = settings(&[("callback_id", Some("marker-of-op"))]).remove(*key);
            assert!(
                value.is_none_or(|value| !printed.contains(&value)),
                "{printed}"
            );
        }
        assert!(!printed.contains(super::SANDBOX_CALLBACK_KEY));
    }
}
