//! Calls from our server to a provider's: a request, paired with the parser of its own reply.
//!
//! Nothing is sent here. Whoever has the network takes a signed [`Call`] apart, sends the request
//! as it is, and gives what came back to the [`Reply`]. The provider's error answers say whose
//! fault it is and whether asking again makes sense: [`CallError`].

use core::fmt;

use http::{Request, Response, StatusCode, header::RETRY_AFTER};

use crate::{
    bank::Unavailable,
    error::Coded,
    message::{Claimed, ContentError, Refused, Verified, Verifier},
};

/// The longest pause that a provider may ask for, in seconds: a day.
const LONGEST_PAUSE: u64 = 86_400;

/// A request to a provider's server and the parser of the reply to it.
pub struct Call<T> {
    request: Request<Vec<u8>>,
    reply: Reply<T>,
}

impl<T> Call<T> {
    /// A request, and how its own reply is read.
    #[must_use]
    pub const fn new(request: Request<Vec<u8>>, reply: Reply<T>) -> Self {
        Self { request, reply }
    }

    /// The request, for putting a signature into it.
    pub const fn request_mut(&mut self) -> &mut Request<Vec<u8>> {
        &mut self.request
    }

    /// The request, to be sent as it is, and the parser of what comes back.
    #[must_use]
    pub fn into_parts(self) -> (Request<Vec<u8>>, Reply<T>) {
        (self.request, self.reply)
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call([redacted])")
    }
}

/// What a reply claims: a content, or the provider's own signed error.
pub type ClaimedReply<T> = Claimed<Result<T, CallError>>;

type Read<T> =
    dyn FnOnce(&Response<Vec<u8>>, &dyn Verifier) -> Result<Verified<T>, CallError> + Send;

/// The parser of one reply: it knows what was asked.
pub struct Reply<T> {
    read: Box<Read<T>>,
}

impl<T> Reply<T> {
    /// A reply that must be signed to be believed.
    ///
    /// What `read` finds without a signature can only be an error: a content leaves as a claim.
    #[must_use]
    pub fn signed(
        read: impl FnOnce(&Response<Vec<u8>>) -> Result<ClaimedReply<T>, CallError> + Send + 'static,
    ) -> Self {
        let read = move |response: &Response<Vec<u8>>, verifier: &dyn Verifier| {
            read(response)?
                .verify(verifier)
                .map_err(CallError::Unreadable)?
                .transpose()
        };
        Self {
            read: Box::new(read),
        }
    }

    /// A reply that the provider does not sign: that TLS proved its server must do. Nothing that
    /// says what a payment is worth may be read so.
    #[must_use]
    pub fn unsigned(
        read: impl FnOnce(&Response<Vec<u8>>) -> Result<T, CallError> + Send + 'static,
    ) -> Self {
        let read = move |response: &Response<Vec<u8>>, _: &dyn Verifier| {
            read(response).map(Verified::by_transport)
        };
        Self {
            read: Box::new(read),
        }
    }

    /// Checks the signature of what came back, where there is to be one, and then reads it.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn read(
        self,
        response: &Response<Vec<u8>>,
        verifier: &dyn Verifier,
    ) -> Result<Verified<T>, CallError> {
        (self.read)(response, verifier)
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// Why a call brought nothing: whose fault it is, and whether asking again makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The provider is broken or busy: ask again.
    Unavailable {
        /// How long it wants to be left alone, in seconds, when it says so.
        retry_after: Option<u64>,
    },
    /// What came is no answer of the provider's, or not one to be believed: ask again.
    Unreadable(Refused),
    /// The provider refuses our request or our account: asking again brings the same.
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The provider's own code, if any.
        code: Option<String>,
    },
    /// The provider takes no payment with this choice; with another one it may.
    NotOffered {
        /// Why, where that is known.
        why: Option<Unavailable>,
    },
    /// The provider has never heard of the payment. That is no failure of the payment: the
    /// customer may not have got there yet.
    UnknownPayment,
}

impl CallError {
    /// What an answer means by its status alone, whatever the provider's own codes add.
    ///
    /// ```
    /// use kassa_checkout::call::CallError;
    /// let busy = http::Response::builder().status(503).header("retry-after", "30").body(vec![])?;
    /// let error = CallError::of_status(&busy, None);
    /// assert_eq!(error, CallError::Unavailable { retry_after: Some(30) });
    /// assert!(error.is_temporary());
    ///
    /// let forbidden = http::Response::builder().status(403).body(vec![])?;
    /// assert!(!CallError::of_status(&forbidden, None).is_temporary());
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn of_status(response: &Response<Vec<u8>>, code: Option<String>) -> Self {
        match response.status() {
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Self::unavailable(response)
            }
            status if status.is_server_error() => Self::unavailable(response),
            status if status.is_client_error() => Self::Refused {
                status: status.as_u16(),
                code,
            },
            // Neither a content nor an error: a page in between, or a place that has moved.
            _ => Self::Unreadable(Refused::Content(ContentError::Malformed)),
        }
    }

    /// The provider cannot answer now; for how long, its `Retry-After` may say in seconds.
    #[must_use]
    pub fn unavailable(response: &Response<Vec<u8>>) -> Self {
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|seconds| seconds.parse().ok())
            .map(|seconds: u64| seconds.min(LONGEST_PAUSE));
        Self::Unavailable { retry_after }
    }

    /// Whether the same call may bring something later, with nothing changed on our side.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unreadable(_))
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { .. } => f.write_str("provider is not available now"),
            Self::Unreadable(refused) => write!(f, "answer cannot be believed: {refused}"),
            Self::Refused { status, code } => {
                write!(f, "provider refused the call with {status}")?;
                match code {
                    Some(code) => write!(f, " and code {code}"),
                    None => Ok(()),
                }
            }
            Self::NotOffered { .. } => f.write_str("provider does not offer the choice"),
            Self::UnknownPayment => f.write_str("provider does not know the payment"),
        }
    }
}

