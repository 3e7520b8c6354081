//! What the simulated OP remembers: payments, and which pairs of identifiers were used. In memory, bounded.

use std::collections::{BTreeMap, HashSet};

use axum::body::Bytes;
use axum::http::Request;
use http_body_util::Full;
use serde::{Deserialize, Serialize};

use super::message::Create;
use crate::texts::Lang;

/// So many payments are kept; the oldest goes when one more comes.
const MAX_PAYMENTS: usize = 5_000;
/// So many pairs are remembered; all are forgotten when one more comes.
const MAX_PAIRS: usize = 200_000;

/// The sandbox cancels payments to this account.
pub const CANCELS: &str = "71fead42-b248-4fff-8b86-29296eacaf98";
/// The sandbox rejects payments to this account.
pub const REJECTS: &str = "eb3b688b-15da-48bd-b2fb-4f3eda501089";

/// Where a payment stands. Only `INITIAL` is one of OP's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Status {
    #[serde(rename = "INITIAL")]
    Initial,
    /// The bank took it on: a word that no shop's settings know.
    #[serde(rename = "SIM_PROCESSING")]
    Processing,
    #[serde(rename = "SIM_PAID")]
    Paid,
    #[serde(rename = "SIM_CANCELLED")]
    Cancelled,
    #[serde(rename = "SIM_FAILED")]
    Failed,
}

impl Status {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Initial => "INITIAL",
            Self::Processing => "SIM_PROCESSING",
            Self::Paid => "SIM_PAID",
            Self::Cancelled => "SIM_CANCELLED",
            Self::Failed => "SIM_FAILED",
        }
    }
}

/// A refund, which is a payment of its own.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) cents: u64,
    pub(super) at_ms: i64,
}

/// A payment.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) operation_id: String,
    pub(super) validation: String,
    pub(super) page_id: String,
    pub(super) account_id: String,
    pub(super) session_id: String,
    pub(super) cents: u64,
    pub(super) reference: String,
    pub(super) success_url: String,
    pub(super) cancel_url: String,
    pub(super) reject_url: String,
    pub(super) callback_url: Option<String>,
    pub(super) lang: Lang,
    pub(super) status: Status,
    pub(super) bank: Option<String>,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    /// How often its status was asked for.
    pub(super) asked: u32,
    /// How many calls about it bore another session id than the one that made it.
    pub(super) other_sessions: u32,
    pub(super) refunds: Vec<Refund>,
}

/// How a refund goes unanswered: the answer is 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Unanswered {
    /// The money went back.
    Made,
    /// It did not.
    NotMade,
}

/// A payment that is being processed is paid so long after, in milliseconds of the virtual clock.
const PROCESSING_MS: i64 = 60_000;

impl Payment {
    pub(super) fn refunded_cents(&self) -> u64 {
        self.refunds.iter().map(|refund| refund.cents).sum()
    }

    /// Pays what has been processed for long enough. Nobody is told: whoever asks is.
    pub(super) const fn come_due(&mut self, now: i64) {
        if matches!(self.status, Status::Processing) && now >= self.updated_ms + PROCESSING_MS {
            self.status = Status::Paid;
            self.updated_ms = now;
        }
    }

    /// Notes whether a call belongs to the session that made the payment.
    pub(super) fn hear(&mut self, session_id: &str) {
        self.other_sessions += u32::from(self.session_id != session_id);
    }

    /// Whether nobody knows yet how it ends.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.status, Status::Initial | Status::Processing)
    }

    /// Where the browser goes once the customer is done.
    pub(super) fn next_url(&self) -> Option<&str> {
        match self.status {
            Status::Initial => None,
            Status::Processing | Status::Paid => Some(&self.success_url),
            Status::Cancelled => Some(&self.cancel_url),
            Status::Failed => Some(&self.reject_url),
        }
    }
}

