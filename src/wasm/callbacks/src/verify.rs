//! A verifier that asks, and one that was told.

use std::cell::RefCell;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use kassa_checkout::{
    Claimed,
    message::{Algorithm, ContentError, Purpose, Refused, Verifier},
};
use kassa_references::bridge::Refusal;
use kassa_wasm::refused;

/// What the host has to check, gathered.
#[derive(Default)]
struct Asking {
    texts: RefCell<Vec<Vec<u8>>>,
    signature: RefCell<Vec<u8>>,
}

impl Verifier for Asking {
    fn verify(
        &self,
        _: Algorithm,
        _: Purpose,
        bytes: &[u8],
        signature: &[u8],
    ) -> Result<(), Refused> {
        self.texts.borrow_mut().push(bytes.to_vec());
        *self.signature.borrow_mut() = signature.to_vec();
        // Nothing holds before the host says so.
        Err(Refused::Signature)
    }
}

/// Accepts the text of that number: the host found that the signature holds over it.
struct Told {
    number: usize,
    asked: RefCell<usize>,
}

impl Verifier for Told {
    fn verify(&self, _: Algorithm, _: Purpose, _: &[u8], _: &[u8]) -> Result<(), Refused> {
        let number = self.asked.replace_with(|asked| *asked + 1);
        if number == self.number {
            Ok(())
        } else {
            Err(Refused::Signature)
        }
    }
}

/// What is to be checked: the signature in Base64, then each text that may have been signed in
/// Base64, a line each.
pub(crate) fn ask<T>(claimed: Result<Claimed<T>, ContentError>) -> Result<String, Refusal> {
    let asking = Asking::default();
    // Refused by design; what matters is what was asked.
    let _ = claimed.map_err(refused)?.verify(&asking);
    let mut lines = STANDARD.encode(asking.signature.take());
    for text in asking.texts.take() {
        lines.push('\n');
        lines.push_str(&STANDARD.encode(text));
    }
    Ok(lines)
}

/// The content of a claim, of whose texts the one of that number was found to be signed.
pub(crate) fn open<T>(
    claimed: Result<Claimed<T>, ContentError>,
    number: u32,
) -> Result<T, Refusal> {
    let told = Told {
        number: usize::try_from(number).unwrap_or(usize::MAX),
        asked: RefCell::new(0),
    };
    let verified = claimed.map_err(refused)?.verify(&told).map_err(refused)?;
    Ok(verified.into_inner())
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{
        Claimed,
        message::{Algorithm, ContentError, Purpose},
    };

    use super::{ask, open};

    fn claim(content: Result<u8, ContentError>) -> Result<Claimed<u8>, ContentError> {
        Ok(Claimed::new(
            "id".to_owned(),
            Algorithm::HmacSha512,
            Purpose::Payment,
            vec![b"one".to_vec(), b"two".to_vec()],
            b"signature".to_vec(),
            content,
        ))
    }

    #[test]
    fn every_text_is_asked_for() {
        let asked = ask(claim(Ok(7))).ok();
        assert_eq!(asked.as_deref(), Some("c2lnbmF0dXJl\nb25l\ndHdv"));
    }

    #[test]
    fn only_a_text_that_was_asked_for_opens() {
        for number in [0, 1] {
            assert_eq!(open(claim(Ok(7)), number).ok(), Some(7));
        }
        assert!(open(claim(Ok(7)), 2).is_err());
        assert!(open(claim(Err(ContentError::Account)), 0).is_err());
    }
}