impl core::error::Error for CallError {}

impl Coded for CallError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "call/unavailable",
            Self::Unreadable(_) => "call/unreadable",
            Self::Refused { .. } => "call/refused",
            Self::NotOffered { .. } => "call/not-offered",
            Self::UnknownPayment => "call/unknown-payment",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::{CallError, Reply};
    use crate::{
        Coded as _,
        message::{
            Algorithm, Claimed, ContentError, Purpose, Refused, Unsigned, Verified, Verifier,
        },
    };

    /// Takes exactly one signature.
    struct Only(&'static [u8]);

    impl Verifier for Only {
        fn verify(
            &self,
            _: Algorithm,
            _: Purpose,
            _: &[u8],
            signature: &[u8],
        ) -> Result<(), Refused> {
            (signature == self.0)
                .then_some(())
                .ok_or(Refused::Signature)
        }
    }

    fn response(status: u16, retry_after: Option<&str>) -> Response<Vec<u8>> {
        let mut response = Response::builder().status(status);
        if let Some(value) = retry_after {
            response = response.header("retry-after", value);
        }
        response.body(Vec::new()).unwrap()
    }

    fn reply(content: Result<u8, CallError>) -> Reply<u8> {
        Reply::signed(move |_| {
            Ok(Claimed::new(
                String::new(),
                Algorithm::HmacSha512,
                Purpose::Payment,
                vec![b"text".to_vec()],
                b"good".to_vec(),
                Ok(content),
            ))
        })
    }

    #[test]
    fn neither_a_content_nor_a_signed_error_is_read_before_the_signature_held() {
        let response = response(200, None);
        for content in [Ok(7), Err(CallError::UnknownPayment)] {
            let came = reply(content.clone()).read(&response, &Only(b"bad"));
            assert_eq!(
                came.map(Verified::into_inner),
                Err(CallError::Unreadable(Refused::Signature))
            );
            let came = reply(content.clone()).read(&response, &Only(b"good"));
            assert_eq!(came.map(Verified::into_inner), content);
        }
    }

    #[test]
    fn a_reply_that_is_not_signed_by_its_protocol_needs_no_key() {
        for content in [Ok(7), Err(CallError::UnknownPayment)] {
            let told = content.clone();
            let reply = Reply::unsigned(move |_| told);
            let came = reply.read(&response(200, None), &Only(b"good"));
            assert_eq!(came.map(Verified::into_inner), content);
        }
    }

    #[test]
    fn a_status_says_whose_fault_it_is() {
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            let error = CallError::of_status(&response(status, None), None);
            assert_eq!(error, CallError::Unavailable { retry_after: None });
            assert!(error.is_temporary());
        }
        for status in [400, 401, 403, 404, 405, 409, 422, 451] {
            let code = Some("3261".to_owned());
            let error = CallError::of_status(&response(status, None), code.clone());
            assert_eq!(error, CallError::Refused { status, code });
            assert!(!error.is_temporary());
        }
        for status in [200, 204, 301, 302, 307] {
            let error = CallError::of_status(&response(status, None), None);
            let content = Refused::Content(ContentError::Malformed);
            assert_eq!(error, CallError::Unreadable(content));
            assert!(error.is_temporary());
        }
        assert!(!CallError::UnknownPayment.is_temporary());
    }

    #[test]
    fn a_pause_is_taken_in_seconds_and_not_beyond_a_day() {
        for (value, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("99999999999", Some(86_400)),
            ("-1", None),
            ("Fri, 31 Dec 2027 23:59:59 GMT", None),
            ("", None),
        ] {
            let error = CallError::of_status(&response(429, Some(value)), None);
            let expected = CallError::Unavailable {
                retry_after: seconds,
            };
            assert_eq!(error, expected, "{value:?}");
        }
    }

    #[test]
    fn nothing_of_a_call_is_printed() {
        let request = http::Request::post("https://api.example/marker")
            .body(b"marker".to_vec())
            .unwrap();
        let call = super::Call::new(request, reply(Ok(1)));
        assert_eq!(format!("{call:?}"), "Call([redacted])");
        let unsigned = Unsigned::new(
            call,
            Algorithm::HmacSha512,
            Purpose::Payment,
            b"marker".to_vec(),
            |call, _| call,
        );
        assert!(!format!("{unsigned:?}").contains("marker"));
    }

    #[test]
    fn each_error_has_its_words_and_its_code() {
        let refused = |code: Option<&str>| CallError::Refused {
            status: 403,
            code: code.map(str::to_owned),
        };
        for (error, words, code) in [
            (
                CallError::Unavailable {
                    retry_after: Some(7),
                },
                "provider is not available now",
                "call/unavailable",
            ),
            (
                CallError::Unreadable(Refused::Signature),
                "answer cannot be believed: signature refused",
                "call/unreadable",
            ),
            (
                refused(None),
                "provider refused the call with 403",
                "call/refused",
            ),
            (
                refused(Some("3261")),
                "provider refused the call with 403 and code 3261",
                "call/refused",
            ),
            (
                CallError::NotOffered { why: None },
                "provider does not offer the choice",
                "call/not-offered",
            ),
            (
                CallError::UnknownPayment,
                "provider does not know the payment",
                "call/unknown-payment",
            ),
        ] {
            assert_eq!(error.to_string(), words);
            assert_eq!(error.code(), code);
        }
        assert_eq!(format!("{:?}", reply(Ok(1))), "Reply");
    }
}