/// Everything.
#[derive(Debug, Default)]
pub(super) struct State {
    payments: BTreeMap<u64, Payment>,
    pairs: HashSet<(String, String)>,
    next: u64,
    /// So many of the callbacks to come are lost.
    pub(super) lose_callbacks: u32,
    /// Callbacks are kept back until they are let go.
    pub(super) hold_callbacks: bool,
    /// Each callback comes so many more times, though OP sends it once.
    pub(super) repeat_callbacks: u8,
    /// Calls whose `Date` lies further from now are refused, in seconds.
    pub(super) date_within: Option<i64>,
    /// How long an answer about a status takes, in milliseconds.
    pub(super) status_delay_ms: u64,
    /// How the next refund goes unanswered.
    pub(super) refund_unanswered: Option<Unanswered>,
    /// The callbacks that are kept back.
    pub(super) held: Vec<Request<Full<Bytes>>>,
    /// So many of the next calls are answered with this status.
    pub(super) refuse: Option<(u32, u16)>,
    /// Only calls are refused whose path ends so.
    pub(super) refuse_path: String,
}

impl State {
    /// Notes a pair of session and request; `false` when it was used already.
    pub(super) fn use_pair(&mut self, session: &str, request: &str) -> bool {
        if self.pairs.len() >= MAX_PAIRS {
            self.pairs.clear();
        }
        self.pairs.insert((session.to_owned(), request.to_owned()))
    }

    /// A new payment, as it was asked for.
    pub(super) fn add(&mut self, create: Create, cents: u64, session: &str, now: i64) -> &Payment {
        if self.payments.len() >= MAX_PAYMENTS {
            self.payments.pop_first();
        }
        let [id, first, second, page] = std::array::from_fn(|_| self.uuid());
        let payment = Payment {
            id,
            operation_id: format!("{first}{second}"),
            // OP's own holds a signature in Base64; this one holds its odd characters.
            validation: format!("SIM+{}/{}==", page.replace('-', ""), self.next),
            page_id: page,
            account_id: create.account_id,
            session_id: session.to_owned(),
            cents,
            reference: create.reference,
            success_url: create.success.url,
            cancel_url: create.cancel.url,
            reject_url: create.reject.url,
            callback_url: create.b2b_backend.map(|endpoint| endpoint.url),
            lang: Lang::from_code(create.language.as_deref().unwrap_or("fi")),
            status: Status::Initial,
            bank: None,
            created_ms: now,
            updated_ms: now,
            asked: 0,
            other_sessions: 0,
            refunds: Vec::new(),
        };
        let key = self.next;
        self.payments.entry(key).or_insert(payment)
    }

    /// A refund of a paid payment: its identifier, or why not.
    pub(super) fn refund(
        &mut self,
        payment_id: &str,
        cents: u64,
        now: i64,
    ) -> Result<u64, &'static str> {
        let id = self.uuid();
        let payment = self.by_id(payment_id).ok_or("there is no such payment")?;
        if payment.status != Status::Paid {
            return Err("the payment is not paid");
        }
        let total = payment.refunded_cents() + cents;
        if cents == 0 || total > payment.cents {
            return Err("the refunds would exceed the payment");
        }
        let at_ms = now;
        payment.refunds.push(Refund { id, cents, at_ms });
        payment.updated_ms = now;
        Ok(total)
    }

    pub(super) fn by_id(&mut self, id: &str) -> Option<&mut Payment> {
        self.payments.values_mut().find(|payment| payment.id == id)
    }

    pub(super) fn by_page(&mut self, page_id: &str) -> Option<&mut Payment> {
        let mut payments = self.payments.values_mut();
        payments.find(|payment| payment.page_id == page_id)
    }

    pub(super) fn by_operation(&mut self, id: &str, validation: &str) -> Option<&mut Payment> {
        let mut payments = self.payments.values_mut();
        payments.find(|one| one.operation_id == id && one.validation == validation)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// A UUID that tells things apart and is repeatable; it protects nothing here.
    pub(super) fn uuid(&mut self) -> String {
        self.next += 1;
        let mixed = self.next.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let tail = mixed ^ (mixed >> 29);
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            mixed >> 32,
            (mixed >> 16) & 0xffff,
            mixed & 0xfff,
            (tail >> 48) & 0xfff,
            tail & 0xffff_ffff_ffff
        )
    }
}
