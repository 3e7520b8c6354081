//! The provider's side: what truly happened to each attempt, and what it says of it.

use std::collections::BTreeMap;

use kassa_checkout::{
    Status, Timestamp,
    lifecycle::{Evidence, Rank},
    provider::PaymentEvent,
};
use kassa_providers::ecommpay::status;

/// The provider's accounts of attempts that customers came with.
#[derive(Debug, Default)]
pub(super) struct Provider {
    accounts: BTreeMap<String, Account>,
    operations: u64,
}

/// What the provider holds of one attempt.
#[derive(Debug, Clone)]
struct Account {
    came_at: u64,
    cents: u64,
    operations: Vec<Operation>,
    word: &'static str,
    truth: Status,
}

#[derive(Debug, Clone)]
struct Operation {
    id: u64,
    kind: &'static str,
    status: &'static str,
    code: &'static str,
    at: u64,
}

/// Something that happens to an attempt at the provider: an operation begins or changes, and the
/// payment has a new word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    /// The operation: the latest of its kind, or a new one.
    pub(super) kind: &'static str,
    pub(super) new: bool,
    pub(super) status: &'static str,
    pub(super) code: &'static str,
    /// The payment's word from now on.
    pub(super) word: &'static str,
    /// What that means, said by hand.
    pub(super) truth: Status,
    /// What the provider says of it though it is not so: another word, or another sum.
    pub(super) lie: Option<Lie>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// The callback bears this word and code.
    Word(&'static str, &'static str),
    /// The callback bears another sum.
    Sum,
}

impl Provider {
    /// A customer comes with an attempt; false when that one was here before.
    pub(super) fn open(&mut self, attempt: &str, cents: u64, now: u64) -> bool {
        let new = !self.accounts.contains_key(attempt);
        if new {
            let account = Account {
                came_at: now,
                cents,
                operations: Vec::new(),
                word: "external processing",
                truth: Status::Redirected,
            };
            self.accounts.insert(attempt.to_owned(), account);
        }
        new
    }

    /// Makes a move; what is said of it.
    pub(super) fn go(&mut self, attempt: &str, step: Move, now: u64) -> Option<PaymentEvent> {
        let account = self.accounts.get_mut(attempt)?;
        let held = account
            .operations
            .iter_mut()
            .rev()
            .find(|operation| operation.kind == step.kind && !step.new);
        let id = match held {
            Some(operation) => {
                operation.status = step.status;
                operation.code = step.code;
                operation.at = now;
                operation.id
            }
            None => {
                self.operations += 1;
                account.operations.push(Operation {
                    id: self.operations,
                    kind: step.kind,
                    status: step.status,
                    code: step.code,
                    at: now,
                });
                self.operations
            }
        };
        account.word = step.word;
        account.truth = step.truth;
        let mut said = account.clone();
        let operation = said.operations.iter_mut().find(|held| held.id == id)?;
        match step.lie {
            Some(Lie::Word(word, code)) => {
                said.word = word;
                operation.code = code;
            }
            Some(Lie::Sum) => said.cents += 100,
            None => {}
        }
        let operation = operation.clone();
        Some(said.report(attempt, &operation))
    }

    /// The answer to a question: `None` when the attempt is not known here.
    pub(super) fn answer(&self, attempt: &str) -> Option<Vec<PaymentEvent>> {
        let account = self.accounts.get(attempt)?;
        let latest = account
            .operations
            .iter()
            .max_by_key(|operation| (seconds(operation.at), operation.id));
        Some(
            latest
                .map(|operation| account.report(attempt, operation))
                .into_iter()
                .collect(),
        )
    }

    /// When a customer came with the attempt.
    pub(super) fn came_at(&self, attempt: &str) -> Option<u64> {
        self.accounts.get(attempt).map(|account| account.came_at)
    }

    /// Where an attempt over so many cents truly stands.
    pub(super) fn truth(&self, attempt: &str, cents: u64) -> Status {
        match self.accounts.get(attempt) {
            Some(account) if account.cents == cents => account.truth,
            // Nobody came, or another sum was paid, which is nothing of ours.
            _ => Status::Redirected,
        }
    }
}

impl Account {
    fn report(&self, attempt: &str, operation: &Operation) -> PaymentEvent {
        let Operation {
            id,
            kind,
            status,
            code,
            at,
        } = operation;
        let word = self.word;
        PaymentEvent {
            provider_payment_id: attempt.to_owned(),
            evidence: Evidence {
                key: format!("{id}/{status}/{word}"),
                rank: Rank {
                    at: Timestamp::from_millis(seconds(*at) * 1_000),
                    operation: *id,
                },
                meaning: status::meaning(word, Some(code)),
                begins_anew: status::begins_anew(kind),
                word: word.to_owned(),
                code: Some((*code).to_owned()),
                amount_cents: self.cents,
                currency: "EUR".to_owned(),
            },
            redirect: None,
        }
    }
}

/// The provider's dates have whole seconds.
fn seconds(millis: u64) -> u64 {
    millis / 1_000
}
