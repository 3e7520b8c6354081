//! The parameters of calls: which function has which, and the form of each.
//!
//! Lengths that nobody published are generous here: 255 characters, addresses 2,048.

use axum::http::Uri;
use viite::NationalReference;

use super::customer::Profile;
use super::timestamp;
use crate::rules::shown;

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `LOGIN`/`EXTAUTH`: identification.
    Identify,
    /// `PAYMENT`/`PAY`
    Pay,
    /// `PAYMENT`/`CHECK`
    Check,
}

impl Function {
    /// `TYPE` and `AU`.
    #[must_use]
    pub fn words(self) -> [&'static str; 2] {
        match self {
            Self::Identify => ["LOGIN", "EXTAUTH"],
            Self::Pay => ["PAYMENT", "PAY"],
            Self::Check => ["PAYMENT", "CHECK"],
        }
    }

    /// The parameters that must be there, besides `MAC` and those of every call.
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Identify => &[],
            Self::Pay => &["AM"],
            Self::Check => &["PAYM_CALL_ID"],
        }
    }

    /// The parameters that may be there.
    fn optional(self) -> &'static [&'static str] {
        match self {
            Self::Identify => &["EXTRADATA", "APPNAME", "TRID"],
            Self::Pay => &[
                "APPNAME",
                "REF",
                "ORDNR",
                "MSGBUYER",
                "MSGSELLER",
                "MSGFORM",
                "TRID",
                "PAYM_CALL_ID",
            ],
            Self::Check => &["TRID"],
        }
    }

    /// All parameters without which a call is none.
    pub fn all_required(self) -> impl Iterator<Item = &'static str> {
        let own = self.required().iter().copied();
        EVERY_CALL.iter().copied().chain(own)
    }

    /// Whether it has a parameter of that name.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        name == "MAC"
            || self.all_required().any(|one| one == name)
            || self.optional().contains(&name)
    }
}

/// The parameters of every call.
const EVERY_CALL: [&str; 12] = [
    "RCVID", "APPID", "TIMESTMP", "SO", "SOLIST", "TYPE", "AU", "LG", "RETURL", "CANURL", "ERRURL",
    "AP",
];

/// Checks the form of a value.
///
/// # Errors
/// What was expected, to be read after the parameter's name.
pub fn check(name: &str, value: &str, profile: Profile) -> Result<(), String> {
    characters(name, value)?;
    let length = value.chars().count();
    let (holds, expected) = match name {
        "TIMESTMP" => (
            timestamp::read(value).is_some(),
            "yyyyMMddHHmmssSSS, a Finnish local time",
        ),
        "SO" => (
            value.is_empty() || is_code(value),
            "one method code, or nothing",
        ),
        "SOLIST" => (
            value.split(',').all(is_code),
            "method codes, joined by commas without spaces, such as P,L",
        ),
        "LG" => (["fi", "sv", "en"].contains(&value), "fi, sv or en"),
        "RETURL" | "CANURL" | "ERRURL" => (
            length <= 2_048 && is_return_address(value),
            "an https address of at most 2048 characters; http only on this machine",
        ),
        "APPNAME" => (length <= 40, "at most 40 characters"),
        "AM" => (
            cents(value).is_some(),
            "euros, a comma and two digits, such as 100,00, and more than nothing",
        ),
        "REF" => (
            NationalReference::parse_machine(value).is_ok(),
            "4 to 20 digits, the last one the 7-3-1 check digit",
        ),
        "ORDNR" => order_number(value, profile),
        "TRID" => (length <= 20, "at most 20 characters"),
        "PAYM_CALL_ID" => (
            (1..=25).contains(&length),
            "1 to 25 characters; left out when there is none",
        ),
        _ => (length <= 255, "at most 255 characters"),
    };
    if holds {
        Ok(())
    } else {
        Err(format!("is {}; expected {expected}", shown(value)))
    }
}

