//! What the simulator remembers: payments with their truth, callbacks with their fate, and what is due when. All in memory, all bounded.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::Config;
use crate::bank::Bank;
use crate::clock;
use crate::faults::Faults;
use crate::json::Node;
use crate::params::{PageRequest, Problem};

/// So many payments are kept; the oldest goes when one more comes.
pub const MAX_PAYMENTS: usize = 5_000;
/// A callback that waits to be overtaken waits at most this long, in milliseconds.
const HOLD_MS: i64 = 3_000;
/// Any odd number starts the generator for lost callbacks; a fixed one makes runs repeatable.
const FIRST_RANDOM: u64 = 0x9E37_79B9_7F4A_7C15;

/// The payment's status, in ecommpay's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Payment Page is open; nothing was sent.
    #[serde(rename = "awaiting customer")]
    AwaitingCustomer,
    /// Gate has taken the sale, and the customer has yet to come to the bank.
    #[serde(rename = "awaiting redirect result")]
    AwaitingRedirect,
    /// The customer is at the bank.
    #[serde(rename = "external processing")]
    ExternalProcessing,
    /// The bank has not confirmed the money.
    #[serde(rename = "awaiting confirmation")]
    AwaitingConfirmation,
    /// Paid.
    Success,
    /// Not paid.
    Decline,
    /// Paid and given back.
    Reversed,
}

impl Status {
    /// The word in callbacks.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AwaitingCustomer => "awaiting customer",
            Self::AwaitingRedirect => "awaiting redirect result",
            Self::ExternalProcessing => "external processing",
            Self::AwaitingConfirmation => "awaiting confirmation",
            Self::Success => "success",
            Self::Decline => "decline",
            Self::Reversed => "reversed",
        }
    }

    /// Whether the customer can still choose a bank and pay.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::AwaitingCustomer | Self::AwaitingRedirect | Self::ExternalProcessing
        )
    }
}

/// One operation of a payment.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// 14 digits.
    pub id: u64,
    /// `sale`, `payment confirmation`, `reversal`
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `external processing`, `processing`, `success`, `decline`
    pub status: &'static str,
    /// ecommpay's code.
    pub code: &'static str,
    /// Virtual Unix milliseconds.
    pub created_ms: i64,
    /// Virtual Unix milliseconds of the last change.
    pub date_ms: i64,
}

/// How one try to deliver a callback ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The other side answered; only 200 counts as delivered.
    Answered {
        /// HTTP status.
        http_status: u16,
    },
    /// The fault setting swallowed it.
    Lost,
    /// No connection, or it broke.
    Unreachable,
    /// No answer in time.
    TimedOut,
}

impl Outcome {
    /// Whether the callback counts as delivered.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        matches!(self, Self::Answered { http_status: 200 })
    }
}

/// One try.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// Virtual Unix milliseconds.
    pub at_ms: i64,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Where a callback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It will be tried, or tried again.
    Waiting,
    /// Answered with 200.
    Delivered,
    /// Tried as often as the schedule allows.
    GivenUp,
    /// The request named no callback address.
    NoAddress,
}

/// One callback: its body never changes, however often it is sent.
#[derive(Clone, Debug, Serialize)]
pub struct Callback {
    /// The payment's status in it.
    pub payment_status: Status,
    /// The operation in it.
    pub operation: Operation,
    /// Where it stands.
    pub fate: Fate,
    /// Every try.
    pub attempts: Vec<Attempt>,
    /// So many more times it will be sent although it was delivered.
    pub duplicates_left: u8,
    /// The signed bytes.
    pub body: String,
}

/// What will happen without the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The final state.
    pub outcome: Status,
    /// Virtual Unix milliseconds.
    pub due_ms: i64,
}

