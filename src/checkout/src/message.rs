//! Messages on their way out (`Unsigned` → `Signed`) and in (`RawCallback` → `Claimed` →
//! `Verified`).
//!
//! Providers make the bytes, a key holder signs or verifies them, and neither knows the other:
//! [`Signer`] and [`Verifier`] are all that this crate asks of cryptography.

use core::fmt;

use http::{HeaderMap, Method};

use crate::error::Coded;

/// A signature algorithm that some provider demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-512 (ecommpay).
    HmacSha512,
    /// RSA PKCS#1 v1.5 with SHA-256 (OP).
    RsaSha256,
    /// Plain SHA-256 over the message, then the shared secret, then `&`: a digest with the secret
    /// as its last field, and no HMAC (VETUMA).
    Sha256Suffix,
}

/// What a key is for; a provider account has one key a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Payments and all that belongs to them.
    Payment,
    /// The provider's callbacks, where it signs them with a key of its own.
    Callback,
    /// Identification of people, where its secret is another one than that of payments.
    Identification,
}

/// Raw signature bytes, before the provider's encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(pub Vec<u8>);

/// Makes signatures; implemented by whoever holds the keys of one provider account.
pub trait Signer {
    /// Signs `bytes`.
    ///
    /// # Errors
    /// [`SignError`] when there is no such key or it cannot sign.
    fn sign(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
        bytes: &[u8],
    ) -> Result<Signature, SignError>;
}

/// Checks signatures; implemented by whoever holds the keys of one provider account.
pub trait Verifier {
    /// Checks `signature` over `bytes`, in constant time.
    ///
    /// # Errors
    /// [`Refused::Signature`], which never says why.
    fn verify(
        &self,
        algorithm: Algorithm,
        purpose: Purpose,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused>;
}

/// A message that must not leave yet.
pub struct Unsigned<M> {
    message: M,
    algorithm: Algorithm,
    purpose: Purpose,
    signing_input: Vec<u8>,
    attach: fn(M, &Signature) -> M,
}

impl<M> Unsigned<M> {
    /// A message, the bytes to sign, and how the signature is put into the message.
    pub fn new(
        message: M,
        algorithm: Algorithm,
        purpose: Purpose,
        signing_input: Vec<u8>,
        attach: fn(M, &Signature) -> M,
    ) -> Self {
        Self {
            message,
            algorithm,
            purpose,
            signing_input,
            attach,
        }
    }

    /// The bytes to sign: for a signer elsewhere, and for finding out why a provider refuses.
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// Signs the message.
    ///
    /// # Errors
    /// What the signer says.
    pub fn sign(self, signer: &dyn Signer) -> Result<Signed<M>, SignError> {
        let signature = signer.sign(self.algorithm, self.purpose, &self.signing_input)?;
        Ok(Signed {
            message: (self.attach)(self.message, &signature),
        })
    }
}

impl<M> fmt::Debug for Unsigned<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned")
            .field("algorithm", &self.algorithm)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// A message that may leave. Made only by [`Unsigned::sign`].
pub struct Signed<M> {
    message: M,
}

impl<M> Signed<M> {
    /// The message, to be sent as it is.
    pub fn into_message(self) -> M {
        self.message
    }
}

impl<M> fmt::Debug for Signed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signed([redacted])")
    }
}

/// Why a message was not signed: the configuration is at fault, never the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignError {
    /// The account has no key for this algorithm and purpose.
    NoKey,
    /// The key is there, and the computation failed: no memory or no randomness.
    Failed,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("no key for this provider account and purpose"),
            Self::Failed => f.write_str("signature could not be computed"),
        }
    }
}

impl core::error::Error for SignError {}

impl Coded for SignError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoKey => "keys/no-key",
            Self::Failed => "keys/not-signed",
        }
    }
}

/// A callback as it came in: nothing in it is believed.
#[derive(Clone)]
pub struct RawCallback {
    /// The method of HTTP.
    pub method: Method,
    /// The address that it was sent to as the provider knows it, with the query: what a proxy
    /// makes of it does not count.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl RawCallback {
    /// A body that was posted, for providers that look at nothing else.
    #[must_use]
    pub fn posted(body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::POST,
            url: String::new(),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }
}

impl fmt::Debug for RawCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawCallback({} bytes)", self.body.len())
    }
}

