//! Identifiers: the time in front, and behind it random letters from the operating system's
//! generator.
//!
//! The time is there for the database: what is made together lies together in every index, so
//! that a write costs the same among ten thousand payments and among ten million. It tells nobody
//! more than the payment itself does.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use kassa_checkout::Timestamp;
use sha2::{Digest as _, Sha256};

/// The letters of the identifiers: Crockford's base 32 in lower case, so that no two of them
/// differ by case alone and none is taken for another when read aloud.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random bytes")
    }
}

impl std::error::Error for NoRandomness {}

/// How many letters the time takes, in milliseconds: enough until the year 3084.
const TIME: usize = 9;

/// The public identifier of a payment made now: `pay_`, the time, and 75 random bits, 24 letters
/// in all.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
///
/// # Examples
///
/// ```
/// use kassa_checkout::Timestamp;
/// use kassa_server::tokens::payment_id;
/// let id = payment_id(Timestamp::from_millis(1_795_000_000_000))?;
/// assert_eq!((id.len(), &id[..13]), (28, "pay_1m7q5cqg0"));
/// let later = payment_id(Timestamp::from_millis(1_795_000_000_001))?;
/// assert!(id < later);
/// # Ok::<(), kassa_server::tokens::NoRandomness>(())
/// ```
pub fn payment_id(now: Timestamp) -> Result<String, NoRandomness> {
    timed("pay_", now, 15)
}

/// The checkout token of a payment made now, the capability that a customer's browser holds: 130
/// random bits beside the time.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
pub fn checkout_token(now: Timestamp) -> Result<String, NoRandomness> {
    timed("co_", now, 26)
}

/// The identifier of a webhook message made now: `msg_`, the time, and 75 random bits.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
pub fn message_id(now: Timestamp) -> Result<String, NoRandomness> {
    timed("msg_", now, 15)
}

/// A new refund's identifier: `ref_`, its time, and 75 random bits.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
pub fn refund_id(now: Timestamp) -> Result<String, NoRandomness> {
    timed("ref_", now, 15)
}

/// A request's identifier for the logs: 60 bits, enough to find a line by. Guessing it gains
/// nobody anything, so no system call is spent on it.
#[must_use]
pub fn request_id() -> String {
    static PROCESS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let bits = PROCESS.hash_one(NEXT.fetch_add(1, Ordering::Relaxed));
    let letters = (0..12).map(|place| letter((bits >> (place * 5)).to_le_bytes()[0]));
    letters.collect()
}

/// A fresh UUID for a message to a provider, in lower case. It tells messages apart and protects
/// nothing, so that it need not be hard to guess.
#[must_use]
pub fn uuid() -> String {
    static PROCESS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let halves = PROCESS.each_ref().map(|state| state.hash_one(number));
    let [high, low] = halves.map(u128::from);
    uuid_form(((high << 64) | low).to_be_bytes())
}

/// The UUID of a text: always the same one, so that it needs no keeping.
///
/// # Examples
///
/// ```
/// use kassa_server::tokens::uuid_of;
/// assert_eq!(uuid_of("pay_a-1"), uuid_of("pay_a-1"));
/// assert_ne!(uuid_of("pay_a-1"), uuid_of("pay_a-2"));
/// ```
#[must_use]
pub fn uuid_of(text: &str) -> String {
    let digest = Sha256::digest(text);
    let (bytes, _) = digest
        .as_slice()
        .split_first_chunk()
        .unwrap_or((&[0; 16], &[]));
    uuid_form(*bytes)
}

