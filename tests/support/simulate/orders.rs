//! All orders of arrival up to six events, against the model.

use std::{sync::Arc, thread};

use kassa_checkout::{
    Amount, BankId, Language, Selection, Timestamp,
    contract::ChooseAt,
    lifecycle::{Event, Evidence, Lifecycle, Meaning, Rank},
    provider::PaymentEvent,
};
use kassa_server::store::{
    Applied, Begin, Begun, Created, NewPayment, NewReference, Payer, Store, Terms,
    memory::MemoryStore,
};

use super::{ledger::Entry, model::Known, server::PROVIDER, world::at_once};

const CENTS: u64 = 4_990;
const LONGEST: usize = 6;
/// When everything happens, in milliseconds since the epoch.
const NOW: u64 = 1_795_000_000_000;

/// How many orders were tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orders {
    /// Sequences of up to six events, each event as often as it likes.
    pub sequences: u64,
    /// Sets of six reports of which all orders came to a store.
    pub sets: u64,
    /// Orders of those.
    pub permutations: u64,
}

/// Tries all orders.
///
/// # Errors
/// The first order after which model and server do not agree.
pub fn all_orders() -> Result<Orders, String> {
    thread::scope(|scope| {
        let sequences = alphabets().map(|alphabet| scope.spawn(move || all_sequences(&alphabet)));
        let mut orders = Orders::default();
        for set in sets() {
            orders.sets += 1;
            orders.permutations += all_permutations(&set)?;
        }
        for handle in sequences {
            let died = |_| Err("a thread of sequences died".to_owned());
            orders.sequences += handle.join().unwrap_or_else(died)?;
        }
        Ok(orders)
    })
}

