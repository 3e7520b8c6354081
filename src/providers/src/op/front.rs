//! The Browser flow: where the customer goes once a payment is made.

use kassa_checkout::provider::{BrowserForm, Redirect};

use super::message::{self, Created};

/// The longest value of either parameter. OP names no limit; this one is ours.
const LONGEST_VALUE: usize = 1_024;

/// Which bank the customer pays in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// OP itself.
    Op,
    /// Another bank, by OP's identifier of it.
    Bank(String),
}

/// An address of OP's before the paths: `https:`, or `http:` on this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// What an address must be, for people.
    pub const EXPECTED: &str =
        "an https address without query or fragment (http only for 127.0.0.1, [::1], localhost)";

    /// Reads an address; `None` when it is none to send requests or customers to.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let base = text.strip_suffix('/').unwrap_or(text);
        let authority = message::authority(base)?;
        let host = message::host(authority);
        let local = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
        let safe = base.starts_with("https://") || local;
        (safe && !base.contains(['?', '#', ';', '"'])).then(|| Self(base.to_owned()))
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The way to the bank. The validation holds `+`, `/` and `=`, which the form percent-encodes.
///
/// Another bank is named in the path, not in the query.
pub(super) fn way(base: &BaseUrl, flow: &Flow, created: &Created) -> Option<Redirect> {
    let bank = match flow {
        Flow::Op => String::new(),
        Flow::Bank(id) => format!("multibank/direct/{}/", segment(id)),
    };
    let fields = [
        ("paymentOperationId", &created.payment_operation_id),
        (
            "paymentOperationValidation",
            &created.payment_operation_validation,
        ),
    ];
    let fits = |value: &str| {
        (1..=LONGEST_VALUE).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic())
    };
    if !fields.iter().all(|(_, value)| fits(value)) {
        return None;
    }
    let form = BrowserForm {
        action: format!("{}/customer/payment/{bank}startPaymentConfirmation", base.0),
        fields: fields
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .to_vec(),
    };
    Some(Redirect::Get { url: form.to_url() })
}

/// A text as one segment of a path: every byte outside of RFC 3986's unreserved set is encoded.
pub(super) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, Created, Flow, Redirect, way};

    fn created(validation: &str) -> Created {
        Created {
            payment_id: "8a5d4aac-8f8f-47ed-ae2f-36ffeaf57c79".to_owned(),
            payment_operation_id: "a2697d49-30ec-4d50-b08b-459b73e7872d2e133836".to_owned(),
            payment_operation_validation: validation.to_owned(),
        }
    }

    fn url(flow: &Flow, validation: &str) -> Option<String> {
        let base = BaseUrl::parse("https://front.example/").unwrap();
        match way(&base, flow, &created(validation))? {
            Redirect::Get { url } => Some(url),
            Redirect::Post { .. } => None,
        }
    }

    #[test]
    fn ops_own_flow_and_another_banks() {
        let query = "startPaymentConfirmation\
            ?paymentOperationId=a2697d49-30ec-4d50-b08b-459b73e7872d2e133836\
            &paymentOperationValidation=MEU%2Ba%2FkU%3D";
        assert_eq!(
            url(&Flow::Op, "MEU+a/kU=").unwrap(),
            format!("https://front.example/customer/payment/{query}")
        );
        assert_eq!(
            url(&Flow::Bank("nordea".to_owned()), "MEU+a/kU=").unwrap(),
            format!("https://front.example/customer/payment/multibank/direct/nordea/{query}")
        );
        let odd = url(&Flow::Bank("a/../b?c".to_owned()), "M").unwrap();
        assert!(odd.contains("/direct/a%2F..%2Fb%3Fc/start"), "{odd}");
    }

    #[test]
    fn an_odd_answer_leads_nowhere() {
        for wrong in ["", "a b", "a\nb", "ä", &"a".repeat(1_025)] {
            assert_eq!(url(&Flow::Op, wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_customer_is_sent_to_https_only() {
        for good in [
            "https://front.example",
            "https://front.example:8443/base/",
            "http://127.0.0.1:8081/op",
            "http://[::1]:8081",
            "http://localhost",
        ] {
            let base = BaseUrl::parse(good).unwrap();
            assert_eq!(base.as_str(), good.trim_end_matches('/'));
        }
        for wrong in [
            "",
            "front.example",
            "http://front.example",
            "http://127.0.0.1.example/",
            "http://localhost@front.example/",
            "https://front.example/?a=b",
            "https://front.example/#a",
            "javascript:alert(1)",
        ] {
            assert_eq!(BaseUrl::parse(wrong), None, "{wrong}");
        }
    }
}
