//! VETUMA's forms, as anybody may post them.

use std::sync::LazyLock;

use kassa_checkout::{Verified, message::Purpose};
use kassa_keys::{Keyring, Sha256SuffixKey};
use kassa_providers::vetuma::{
    CheckAnswer, CheckCall, Kind, LoginAnswer, LoginCall, Message, PayAnswer, PayCall, Profile,
    body,
};

/// Signs the inputs in the corpus: the supplier's, printed in public test suites.
const SECRET: &str =
    "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35";

/// A form of whichever kind: one that is taken, signed and written is read as itself, and its
/// values are read or refused without a panic.
pub(super) fn form(data: &[u8]) -> bool {
    let mut taken = false;
    for kind in Kind::ALL {
        let Ok(claimed) = Message::claim(kind, data) else {
            continue;
        };
        let account = KEYS.account("shop", "vetuma");
        let Ok(message) = claimed.verify(&account).map(Verified::into_inner) else {
            continue;
        };
        taken = true;
        assert_eq!(message.check(kind), Ok(()));
        let form = message.to_form(kind, "https://vetuma.example/");
        let signed = form.ok().and_then(|form| form.sign(&account).ok());
        let text = signed.map(|signed| body(&signed.into_message()));
        let again = text.and_then(|text| {
            let claimed = Message::claim(kind, text.as_bytes()).ok()?;
            claimed.verify(&account).ok().map(Verified::into_inner)
        });
        assert_eq!(
            again.as_ref(),
            Some(&message),
            "written and read as another"
        );
        values(kind, &message);
    }
    taken
}

/// What is read of a message is written as the same message.
fn values(kind: Kind, message: &Message) {
    let written = match kind {
        Kind::PayCall => {
            // A call may offer what it has no number for; that is not written.
            PayCall::read(message, Profile::V3)
                .ok()
                .and_then(|call| call.to_message(Profile::V3).ok())
        }
        Kind::PayAnswer => PayAnswer::read(message)
            .ok()
            .and_then(|answer| answer.to_message().ok()),
        Kind::CheckCall => CheckCall::read(message)
            .ok()
            .and_then(|call| call.to_message().ok()),
        // A sum in another form is read as none.
        Kind::CheckAnswer => {
            let _ = CheckAnswer::read(message);
            None
        }
        Kind::LoginCall => LoginCall::read(message)
            .ok()
            .and_then(|call| call.to_message().ok()),
        Kind::LoginAnswer => LoginAnswer::read(message)
            .ok()
            .and_then(|answer| answer.to_message().ok()),
    };
    if let Some(written) = written {
        assert_eq!(&written, message, "read and written as another");
    }
}

static KEYS: LazyLock<Keyring> = LazyLock::new(|| {
    let mut keys = Keyring::default();
    for purpose in [Purpose::Payment, Purpose::Identification] {
        if let Ok(key) = Sha256SuffixKey::parse(SECRET) {
            keys.add("shop", "vetuma", purpose, key);
        }
    }
    keys
});
