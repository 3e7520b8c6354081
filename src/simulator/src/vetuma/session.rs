//! The sessions of VETUMA's users: what was chosen, how it ended, what the application is told. In memory, bounded.

use std::collections::BTreeMap;
use std::fmt;

use super::answer::{Answer, End};
use super::call::Call;
use super::field::Function;
use super::method::Method;
use super::person::Person;
use super::timestamp;
use crate::params::Problem;

/// A session ends when nobody chose or came back from the bank for so long, in milliseconds (functional description 2.2, chapter 1.3.5).
pub const SESSION_MS: i64 = 600_000;
/// So many sessions are kept; the oldest goes when one more comes.
const MAX_SESSIONS: usize = 5_000;
/// So many order numbers are remembered; all are forgotten when one more comes.
const MAX_ORDER_NUMBERS: usize = 100_000;

/// One call being served.
#[derive(Clone, Debug)]
pub struct Session {
    /// The id in page addresses.
    pub id: String,
    /// The call.
    pub call: Call,
    /// What the user chose last.
    pub method: Option<Method>,
    /// Who was identified.
    pub person: Option<&'static Person>,
    /// Against double payment: made when a service is called.
    pub pay_id: Option<String>,
    /// The bank's archive id of what was paid.
    pub archive_id: Option<String>,
    /// How it ended at the bank or here; the bank does not know when VETUMA's session is over.
    pub end: Option<End>,
    /// What the application is told; never, when the session was over before the user came back.
    pub answer: Option<Answer>,
    /// Virtual Unix milliseconds of the user's last word.
    touched_ms: i64,
}

impl Session {
    /// `SO` of an answer: the method that was chosen, or what the call had.
    #[must_use]
    pub fn so(&self) -> String {
        match (self.method, self.call.function) {
            (Some(method), _) => method.code(),
            (None, Function::Identify) => self.call.text("SO").to_owned(),
            (None, _) => String::new(),
        }
    }

    /// Whether the user came too late.
    #[must_use]
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.answer.is_none() && (self.end.is_some() || now_ms - self.touched_ms >= SESSION_MS)
    }

    /// Whether money left an account.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.end == Some(End::Successful) && self.call.function == Function::Pay
    }
}

/// Why something cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such session.
    Unknown,
    /// The method is not among those offered.
    NotOffered,
    /// Nobody was there for ten minutes.
    Over,
    /// It has ended.
    Ended(End),
    /// At the bank without having chosen one.
    NotAtBank,
    /// Identified, without saying who.
    Nobody,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such session"),
            Self::NotOffered => f.write_str("the method is not offered for this call"),
            Self::Over => f.write_str("the session is over: ten minutes went by"),
            Self::Ended(end) => write!(f, "it has ended already: {}", end.word()),
            Self::NotAtBank => f.write_str("no method was chosen yet"),
            Self::Nobody => f.write_str("nobody was named who is identified"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The two clocks: sessions live on the one that can be put forward, applications on the real one.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Virtual Unix milliseconds.
    pub virtual_ms: i64,
    /// Real Unix milliseconds.
    pub real_ms: i64,
}

/// Everything in memory.
#[derive(Debug, Default)]
pub struct Sessions {
    all: BTreeMap<u64, Session>,
    /// Order numbers that cards were tried with, by the secret's id, and by which session.
    order_numbers: BTreeMap<(&'static str, String), String>,
    last: u64,
}

impl Sessions {
    /// Forgets all; numbers go on, so that no id is given twice.
    pub fn reset(&mut self) {
        self.all.clear();
        self.order_numbers.clear();
    }

    /// Opens a session; the very same call once more finds its own.
    ///
    /// # Errors
    /// When another call had the same `PAYM_CALL_ID`.
    pub fn open(&mut self, call: Call, now: Now) -> Result<&Session, Problem> {
        if let Some(key) = self.key(|one| one.call.mac == call.mac) {
            return self.all.get(&key).ok_or_else(lost);
        }
        if let Some(call_id) = call.get("PAYM_CALL_ID")
            && self.by_call_id(call.customer.rcvid, call_id).is_some()
        {
            return Err(Problem::new("PAYM_CALL_ID", "was in another call already"));
        }
        self.add(call, now)
    }

    /// A session that ends at once: the call is faulty, and the application is told `ERROR`.
    pub fn refuse(&mut self, call: Call, now: Now) -> Option<&Session> {
        let id = self.add(call, now).ok()?.id.clone();
        self.conclude(&id, End::Error, now).ok()
    }

    /// The user chooses a service behind VETUMA.
    ///
    /// # Errors
    /// When it is not offered, or the session is over or ended.
    pub fn choose(&mut self, id: &str, method: Method, now: Now) -> Result<&Session, Refusal> {
        let pay_id = self.new_pay_id(now);
        let session = self.open_session(id, now)?;
        if !session.call.offered.contains(&method) {
            return Err(Refusal::NotOffered);
        }
        let order = (
            session.call.customer.rcvid,
            session.call.text("ORDNR").to_owned(),
        );
        session.method = Some(method);
        if session.call.function == Function::Pay {
            session.pay_id = Some(pay_id);
        }
        if method == Method::Card && !self.use_order_number(order, id) {
            // Cards refuse an order number that was tried before, also when nothing was paid.
            return self.conclude(id, End::Rejected, now);
        }
        self.by_id(id).ok_or(Refusal::Unknown)
    }