/// A report about attempt `1` or `2`: at that day, of that operation.
const fn report(attempt: u8, day: u64, operation: u64, meaning: Meaning) -> Letter {
    Letter::Report {
        attempt,
        day,
        operation,
        meaning,
        sum: CENTS,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    Report {
        attempt: u8,
        day: u64,
        operation: u64,
        meaning: Meaning,
        sum: u64,
    },
    OfferEnds,
}

/// Operations from here on begin anew; before, they confirm, refund and reverse.
const NEW_SALE: u64 = 10;

fn alphabets() -> [[Letter; 8]; 3] {
    use Meaning::{
        AwaitingConfirmation, Cancelled, Declined, Paid, PartiallyRefunded, Pending, Refunded,
        Reversed,
    };
    let wrong = Letter::Report {
        attempt: 1,
        day: 9,
        operation: 2,
        meaning: Paid,
        sum: CENTS + 1,
    };
    [
        // The confirmation procedure, to its bitter end and beyond.
        [
            report(1, 1, 1, Pending),
            report(1, 2, 2, AwaitingConfirmation),
            report(1, 7, 2, Declined),
            report(1, 9, 2, Paid),
            report(1, 12, 3, Reversed),
            report(1, 13, NEW_SALE, Paid),
            wrong,
            Letter::OfferEnds,
        ],
        // Two attempts at once.
        [
            report(1, 1, 1, Declined),
            report(1, 8, 2, Paid),
            report(1, 2, 1, AwaitingConfirmation),
            report(2, 3, 4, Paid),
            report(2, 5, 5, PartiallyRefunded),
            report(2, 6, 5, Refunded),
            report(2, 9, 6, Reversed),
            Letter::OfferEnds,
        ],
        // Contradictions at one rank.
        [
            report(1, 4, 2, Paid),
            report(1, 4, 2, Declined),
            report(1, 4, 2, Cancelled),
            report(1, 4, NEW_SALE, Paid),
            report(1, 4, NEW_SALE, Reversed),
            report(1, 4, 3, PartiallyRefunded),
            report(2, 4, 7, Paid),
            report(1, 4, 2, Pending),
        ],
    ]
}

/// Six reports each, some of them twice.
fn sets() -> Vec<[Letter; LONGEST]> {
    let mut sets = Vec::new();
    for letters in alphabets() {
        let reports: Vec<Letter> = letters
            .into_iter()
            .filter(|letter| *letter != Letter::OfferEnds)
            .collect();
        for skipped in 0..reports.len() {
            let rest = reports.iter().enumerate().filter(|(at, _)| *at != skipped);
            let rest: Vec<Letter> = rest.map(|(_, letter)| *letter).collect();
            if let Some(set) = rest.first_chunk() {
                sets.push(*set);
            }
            // Two of them come twice.
            if let Some([a, b, c, d]) = rest.first_chunk() {
                sets.push([*a, *b, *c, *d, *c, *d]);
            }
        }
    }
    sets.dedup();
    sets
}

fn attempt_id(attempt: u8) -> String {
    format!("pay_1-{attempt}")
}

impl Letter {
    /// The report, when it is one.
    fn event(self) -> Option<PaymentEvent> {
        let Self::Report {
            attempt,
            day,
            operation,
            meaning,
            sum,
        } = self
        else {
            return None;
        };
        Some(PaymentEvent {
            provider_payment_id: attempt_id(attempt),
            evidence: Evidence {
                key: format!("{operation}/{meaning:?}"),
                rank: Rank {
                    at: Timestamp::from_millis(NOW - (20 - day) * 86_400_000),
                    operation,
                },
                meaning,
                begins_anew: operation >= NEW_SALE,
                word: format!("{meaning:?}"),
                code: None,
                amount_cents: sum,
                currency: "EUR".to_owned(),
            },
            redirect: None,
        })
    }
}

/// All sequences over an alphabet, by the lifecycle alone.
fn all_sequences(alphabet: &[Letter]) -> Result<u64, String> {
    let amount = Amount::from_cents(CENTS).map_err(|error| error.to_string())?;
    let mut lifecycle = Lifecycle::new(amount);
    let mut known = Known {
        cents: CENTS,
        ..Known::default()
    };
    for attempt in [1, 2].map(attempt_id) {
        lifecycle.apply(Event::Started {
            attempt: attempt.clone(),
        });
        known.attempts.push(attempt);
    }
    let letters: Vec<(Letter, Option<PaymentEvent>)> = alphabet
        .iter()
        .map(|letter| (*letter, letter.event()))
        .collect();
    let mut path = Vec::new();
    grow(&letters, &lifecycle, &known, &mut path)
}

fn grow(
    letters: &[(Letter, Option<PaymentEvent>)],
    lifecycle: &Lifecycle,
    known: &Known,
    path: &mut Vec<Letter>,
) -> Result<u64, String> {
    if path.len() == LONGEST {
        return Ok(0);
    }
    let mut count = 0;
    for (letter, event) in letters {
        let (mut lifecycle, mut known) = (lifecycle.clone(), known.clone());
        path.push(*letter);
        match event {
            Some(event) => {
                let (attempt, evidence) = (&event.provider_payment_id, &event.evidence);
                lifecycle.apply(Event::Evidence {
                    attempt: attempt.clone(),
                    evidence: evidence.clone(),
                });
                let report = (attempt.clone(), evidence.clone());
                if !known.reports.contains(&report) {
                    known.reports.push(report);
                }
            }
            None => {
                lifecycle.apply(Event::OfferEnded);
                known.offer_ended = true;
            }
        }
        let found = (lifecycle.status(), lifecycle.can_pay());
        let expected = (known.status(), known.can_pay());
        if found != expected {
            return Err(format!("after {path:?}: {found:?}, expected {expected:?}"));
        }
        count += 1 + grow(letters, &lifecycle, &known, path)?;
        path.pop();
    }
    Ok(count)
}

/// All orders of six reports, each coming to a store of its own; those that begin alike share it
/// as far as they do.
fn all_permutations(set: &[Letter; LONGEST]) -> Result<u64, String> {
    let clock = || Timestamp::from_millis(NOW);
    let store = MemoryStore::new(Arc::new(clock), Arc::new(clock));
    let wrong = || "the payment could not be begun".to_owned();
    let created = at_once(store.create(new_payment()?, None));
    if !matches!(created, Ok(Created::New(_))) {
        return Err(wrong());
    }
    let mut entry = Entry::new("demo", "co_1", "1", CENTS, NOW + 1);
    for bank in ["op", "nordea"] {
        match at_once(store.begin_attempt(begin(bank))) {
            Ok(Begun::Attempt {
                attempt, new: true, ..
            }) => entry.began(&attempt.id, NOW)?,
            _ => return Err(wrong()),
        }
    }
    let reports: Vec<PaymentEvent> = set.iter().filter_map(|letter| letter.event()).collect();
    permute(&store, &entry, &reports)
}

fn permute(store: &MemoryStore, entry: &Entry, rest: &[PaymentEvent]) -> Result<u64, String> {
    if rest.is_empty() {
        return Ok(1);
    }
    let mut count = 0;
    for (place, report) in rest.iter().enumerate() {
        let (store, mut entry) = (store.copy(), entry.clone());
        let now = Timestamp::from_millis(NOW);
        let applied = at_once(store.apply(PROVIDER, report.clone(), now));
        match applied {
            Ok(Applied::Changed { status, flags, .. }) if !entry.knows(report) => {
                entry.reported(report, &flags)?;
                entry.check("pay_1", status)?;
            }
            Ok(Applied::Duplicate) if entry.knows(report) => {}
            other => return Err(format!("{report:?} came to {other:?}")),
        }
        let others = rest.iter().enumerate().filter(|(at, _)| *at != place);
        let others: Vec<_> = others.map(|(_, report)| report.clone()).collect();
        count += permute(&store, &entry, &others)?;
    }
    Ok(count)
}

fn new_payment() -> Result<NewPayment, String> {
    Ok(NewPayment {
        id: "pay_1".to_owned(),
        token: "co_1".to_owned(),
        shop: "demo".to_owned(),
        order: "1".to_owned(),
        reference: NewReference::Given("1009".to_owned()),
        amount: Amount::from_cents(CENTS).map_err(|error| error.to_string())?,
        terms: Terms {
            language: None,
            description: None,
            customer: Payer::default(),
            selection: Selection::AllBanks,
            choose_at: ChooseAt::Kassa,
            return_url: "https://shop.example/".to_owned(),
            vetuma: None,
        },
        now: Timestamp::from_millis(NOW),
        expires_at: Timestamp::from_millis(NOW + 1),
        answer: Box::new(|payment| payment.id.clone()),
    })
}

fn begin(bank: &str) -> Begin {
    Begin {
        token: "co_1".to_owned(),
        provider: PROVIDER,
        bank: BankId::parse(bank).ok(),
        method: None,
        language: Language::Fi,
        embedded: false,
        now: Timestamp::from_millis(NOW),
        same_within: 10,
        by_call: false,
        instead_of: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{all_permutations, all_sequences, alphabets, sets};

    /// A part; `cargo xtask simulate` tries them all.
    #[test]
    fn no_order_of_arrival_matters() {
        let sequences = alphabets().map(|letters| all_sequences(&letters[1..4]).unwrap());
        // 3 + 9 + … + 729
        assert_eq!(sequences, [1_092; 3]);
        assert_eq!(all_permutations(&sets()[1]), Ok(720));
    }
}
