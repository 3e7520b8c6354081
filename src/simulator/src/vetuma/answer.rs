//! VETUMA's answers: which parameters they have, and where they go.

use super::call::Call;
use super::field::Function;
use super::mac::Pair;
use super::person::Person;
use super::session::Session;
use super::timestamp;

/// `STATUS` of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Done.
    Successful,
    /// The user cancelled, in VETUMA or at the bank.
    Cancelled,
    /// The service that was chosen refused.
    Rejected,
    /// The call was faulty.
    Error,
    /// Something else failed.
    Failure,
}

/// All of them.
pub const ENDS: [End; 5] = [
    End::Successful,
    End::Cancelled,
    End::Rejected,
    End::Error,
    End::Failure,
];

impl End {
    /// VETUMA's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Successful => "SUCCESSFUL",
            Self::Cancelled => "CANCELLED",
            Self::Rejected => "REJECTED",
            Self::Error => "ERROR",
            Self::Failure => "FAILURE",
        }
    }

    /// The parameter of the call with the address that hears of it.
    #[must_use]
    pub fn address(self) -> &'static str {
        match self {
            Self::Successful => "RETURL",
            Self::Cancelled => "CANURL",
            Self::Rejected | Self::Error | Self::Failure => "ERRURL",
        }
    }

    /// `PAYM_STATUS` of a payment that ended so.
    fn payment_status(self) -> &'static str {
        match self {
            Self::Successful => "OK_VERIFIED",
            Self::Cancelled | Self::Rejected => "CANCELLED_OR_REJECTED",
            Self::Error | Self::Failure => "PROBLEM",
        }
    }
}

/// An answer, signed, with the address that it goes to.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Where the browser posts it.
    pub address: String,
    /// How it ended.
    pub end: End,
    /// All parameters, `MAC` the last.
    pub fields: Vec<Pair>,
}

impl Answer {
    /// The answer to a session's call; `now_ms` is real time, as applications have it.
    #[must_use]
    pub fn new(session: &Session, end: End, now_ms: i64) -> Self {
        let call = &session.call;
        let fields = match call.function {
            Function::Identify => identification(session, end, now_ms),
            Function::Pay | Function::Check => payment(session, end, now_ms),
        };
        Self {
            address: call.text(end.address()).to_owned(),
            end,
            fields: signed(call, fields),
        }
    }
}

/// The reply to a CHECK of a payment, or of one that nobody knows.
#[must_use]
pub fn check_reply(call: &Call, found: Option<&Session>, now_ms: i64) -> Vec<Pair> {
    let ended = found.and_then(|session| Some((session, session.end?)));
    let mut fields = head(
        call,
        ended.map_or_else(String::new, |(one, _)| one.so()),
        now_ms,
    );
    let (known, status) = match ended {
        Some((session, end)) => {
            fields.push(pair("PAYID", session.pay_id.as_deref().unwrap_or_default()));
            fields.extend(echo(&session.call, &["REF", "ORDNR"]));
            fields.push(pair(
                "PAID",
                session.archive_id.as_deref().unwrap_or_default(),
            ));
            fields.push(pair("STATUS", End::Successful.word()));
            let summed = !matches!(end, End::Error | End::Failure);
            (summed.then_some(&session.call), end.payment_status())
        }
        None => {
            let nothing = [("PAYID", ""), ("PAID", ""), ("STATUS", End::Error.word())];
            fields.extend(nothing.map(|(name, value)| pair(name, value)));
            (None, "UNKNOWN_PAYMENT")
        }
    };
    fields.extend(echo(call, &["TRID"]));
    fields.push(pair("PAYM_STATUS", status));
    fields.push(pair(
        "PAYM_AMOUNT",
        known.map_or("", |call| call.text("AM")),
    ));
    fields.push(pair("PAYM_CURRENCY", known.map_or("", |_| "EUR")));
    signed(call, fields)
}

/// Signs parameters with the call's secret.
#[must_use]
pub fn signed(call: &Call, mut fields: Vec<Pair>) -> Vec<Pair> {
    let mac = call.customer.secret().mac(&fields).unwrap_or_default();
    fields.push(("MAC".to_owned(), mac));
    fields
}

fn payment(session: &Session, end: End, now_ms: i64) -> Vec<Pair> {
    let call = &session.call;
    let mut fields = head(call, session.so(), now_ms);
    fields.push(pair("PAYID", session.pay_id.as_deref().unwrap_or_default()));
    fields.extend(echo(call, &["REF", "ORDNR"]));
    fields.push(pair(
        "PAID",
        session.archive_id.as_deref().unwrap_or_default(),
    ));
    fields.push(pair("STATUS", end.word()));
    fields.extend(echo(call, &["TRID"]));
    fields
}

fn identification(session: &Session, end: End, now_ms: i64) -> Vec<Pair> {
    let call = &session.call;
    let person = session.person.filter(|_| end == End::Successful);
    let code = person.map_or("", |person| person.code);
    let subject = person.map(Person::subject).unwrap_or_default();
    let mut fields = head(call, session.so(), now_ms);
    // USERID has its place before LG.
    fields.insert(3, pair("USERID", code));
    fields.push(pair("SUBJECTDATA", &subject));
    let hetu = person.map(|_| format!("HETU={code}")).unwrap_or_default();
    fields.push(pair("EXTRADATA", &hetu));
    fields.push(pair("STATUS", end.word()));
    fields.extend(echo(call, &["TRID"]));
    if call.text("EXTRADATA").starts_with("VTJTT=") {
        fields.extend(person.map(|one| pair("VTJDATA", &one.register_extract())));
    }
    fields
}

/// What all answers begin with.
fn head(call: &Call, so: String, now_ms: i64) -> Vec<Pair> {
    let mut fields = vec![
        pair("RCVID", call.text("RCVID")),
        pair("TIMESTMP", &timestamp::write(now_ms)),
        ("SO".to_owned(), so),
    ];
    fields.extend(echo(call, &["LG", "RETURL", "CANURL", "ERRURL"]));
    fields
}

/// Parameters of the call that come back, where it had them.
fn echo(call: &Call, names: &[&str]) -> Vec<Pair> {
    names
        .iter()
        .filter_map(|name| Some(pair(name, call.get(name)?)))
        .collect()
}

fn pair(name: &str, value: &str) -> Pair {
    (name.to_owned(), value.to_owned())
}
