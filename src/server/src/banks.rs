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

use crate::{clock, gateway::StepError, shop::Shop, state::App, tokens};

/// For how long a list is good, in seconds.
const GOOD_FOR: u64 = 5 * 60;
/// How long nobody asks again after no list came, in seconds.
const PAUSE: u64 = 30;
/// How long a customer waits for a list.
const WITHIN: Duration = Duration::from_secs(3);
/// How many lists are kept: lists depend on the amount.
const MOST: usize = 1_000;

/// Lists of banks by shop and amount.
#[derive(Default)]
pub(crate) struct BankLists {
    kept: Mutex<HashMap<(String, Amount), Kept>>,
}

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
    fn kept(&self) -> MutexGuard<'_, HashMap<(String, Amount), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept and still good; else the caller is the one who asks, and until it has, the
    /// list before stands in.
    fn find_or_claim(&self, shop: &str, amount: Amount, now: Timestamp) -> Found {
        let mut kept = self.kept();
        let key = (shop.to_owned(), amount);
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

    fn keep(&self, shop: &str, amount: Amount, banks: Arc<Vec<Bank>>, now: Timestamp) {
        let fresh = Kept {
            banks: Some(banks),
            until: now.plus_seconds(GOOD_FOR),
        };
        self.kept().insert((shop.to_owned(), amount), fresh);
    }

    /// The list is known to be wrong.
    pub(crate) fn forget(&self, shop: &str, amount: Amount) {
        self.kept().remove(&(shop.to_owned(), amount));
    }

    /// The list of a moment ago, good or not.
    fn last(&self, shop: &str, amount: Amount) -> Option<Arc<Vec<Bank>>> {
        let key = (shop.to_owned(), amount);
        self.kept().get(&key).and_then(|kept| kept.banks.clone())
    }
}

enum Found {
    Kept(Option<Arc<Vec<Bank>>>),
    Ask,
}

/// The banks that the shop's provider offers now for an amount, where it can be asked and has
/// answered; the shop's own rules are not applied.
pub(crate) async fn live(app: &App, shop: &Shop, amount: Amount) -> Option<Arc<Vec<Bank>>> {
    shop.account.provider.bank_list()?;
    let now = clock::now();
    match app.banks.find_or_claim(&shop.id, amount, now) {
        Found::Kept(banks) => banks,
        Found::Ask => match tokio::time::timeout(WITHIN, ask(app, shop, amount)).await {
            Ok(Some(banks)) => {
                let banks = Arc::new(banks);
                app.banks
                    .keep(&shop.id, amount, Arc::clone(&banks), clock::now());
                Some(banks)
            }
            Ok(None) | Err(_) => app.banks.last(&shop.id, amount),
        },
    }
}

async fn ask(app: &App, shop: &Shop, amount: Amount) -> Option<Vec<Bank>> {
    let provider = shop.account.provider.facts().id;
    let now = clock::now();
    let signed = match question(shop, amount, now)? {
        Ok(signed) => signed,
        Err(error) => {
            tracing::error!(target: "kassa::calls", provider, shop = %shop.id, %error, "the banks could not be asked for");
            return None;
        }
    };
    match app.calls.make(shop, "banks", signed, now).await {
        // An empty list would leave the customer with nothing to choose.
        Ok(banks) => Some(banks.into_inner()).filter(|banks| !banks.is_empty()),
        Err(failed) => {
            tracing::warn!(target: "kassa::calls", provider, shop = %shop.id, reason = %failed, "no list of banks came");
            None
        }
    }
}

type Question = Signed<Call<Vec<Bank>>>;

/// The question for the banks; none where the provider cannot be asked.
fn question(shop: &Shop, amount: Amount, now: Timestamp) -> Option<Result<Question, StepError>> {
    let context = CallContext {
        now,
        request_id: tokens::uuid(),
        session_id: tokens::uuid(),
    };
    let list = shop.account.provider.bank_list()?;
    let unsigned = list.ask_banks(amount, &context).map_err(StepError::Build);
    Some(unsigned.and_then(|unsigned| unsigned.sign(&shop.keys()).map_err(StepError::Sign)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kassa_checkout::{Amount, Timestamp};

    use super::{BankLists, Found, GOOD_FOR, MOST, PAUSE};

    fn amount(cents: u64) -> Amount {
        Amount::from_cents(cents).unwrap()
    }

    fn asks(lists: &BankLists, cents: u64, now: Timestamp) -> bool {
        matches!(lists.find_or_claim("demo", amount(cents), now), Found::Ask)
    }

    #[test]
    fn one_asks_and_the_others_take_what_there_is() {
        let lists = BankLists::default();
        let start = Timestamp::from_millis(1_000_000);
        assert!(asks(&lists, 1_000, start));
        assert!(!asks(&lists, 1_000, start), "somebody is asking");
        assert!(asks(&lists, 2_000, start), "lists depend on the amount");
        lists.keep("demo", amount(1_000), Arc::new(Vec::new()), start);
        let last = start.plus_seconds(GOOD_FOR - 1);
        assert!(!asks(&lists, 1_000, last));
        assert!(asks(&lists, 1_000, start.plus_seconds(GOOD_FOR)));
        // Meanwhile the old one is there.
        let Found::Kept(kept) =
            lists.find_or_claim("demo", amount(1_000), start.plus_seconds(GOOD_FOR))
        else {
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
        assert!(lists.last("demo", amount(1_000)).is_none());
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