/// A parsed callback or answer whose contents nobody can read before [`Claimed::verify`].
pub struct Claimed<T> {
    routing: String,
    algorithm: Algorithm,
    purpose: Purpose,
    candidates: Vec<Vec<u8>>,
    signature: Vec<u8>,
    content: Result<T, ContentError>,
}

impl<T> Claimed<T> {
    /// A claim: the bytes that may have been signed (one usually; more where a provider's
    /// rendering is uncertain), the decoded signature, and the strictly read content.
    pub fn new(
        routing: String,
        algorithm: Algorithm,
        purpose: Purpose,
        candidates: Vec<Vec<u8>>,
        signature: Vec<u8>,
        content: Result<T, ContentError>,
    ) -> Self {
        Self {
            routing,
            algorithm,
            purpose,
            candidates,
            signature,
            content,
        }
    }

    /// The provider's payment identifier that the message claims to be about.
    ///
    /// Unverified: good for finding the account whose key is tried, and for nothing else.
    pub fn routing_hint(&self) -> &str {
        &self.routing
    }

    /// The claim with its content understood further. It stays as unreadable as it was.
    #[must_use]
    pub fn map<U>(self, understand: impl FnOnce(T) -> U) -> Claimed<U> {
        Claimed {
            routing: self.routing,
            algorithm: self.algorithm,
            purpose: self.purpose,
            candidates: self.candidates,
            signature: self.signature,
            content: self.content.map(understand),
        }
    }

    /// Checks the signature, and then what was signed.
    ///
    /// # Errors
    /// [`Refused::Signature`] without a reason, or [`Refused::Content`] when the signature holds
    /// but the content must not be believed.
    pub fn verify(self, verifier: &dyn Verifier) -> Result<Verified<T>, Refused> {
        let holds = self.candidates.iter().any(|bytes| {
            verifier
                .verify(self.algorithm, self.purpose, bytes, &self.signature)
                .is_ok()
        });
        if !holds {
            return Err(Refused::Signature);
        }
        self.content.map(Verified).map_err(Refused::Content)
    }
}

impl<T> fmt::Debug for Claimed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claimed([unverified])")
    }
}

/// Content whose signature held. Made by [`Claimed::verify`], and by
/// [`Reply::unsigned`](crate::call::Reply::unsigned) for what its protocol leaves unsigned.
#[derive(Debug)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Content that its protocol leaves unsigned, from a server that TLS has proved.
    pub(crate) const fn by_transport(content: T) -> Self {
        Self(content)
    }

    /// The content.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// The content, by value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T, E> Verified<Result<T, E>> {
    /// The content that was promised, or the error that came in its place: both verified.
    ///
    /// # Errors
    /// The error that was verified.
    pub fn transpose(self) -> Result<Verified<T>, E> {
        self.0.map(Verified)
    }
}

/// Why a callback, or an answer to a call, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The signature does not hold. Deliberately without a reason.
    Signature,
    /// The signature holds and the content is still not acceptable.
    Content(ContentError),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => f.write_str("signature refused"),
            Self::Content(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Refused {}

impl Coded for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Signature => "callback/signature",
            Self::Content(error) => error.code(),
        }
    }
}

/// What is wrong with the content of a callback or an answer, or with one that cannot be read at
/// all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentError {
    /// Longer than the provider's messages can be.
    TooLarge,
    /// Not the provider's format.
    Malformed,
    /// A key stands twice in one object.
    DuplicateKey,
    /// A field that this kind of message does not have.
    UnknownField,
    /// More than one signature, or none, or one that is not in the exact encoding.
    Signature,
    /// A field is missing or has another type; holds its path.
    Field(&'static str),
    /// Holds parameters of a request: a page's signature dressed up as a callback or an answer.
    RequestParameters,
    /// Another account than ours.
    Account,
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("message is too large"),
            Self::Malformed => f.write_str("message is malformed"),
            Self::DuplicateKey => f.write_str("message holds a key twice"),
            Self::UnknownField => f.write_str("message holds a field that its kind does not have"),
            Self::Signature => f.write_str("message must hold exactly one well-formed signature"),
            Self::Field(path) => write!(f, "message field {path} is missing or has another type"),
            Self::RequestParameters => f.write_str("message holds request parameters"),
            Self::Account => f.write_str("message is for another account"),
        }
    }
}

