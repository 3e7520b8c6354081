//! Which payments a provider's message takes, as far as it was found out already.
//!
//! A new payment is tried out on the provider's message, so that the shop and not its customer
//! hears of a field that the provider would refuse. Making the message is a good part of the work
//! on a new payment, and most payments of a shop differ from each other in nothing that a
//! provider could refuse: no text of the shop's own, and a sum and a time between two that the
//! same message took before.

use std::{
    ops::RangeInclusive,
    sync::{PoisonError, RwLock},
};

use kassa_checkout::{Amount, Language, Selection, Timestamp, contract::ChooseAt};

use crate::store::{Payer, Terms};

/// How many ways are remembered. A shop has few; one that names other banks each time gains
/// nothing by this.
const MOST: usize = 64;

/// What was taken.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    ways: RwLock<Vec<Taken>>,
}

/// A new payment, as far as a provider may refuse it.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    way: Way<'a>,
    cents: u64,
    seconds: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Way<'a> {
    shop: &'a str,
    selection: &'a Selection,
    choose_at: ChooseAt,
    language: Option<Language>,
    /// Whether the reference is an international one.
    is_rf: bool,
}

#[derive(Debug)]
struct Taken {
    shop: String,
    selection: Selection,
    choose_at: ChooseAt,
    language: Option<Language>,
    is_rf: bool,
    cents: RangeInclusive<u64>,
    seconds: RangeInclusive<u64>,
}

impl<'a> Wish<'a> {
    /// The wish for such a payment; `None` where it has words of the shop's own, which have to be
    /// looked at each time.
    pub(crate) fn of(
        shop: &'a str,
        terms: &'a Terms,
        reference: &str,
        amount: Amount,
        (now, expires_at): (Timestamp, Timestamp),
    ) -> Option<Self> {
        let is_plain = terms.description.is_none() && terms.customer == Payer::default();
        is_plain.then(|| Self {
            way: Way {
                shop,
                selection: &terms.selection,
                choose_at: terms.choose_at,
                language: terms.language,
                is_rf: reference.starts_with("RF"),
            },
            cents: amount.cents(),
            seconds: expires_at.seconds_since(now),
        })
    }
}

impl Tried {
    /// Whether the message takes it, as is known from others.
    pub(crate) fn takes(&self, wish: &Wish<'_>) -> bool {
        let ways = self.ways.read().unwrap_or_else(PoisonError::into_inner);
        ways.iter().any(|taken| {
            taken.way() == wish.way
                && taken.cents.contains(&wish.cents)
                && taken.seconds.contains(&wish.seconds)
        })
    }

    /// Remembers that the message took it.
    pub(crate) fn took(&self, wish: &Wish<'_>) {
        let mut ways = self.ways.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = ways.iter_mut().find(|taken| taken.way() == wish.way) {
            widen(&mut taken.cents, wish.cents);
            widen(&mut taken.seconds, wish.seconds);
        } else if ways.len() < MOST {
            ways.push(Taken {
                shop: wish.way.shop.to_owned(),
                selection: wish.way.selection.clone(),
                choose_at: wish.way.choose_at,
                language: wish.way.language,
                is_rf: wish.way.is_rf,
                cents: wish.cents..=wish.cents,
                seconds: wish.seconds..=wish.seconds,
            });
        }
    }
}

impl Taken {
    fn way(&self) -> Way<'_> {
        Way {
            shop: &self.shop,
            selection: &self.selection,
            choose_at: self.choose_at,
            language: self.language,
            is_rf: self.is_rf,
        }
    }
}

fn widen(range: &mut RangeInclusive<u64>, to: u64) {
    *range = to.min(*range.start())..=to.max(*range.end());
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{Amount, Selection, Timestamp, contract::ChooseAt};

    use super::{Tried, Wish};
    use crate::store::{Payer, Terms};

    fn terms() -> Terms {
        Terms {
            language: None,
            description: None,
            customer: Payer::default(),
            selection: Selection::AllBanks,
            choose_at: ChooseAt::Kassa,
            return_url: "https://shop.example/".to_owned(),
            vetuma: None,
        }
    }

    fn wish(terms: &Terms, cents: u64, seconds: u64) -> Option<Wish<'_>> {
        let now = Timestamp::from_millis(0);
        let times = (now, now.plus_seconds(seconds));
        Wish::of(
            "demo",
            terms,
            "1232",
            Amount::from_cents(cents).unwrap(),
            times,
        )
    }

    #[test]
    fn what_lies_between_two_that_were_taken_is_taken() {
        let (tried, terms) = (Tried::default(), terms());
        let takes = |cents, seconds| tried.takes(&wish(&terms, cents, seconds).unwrap());
        assert!(!takes(100, 60));
        tried.took(&wish(&terms, 100, 60).unwrap());
        tried.took(&wish(&terms, 300, 90).unwrap());
        assert!(takes(100, 60) && takes(200, 70) && takes(300, 90));
        assert!(!takes(99, 70) && !takes(301, 70) && !takes(200, 59) && !takes(200, 91));
    }

    #[test]
    fn another_way_is_another() {
        let (tried, plain) = (Tried::default(), terms());
        tried.took(&wish(&plain, 100, 60).unwrap());
        let mut there = terms();
        there.choose_at = ChooseAt::Provider;
        assert!(!tried.takes(&wish(&there, 100, 60).unwrap()));
        let mut other = terms();
        other.selection = Selection::MethodThenBank;
        assert!(!tried.takes(&wish(&other, 100, 60).unwrap()));
    }

    #[test]
    fn words_of_the_shops_own_are_looked_at_each_time() {
        let mut described = terms();
        described.description = Some("a book".to_owned());
        assert!(wish(&described, 100, 60).is_none());
        let mut known = terms();
        known.customer.phone = Some("1".to_owned());
        assert!(wish(&known, 100, 60).is_none());
    }
}