/// As a UUID of version 4, which is the one that every reader takes.
fn uuid_form(bytes: [u8; 16]) -> String {
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// So many random digits, the first not 0: an identifier for whoever takes digits only.
///
/// # Errors
/// [`NoRandomness`] when the operating system fails.
pub fn digits(count: usize) -> Result<String, NoRandomness> {
    let mut text = String::with_capacity(count);
    while text.len() < count {
        let mut byte = [0_u8];
        getrandom::fill(&mut byte).map_err(|_| NoRandomness)?;
        let [byte] = byte;
        let digit = char::from(b'0' + byte % 10);
        // 250 is a multiple of 10, so that every digit is equally likely.
        if byte < 250 && !(digit == '0' && text.is_empty()) {
            text.push(digit);
        }
    }
    Ok(text)
}

/// A number below `bound`, for jitter; 0 when the operating system fails.
#[must_use]
pub fn below(bound: u64) -> u64 {
    #[cfg(feature = "memory-store")]
    if let Some(number) = seeded::next() {
        return number.checked_rem(bound).unwrap_or(0);
    }
    let mut bytes = [0_u8; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0),
        Err(_) => 0,
    }
}

#[cfg(feature = "memory-store")]
pub(crate) use seeded::seed as seed_below;

/// Jitter that a simulation can have again. Identifiers and tokens never come from here.
#[cfg(feature = "memory-store")]
mod seeded {
    use std::{
        cell::Cell,
        hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    };

    thread_local! {
        static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    }

    pub(crate) fn seed(seed: Option<u64>) {
        STATE.set(seed);
    }

    pub(super) fn next() -> Option<u64> {
        let state = STATE.get()?.wrapping_add(1);
        STATE.set(Some(state));
        Some(BuildHasherDefault::<DefaultHasher>::default().hash_one(state))
    }
}

fn timed(prefix: &str, now: Timestamp, letters: usize) -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; 26];
    let random = bytes.get_mut(..letters).ok_or(NoRandomness)?;
    getrandom::fill(random).map_err(|_| NoRandomness)?;
    let mut text = String::with_capacity(prefix.len() + TIME + letters);
    text.push_str(prefix);
    let five_bits = |place: usize| letter((now.millis() >> (place * 5)).to_le_bytes()[0]);
    text.extend((0..TIME).rev().map(five_bits));
    text.extend(random.iter().copied().map(letter));
    Ok(text)
}

/// The letter of five bits of a byte: 256 is a multiple of 32, so of random bytes every letter is
/// equally likely.
fn letter(byte: u8) -> char {
    LETTERS
        .get(usize::from(byte & 31))
        .map_or('0', |letter| char::from(*letter))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kassa_checkout::Timestamp;

    use super::{below, checkout_token, digits, payment_id, request_id};

    #[test]
    fn no_two_are_alike() {
        let now = Timestamp::from_millis(1_795_000_000_000);
        let tokens: HashSet<_> = (0..1_000).map(|_| checkout_token(now).unwrap()).collect();
        assert_eq!(tokens.len(), 1_000);
        assert!(tokens.iter().all(|token| token.len() == 38));
        let requests: HashSet<_> = (0..1_000).map(|_| request_id()).collect();
        assert_eq!(requests.len(), 1_000);
        assert!(requests.iter().all(|id| id.len() == 12));
    }

    #[test]
    fn digits_are_digits_and_no_two_are_alike() {
        let ids: HashSet<_> = (0..1_000).map(|_| digits(15).unwrap()).collect();
        assert_eq!(ids.len(), 1_000);
        for id in ids {
            assert!(id.len() == 15 && !id.starts_with('0'), "{id}");
            assert!(id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
        }
    }

    #[test]
    fn an_identifier_can_stand_in_a_url_and_ignores_case() {
        let id = payment_id(Timestamp::from_millis(u64::MAX)).unwrap();
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        );
    }

    #[test]
    fn what_is_made_later_comes_later() {
        let at = |millis| payment_id(Timestamp::from_millis(millis)).unwrap();
        let times = [0, 1, 31, 32, 1_023, 1_024, 1_795_000_000_000, (1 << 45) - 1];
        let ids: Vec<_> = times.into_iter().map(at).collect();
        assert!(ids.is_sorted(), "{ids:?}");
    }

    #[test]
    fn jitter_stays_below_its_bound() {
        assert!((0..100).all(|_| below(7) < 7));
        assert_eq!(below(0), 0);
    }
}