/// A payment as ecommpay knows it.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Number of the payment in this run; tells apart two with the same id before and after a reset.
    pub serial: u64,
    /// The id in page addresses.
    pub page_id: String,
    /// The request.
    pub request: PageRequest,
    /// Where the next callback about it sends the customer.
    pub redirect: Option<Node>,
    /// The chosen bank.
    pub bank: Option<&'static Bank>,
    /// The truth about the payment.
    pub status: Status,
    /// Code of the latest operation.
    pub code: Option<&'static str>,
    /// Whether the customer walked away from the bank's page.
    pub walked_away: bool,
    /// The sale, once the customer went to the bank.
    pub sale: Option<Operation>,
    /// The confirmation procedure's operation, while it runs.
    pub confirmation: Option<Operation>,
    /// What the bank will do later.
    pub planned: Option<Planned>,
    /// All callbacks, in the order in which they came about.
    pub callbacks: Vec<Callback>,
    /// Virtual Unix milliseconds.
    pub opened_ms: i64,
    /// Virtual Unix milliseconds of the latest change.
    pub changed_ms: i64,
    /// A callback of this payment is on its way: the others wait, so that their order is known.
    pub busy: bool,
}

impl Payment {
    /// The truth in one word for test scripts: the status, or `walked away`.
    #[must_use]
    pub fn truth(&self) -> &'static str {
        if self.walked_away && self.status.is_open() {
            "walked away"
        } else {
            self.status.word()
        }
    }
}

/// Something that is due at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Send a callback.
    Deliver {
        /// Key of the payment.
        key: String,
        /// Which of its callbacks.
        index: usize,
        /// It waits only to be overtaken.
        held: bool,
    },
    /// The bank's late word.
    Confirm {
        /// Key of the payment.
        key: String,
    },
}

impl Job {
    fn key(&self) -> &str {
        match self {
            Self::Deliver { key, .. } | Self::Confirm { key } => key,
        }
    }
}

/// How opening the Payment Page ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// A new payment.
    New,
    /// The same request again, while the payment is open.
    Resumed,
    /// The same request again, after the customer was done.
    Done,
}

/// Everything in memory.
#[derive(Debug)]
pub struct State {
    /// Who we are.
    pub config: Arc<Config>,
    /// By the payment's id in lower case.
    pub payments: BTreeMap<String, Payment>,
    /// By moment (virtual Unix milliseconds) and then by order of creation.
    pub jobs: BTreeMap<(i64, u64), Job>,
    /// What goes wrong with callbacks.
    pub faults: Faults,
    /// Callbacks on their way.
    pub in_flight: usize,
    counter: u64,
    last_operation_id: u64,
    random: u64,
}