impl core::error::Error for ContentError {}

impl Coded for ContentError {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "callback/too-large",
            Self::Malformed => "callback/malformed",
            Self::DuplicateKey => "callback/duplicate-key",
            Self::UnknownField => "callback/unknown-field",
            Self::Signature => "callback/signature",
            Self::Field(_) => "callback/field",
            Self::RequestParameters => "callback/request-parameters",
            Self::Account => "callback/account",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Algorithm, Claimed, Coded as _, ContentError, Purpose, RawCallback, Refused, SignError,
        Signature, Signer, Unsigned,
    };

    /// Signs with the length of the text.
    struct Length;

    impl Signer for Length {
        fn sign(&self, _: Algorithm, _: Purpose, bytes: &[u8]) -> Result<Signature, SignError> {
            Ok(Signature(bytes.len().to_be_bytes().to_vec()))
        }
    }

    fn unsigned() -> Unsigned<Vec<u8>> {
        Unsigned::new(
            b"marker".to_vec(),
            Algorithm::HmacSha512,
            Purpose::Payment,
            b"marker;text".to_vec(),
            |message, signature| [message, signature.0.clone()].concat(),
        )
    }

    #[test]
    fn the_signing_input_is_what_is_signed_and_the_signature_is_put_into_the_message() {
        assert_eq!(unsigned().signing_input(), b"marker;text");
        let message = unsigned().sign(&Length).unwrap().into_message();
        assert_eq!(message, [&b"marker"[..], &11_usize.to_be_bytes()].concat());
    }

    #[test]
    fn a_claim_says_whose_key_is_to_be_tried_and_no_more() {
        let claimed = Claimed::new(
            "marker-7".to_owned(),
            Algorithm::HmacSha512,
            Purpose::Payment,
            vec![b"marker".to_vec()],
            b"marker".to_vec(),
            Ok("marker"),
        );
        assert_eq!(claimed.routing_hint(), "marker-7");
        assert_eq!(format!("{claimed:?}"), "Claimed([unverified])");
    }

    #[test]
    fn messages_are_not_printed() {
        let printed = format!("{:?}", unsigned());
        assert!(printed.contains("HmacSha512") && printed.contains("Payment"));
        assert!(!printed.contains("marker"), "{printed}");
        let signed = unsigned().sign(&Length).unwrap();
        assert_eq!(format!("{signed:?}"), "Signed([redacted])");
        let raw = RawCallback::posted(b"marker");
        assert_eq!(format!("{raw:?}"), "RawCallback(6 bytes)");
    }

    #[test]
    fn each_refusal_has_its_words_and_its_code() {
        let no_key = SignError::NoKey;
        assert_eq!(
            no_key.to_string(),
            "no key for this provider account and purpose"
        );
        assert_eq!(no_key.code(), "keys/no-key");
        assert_eq!(
            SignError::Failed.to_string(),
            "signature could not be computed"
        );
        assert_eq!(SignError::Failed.code(), "keys/not-signed");
        assert_eq!(Refused::Signature.to_string(), "signature refused");
        assert_eq!(Refused::Signature.code(), "callback/signature");
        for (error, words, code) in [
            (
                ContentError::TooLarge,
                "message is too large",
                "callback/too-large",
            ),
            (
                ContentError::Malformed,
                "message is malformed",
                "callback/malformed",
            ),
            (
                ContentError::DuplicateKey,
                "message holds a key twice",
                "callback/duplicate-key",
            ),
            (
                ContentError::UnknownField,
                "message holds a field that its kind does not have",
                "callback/unknown-field",
            ),
            (
                ContentError::Signature,
                "message must hold exactly one well-formed signature",
                "callback/signature",
            ),
            (
                ContentError::Field("payment.id"),
                "message field payment.id is missing or has another type",
                "callback/field",
            ),
            (
                ContentError::RequestParameters,
                "message holds request parameters",
                "callback/request-parameters",
            ),
            (
                ContentError::Account,
                "message is for another account",
                "callback/account",
            ),
        ] {
            for told in [
                (error.to_string(), error.code()),
                (
                    Refused::Content(error).to_string(),
                    Refused::Content(error).code(),
                ),
            ] {
                assert_eq!(told, (words.to_owned(), code));
            }
        }
    }
}