    /// The user cancels in VETUMA.
    ///
    /// # Errors
    /// When the session is over or ended.
    pub fn cancel(&mut self, id: &str, now: Now) -> Result<&Session, Refusal> {
        self.open_session(id, now)?;
        self.conclude(id, End::Cancelled, now)
    }

    /// What comes of it at the bank, which does not know how long a session of VETUMA's lasts.
    ///
    /// # Errors
    /// When no bank was chosen, nobody was named, or it has ended.
    pub fn at_bank(
        &mut self,
        id: &str,
        end: End,
        person: Option<&'static Person>,
        now: Now,
    ) -> Result<&Session, Refusal> {
        let session = self.get_mut(id)?;
        if let Some(end) = session.end {
            return Err(Refusal::Ended(end));
        }
        let method = session.method.ok_or(Refusal::NotAtBank)?;
        let identified = end == End::Successful && matches!(method, Method::Tupas(_));
        if identified && person.is_none() {
            return Err(Refusal::Nobody);
        }
        session.person = person;
        if end == End::Successful && matches!(method, Method::Bank(_)) {
            let day = timestamp::day(now.real_ms);
            let number = session.pay_id.as_deref().and_then(|id| id.get(11..));
            session.archive_id = number.map(|number| format!("{day}25SIMX{number}"));
        }
        self.conclude(id, end, now)
    }

    /// The session with an id in page addresses.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Session> {
        self.all.values().find(|session| session.id == id)
    }

    /// The payment with a `PAYM_CALL_ID` of a customer's.
    #[must_use]
    pub fn by_call_id(&self, rcvid: &str, call_id: &str) -> Option<&Session> {
        self.all.values().find(|session| {
            let call = &session.call;
            call.customer.rcvid == rcvid && call.get("PAYM_CALL_ID") == Some(call_id)
        })
    }

    /// All, the oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Session> {
        self.all.values()
    }

    fn add(&mut self, call: Call, now: Now) -> Result<&Session, Problem> {
        if self.all.len() >= MAX_SESSIONS {
            self.all.pop_first();
        }
        self.last += 1;
        let session = Session {
            id: self.new_id(&call),
            call,
            method: None,
            person: None,
            pay_id: None,
            archive_id: None,
            end: None,
            answer: None,
            touched_ms: now.virtual_ms,
        };
        Ok(self.all.entry(self.last).or_insert(session))
    }

    /// Ends a session; the application is told of it when the user is there in time.
    fn conclude(&mut self, id: &str, end: End, now: Now) -> Result<&Session, Refusal> {
        let session = self.get_mut(id)?;
        let in_time = !session.is_over(now.virtual_ms);
        session.end = Some(end);
        session.answer = in_time.then(|| Answer::new(session, end, now.real_ms));
        Ok(session)
    }

    fn open_session(&mut self, id: &str, now: Now) -> Result<&mut Session, Refusal> {
        let session = self.get_mut(id)?;
        if let Some(end) = session.end {
            return Err(Refusal::Ended(end));
        }
        if session.is_over(now.virtual_ms) {
            return Err(Refusal::Over);
        }
        session.touched_ms = now.virtual_ms;
        Ok(session)
    }

    fn get_mut(&mut self, id: &str) -> Result<&mut Session, Refusal> {
        let mut sessions = self.all.values_mut();
        sessions
            .find(|session| session.id == id)
            .ok_or(Refusal::Unknown)
    }

    fn key(&self, wanted: impl Fn(&Session) -> bool) -> Option<u64> {
        let found = self.all.iter().find(|(_, session)| wanted(session));
        found.map(|(key, _)| *key)
    }

    /// Notes an order number; `false` when another session used it already.
    fn use_order_number(&mut self, order: (&'static str, String), id: &str) -> bool {
        if self.order_numbers.len() >= MAX_ORDER_NUMBERS {
            self.order_numbers.clear();
        }
        let user = self.order_numbers.entry(order);
        user.or_insert_with(|| id.to_owned()) == id
    }

    /// 24 digits that tell sessions apart; they protect nothing here.
    fn new_id(&self, call: &Call) -> String {
        let seed = vec![("RCVID".to_owned(), format!("{} {}", self.last, call.mac))];
        let mac = call.customer.secret().mac(&seed).unwrap_or_default();
        mac.chars()
            .take(24)
            .collect::<String>()
            .to_ascii_lowercase()
    }

    /// 15 digits, larger than all before.
    fn new_pay_id(&mut self, now: Now) -> String {
        self.last += 1;
        let from_time = now.real_ms.rem_euclid(100_000_000_000);
        format!("{from_time:011}{:04}", self.last % 10_000)
    }
}

fn lost() -> Problem {
    Problem::new("the session", "is gone")
}