impl State {
    /// Nothing yet.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            payments: BTreeMap::new(),
            jobs: BTreeMap::new(),
            faults: Faults::default(),
            in_flight: 0,
            counter: 0,
            last_operation_id: 0,
            random: FIRST_RANDOM,
        }
    }

    /// Forgets all payments and faults; operation ids go on, so that none is given twice.
    pub fn reset(&mut self) {
        self.payments.clear();
        self.jobs.clear();
        self.faults = Faults::default();
        self.random = FIRST_RANDOM;
    }

    /// Opens a payment, or finds it again.
    ///
    /// # Errors
    /// When the id was used before, in whatever case, with other parameters.
    pub fn open(&mut self, request: PageRequest, now_ms: i64) -> Result<(String, Opened), Problem> {
        let key = request.payment_id.to_lowercase();
        if let Some(known) = self.payments.get(&key) {
            if known.request.signature != request.signature {
                return Err(Problem::coded(
                    3041,
                    "payment_id",
                    format!(
                        "{:?} exists already with other parameters",
                        request.payment_id
                    ),
                ));
            }
            return Ok((
                key,
                if known.status.is_open() {
                    Opened::Resumed
                } else {
                    Opened::Done
                },
            ));
        }
        if self.payments.len() >= MAX_PAYMENTS {
            self.forget_oldest();
        }
        let page_id = self
            .config
            .secret
            .sign(&format!("page of {key}"))
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(24)
            .collect();
        let payment = Payment {
            serial: self.count(),
            page_id,
            request,
            redirect: None,
            bank: None,
            status: Status::AwaitingCustomer,
            code: None,
            walked_away: false,
            sale: None,
            confirmation: None,
            planned: None,
            callbacks: Vec::new(),
            opened_ms: now_ms,
            changed_ms: now_ms,
            busy: false,
        };
        self.payments.insert(key.clone(), payment);
        Ok((key, Opened::New))
    }

    /// The payment with an id, in whatever case.
    #[must_use]
    pub fn by_payment_id(&self, payment_id: &str) -> Option<(String, &Payment)> {
        let key = payment_id.to_lowercase();
        self.payments.get(&key).map(|payment| (key, payment))
    }

    /// The payment with an id in page addresses.
    #[must_use]
    pub fn by_page_id(&self, page_id: &str) -> Option<(String, &Payment)> {
        self.payments
            .iter()
            .find(|(_, payment)| payment.page_id == page_id)
            .map(|(key, payment)| (key.clone(), payment))
    }

    /// A new operation; its id has 14 digits and is larger than all before it, also after a restart.
    pub fn new_operation(
        &mut self,
        kind: &'static str,
        status: &'static str,
        code: &'static str,
        now_ms: i64,
    ) -> Operation {
        let from_time = u64::try_from(clock::real_now_ms()).unwrap_or_default() * 10;
        self.last_operation_id = from_time.max(self.last_operation_id + 1);
        Operation {
            id: self.last_operation_id,
            kind,
            status,
            code,
            created_ms: now_ms,
            date_ms: now_ms,
        }
    }

    /// Plans a job.
    pub fn schedule(&mut self, due_ms: i64, job: Job) {
        let number = self.count();
        self.jobs.insert((due_ms, number), job);
    }

    /// Plans the first try of a callback, as the fault settings want it.
    pub fn schedule_first_try(&mut self, key: &str, index: usize, now_ms: i64) {
        let due_ms = now_ms + i64::from(self.faults.delay_ms);
        let deliver = |index, held| Job::Deliver {
            key: key.to_owned(),
            index,
            held,
        };
        let overtaken = self
            .jobs
            .iter()
            .find(|(_, job)| job.key() == key && matches!(job, Job::Deliver { held: true, .. }))
            .map(|(at, _)| *at);
        if let Some(Job::Deliver { index: earlier, .. }) =
            overtaken.and_then(|at| self.jobs.remove(&at))
        {
            self.schedule(due_ms, deliver(index, false));
            self.schedule(due_ms, deliver(earlier, false));
        } else if self.faults.reorder {
            self.schedule(due_ms + HOLD_MS, deliver(index, true));
        } else {
            self.schedule(due_ms, deliver(index, false));
        }
    }

    /// Lets go of the callbacks that wait to be overtaken.
    pub fn release_held(&mut self, now_ms: i64) {
        let held: Vec<_> = self
            .jobs
            .iter()
            .filter(|(_, job)| matches!(job, Job::Deliver { held: true, .. }))
            .map(|(at, _)| *at)
            .collect();
        for at in held {
            if let Some(Job::Deliver { key, index, .. }) = self.jobs.remove(&at) {
                self.schedule(
                    now_ms,
                    Job::Deliver {
                        key,
                        index,
                        held: false,
                    },
                );
            }
        }
    }

    /// Whether a try with so many before it is lost.
    pub fn is_lost(&mut self, tries_before: usize) -> bool {
        // xorshift: good enough to lose callbacks by, and the same in every run.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        tries_before < usize::from(self.faults.first_n)
            || self.random % 100 < u64::from(self.faults.lose)
    }

    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn forget_oldest(&mut self) {
        let oldest = self
            .payments
            .iter()
            .min_by_key(|(_, payment)| payment.serial)
            .map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.payments.remove(&key);
            self.jobs.retain(|_, job| job.key() != key);
        }
    }
}