/// Euros with a comma, in cents; `None` for anything else and for nothing at all.
///
/// # Examples
/// ```
/// use kassa_simulator::vetuma::field::cents;
///
/// assert_eq!(cents("100,00"), Some(10_000));
/// assert_eq!([cents("1.00"), cents("01,00"), cents("0,00"), cents("1 000,00")], [None; 4]);
/// ```
#[must_use]
pub fn cents(text: &str) -> Option<u64> {
    let (euros, rest) = text.split_once(',')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = (1..=9).contains(&euros.len()) && (euros == "0" || !euros.starts_with('0'));
    if !plain || rest.len() != 2 || !digits(euros) || !digits(rest) {
        return None;
    }
    let cents = euros.parse::<u64>().ok()? * 100 + rest.parse::<u64>().ok()?;
    (cents > 0).then_some(cents)
}

fn characters(name: &str, value: &str) -> Result<(), String> {
    let bad = value
        .chars()
        .find(|c| !matches!(c, ' '..='~' | '\u{a0}'..='\u{ff}'));
    if let Some(bad) = bad {
        return Err(format!(
            "holds U+{:04X}; expected the printable characters of ISO-8859-1",
            u32::from(bad)
        ));
    }
    if value.contains('&') && !name.ends_with("URL") {
        return Err("holds &, which in the MAC cannot be told from the next parameter".to_owned());
    }
    Ok(())
}

fn order_number(value: &str, profile: Profile) -> (bool, &'static str) {
    match profile {
        Profile::V2_2 => (
            (1..=9).contains(&value.len())
                && !value.starts_with('0')
                && value.bytes().all(|byte| byte.is_ascii_digit()),
            "1 to 9 digits without leading zeros (version 2.2)",
        ),
        Profile::V3 => (
            (1..=32).contains(&value.len())
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "1 to 32 letters and digits (version 3)",
        ),
    }
}

fn is_code(code: &str) -> bool {
    (1..=8).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// VETUMA demanded https. An application that is being tried on this machine has no certificate.
fn is_return_address(value: &str) -> bool {
    let Ok(uri) = value.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => ["127.0.0.1", "localhost", "[::1]"].contains(&host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_numbers_by_version() {
        let holds = |value: &str, profile| check("ORDNR", value, profile).is_ok();
        for (value, old, new) in [
            ("1", true, true),
            ("987654321", true, true),
            ("9876543210", false, true),
            ("012", false, true),
            ("OTI439631560581", false, true),
            (&"1".repeat(32), false, true),
            (&"1".repeat(33), false, false),
            ("12-3", false, false),
            ("", false, false),
        ] {
            let both = (holds(value, Profile::V2_2), holds(value, Profile::V3));
            assert_eq!(both, (old, new), "{value}");
        }
    }

    #[test]
    fn ampersands_only_in_addresses() {
        let v3 = Profile::V3;
        assert_eq!(
            check("RETURL", "https://kunta.example/?a=1&b=2", v3),
            Ok(())
        );
        assert!(
            check("MSGBUYER", "a&b", v3)
                .unwrap_err()
                .contains("holds &")
        );
        assert!(
            check("MSGBUYER", "10 €", v3)
                .unwrap_err()
                .contains("U+20AC")
        );
        assert!(
            check("MSGBUYER", "a\nb", v3)
                .unwrap_err()
                .contains("U+000A")
        );
        assert_eq!(check("MSGBUYER", "äöåÄÖÅ\u{a0}ÿ~", v3), Ok(()));
    }

    #[test]
    fn return_addresses_are_encrypted_or_here() {
        for (value, holds) in [
            ("https://kunta.example/ok", true),
            ("http://127.0.0.1:8090/ok", true),
            ("http://localhost/ok", true),
            ("http://kunta.example/ok", false),
            ("ftp://kunta.example/ok", false),
            ("/ok", false),
            ("", false),
        ] {
            assert_eq!(
                check("ERRURL", value, Profile::V3).is_ok(),
                holds,
                "{value}"
            );
        }
    }
}
