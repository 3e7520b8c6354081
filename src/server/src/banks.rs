//! The banks that a provider offers now, kept for some minutes.
//!
//! A customer must not wait for a list: where none comes in time, the provider's built-in one
//! stands in for it, and whoever asks while somebody else is asking takes what there is.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kassa_checkout::{Amount, Bank, Call, Signed, Timestamp, order::CallContext};

use crate::{clock, gateway::StepError, shop::Account, state::App, tokens};

/// For how long a list is good, in seconds.
const GOOD_FOR: u64 = 5 * 60;
/// How long nobody asks again after no list came, in seconds.
const PAUSE: u64 = 30;
/// How long a customer waits for a list.
const WITHIN: Duration = Duration::from_secs(3);
/// How many lists are kept: lists depend on the amount.
const MOST: usize = 1_000;

/// Lists of banks by account and amount.
#[derive(Default)]
pub(crate) struct BankLists {
    kept: Mutex<HashMap<Key, Kept>>,
}

/// The account's provider and shop, and the amount.
type Key = (&'static str, String, Amount);

/// A list, or that there is none, until then.
#[derive(Clone)]
struct Kept {
    banks: Option<Arc<Vec<Bank>>>,
    until: Timestamp,
}

impl fmt::Debug for BankLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BankLists")
    }
}

impl BankLists {
    fn kept(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept and still good; else the caller is the one who asks, and until it has, the
    /// list before stands in.
    fn find_or_claim(&self, key: Key, now: Timestamp) -> Found {
        let mut kept = self.kept();
        if let Some(found) = kept.get_mut(&key) {
            if now < found.until {
                return Found::Kept(found.banks.clone());
            }
            found.until = now.plus_seconds(PAUSE);
            return Found::Ask;
        }
        if kept.len() >= MOST {
            kept.retain(|_, kept| now < kept.until);
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        let nothing = Kept {
            banks: None,
            until: now.plus_seconds(PAUSE),
        };
        kept.insert(key, nothing);
        Found::Ask
    }

    fn keep(&self, key: Key, banks: Arc<Vec<Bank>>, now: Timestamp) {
        let fresh = Kept {
            banks: Some(banks),
            until: now.plus_seconds(GOOD_FOR),
        };
        self.kept().insert(key, fresh);
    }

    /// The list is known to be wrong.
    pub(crate) fn forget(&self, account: &Account, amount: Amount) {
        self.kept().remove(&key(account, amount));
    }

    /// The list of a moment ago, good or not.
    fn last(&self, key: &Key) -> Option<Arc<Vec<Bank>>> {
        self.kept().get(key).and_then(|kept| kept.banks.clone())
    }
}

fn key(account: &Account, amount: Amount) -> Key {
    (account.id(), account.shop.clone(), amount)
}

enum Found {
    Kept(Option<Arc<Vec<Bank>>>),
    Ask,
}

/// The banks that an account's provider offers now for an amount, where it can be asked and has
/// answered, else those that are known without asking; the shop's own rules are not applied.
pub(crate) async fn now(app: &App, account: &Account, amount: Amount) -> Arc<Vec<Bank>> {
    let live = live(app, account, amount).await;
    live.unwrap_or_else(|| Arc::new(account.known_banks()))
}

async fn live(app: &App, account: &Account, amount: Amount) -> Option<Arc<Vec<Bank>>> {
    account.provider.bank_list()?;
    let key = key(account, amount);
    match app.banks.find_or_claim(key.clone(), clock::now()) {
        Found::Kept(banks) => banks,
        Found::Ask => match tokio::time::timeout(WITHIN, ask(app, account, amount)).await {
            Ok(Some(banks)) => {
                let banks = Arc::new(banks);
                app.banks.keep(key, Arc::clone(&banks), clock::now());
                Some(banks)
            }
            Ok(None) | Err(_) => app.banks.last(&key),
        },
    }
}

async fn ask(app: &App, account: &Account, amount: Amount) -> Option<Vec<Bank>> {
    let (provider, shop) = (account.id(), account.shop.as_str());
    let now = clock::now();
    let signed = match question(account, amount, now)? {
        Ok(signed) => signed,
        Err(error) => {
            tracing::error!(target: "kassa::calls", provider, shop, %error, "the banks could not be asked for");
            return None;
        }
    };
    match app.calls.make(account, "banks", signed, now).await {
        // An empty list would leave the customer with nothing to choose.
        Ok(banks) => Some(banks.into_inner()).filter(|banks| !banks.is_empty()),
        Err(failed) => {
            tracing::warn!(target: "kassa::calls", provider, shop, reason = %failed, "no list of banks came");
            None
        }
    }
}

type Question = Signed<Call<Vec<Bank>>>;

/// The question for the banks; none where the provider cannot be asked.
fn question(
    account: &Account,
    amount: Amount,
    now: Timestamp,
) -> Option<Result<Question, StepError>> {
    let context = CallContext {
        now,
        request_id: tokens::uuid(),
        session_id: tokens::uuid(),
    };
    let list = account.provider.bank_list()?;
    let unsigned = list.ask_banks(amount, &context).map_err(StepError::Build);
    Some(unsigned.and_then(|unsigned| unsigned.sign(&account.keys()).map_err(StepError::Sign)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kassa_checkout::{Amount, Timestamp};

    use super::{BankLists, Found, GOOD_FOR, Key, MOST, PAUSE};

    fn key(cents: u64) -> Key {
        let amount = Amount::from_cents(cents).unwrap();
        ("ecommpay", "demo".to_owned(), amount)
    }

    fn asks(lists: &BankLists, cents: u64, now: Timestamp) -> bool {
        matches!(lists.find_or_claim(key(cents), now), Found::Ask)
    }

    #[test]
    fn one_asks_and_the_others_take_what_there_is() {
        let lists = BankLists::default();
        let start = Timestamp::from_millis(1_000_000);
        assert!(asks(&lists, 1_000, start));
        assert!(!asks(&lists, 1_000, start), "somebody is asking");
        assert!(asks(&lists, 2_000, start), "lists depend on the amount");
        lists.keep(key(1_000), Arc::new(Vec::new()), start);
        let last = start.plus_seconds(GOOD_FOR - 1);
        assert!(!asks(&lists, 1_000, last));
        assert!(asks(&lists, 1_000, start.plus_seconds(GOOD_FOR)));
        // Meanwhile the old one is there.
        let later = start.plus_seconds(GOOD_FOR);
        let Found::Kept(kept) = lists.find_or_claim(key(1_000), later) else {
            panic!("two ask at once");
        };
        assert!(kept.is_some());
    }

    #[test]
    fn a_list_that_did_not_come_is_not_asked_for_again_at_once() {
        let lists = BankLists::default();
        let start = Timestamp::from_millis(1_000_000);
        assert!(asks(&lists, 1_000, start));
        assert!(!asks(&lists, 1_000, start.plus_seconds(PAUSE - 1)));
        assert!(asks(&lists, 1_000, start.plus_seconds(PAUSE)));
        assert!(lists.last(&key(1_000)).is_none());
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let lists = BankLists::default();
        let start = Timestamp::from_millis(1_000_000);
        for cents in 1..=2 * u64::try_from(MOST).unwrap() {
            assert!(asks(&lists, cents, start));
        }
        assert!(lists.kept().len() <= MOST);
    }
}
