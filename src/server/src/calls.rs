//! Calls to providers: through the account's circuit, over the transport, counted.

use std::{fmt, time::Instant};

use http::{HeaderMap, header::DATE};
use kassa_checkout::{Call, CallError, Signed, Timestamp, Verified};
use tracing::Instrument as _;

use crate::{
    circuit::{Circuits, Moved, Pass, Position},
    clock,
    metrics::Metrics,
    shop::Account,
    transport::{SendError, Transport},
};

/// What calls to providers share.
#[derive(Debug)]
pub struct Calls {
    transport: Transport,
    circuits: Circuits,
    metrics: Metrics,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// The provider has failed too often of late and is left alone.
    LeftAlone {
        /// From when on it may be called again.
        until: Timestamp,
    },
    /// Nothing came back.
    Sending(SendError),
    /// What came back is not what was asked for.
    Answer(CallError),
}

impl Failed {
    /// Whether the same call may bring something later, with nothing changed on our side.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::LeftAlone { .. } => true,
            Self::Sending(error) => !matches!(error, SendError::Address),
            Self::Answer(error) => error.is_temporary(),
        }
    }

    /// Whether it is certain that nothing of the call got to the provider.
    #[must_use]
    pub const fn was_never_sent(&self) -> bool {
        matches!(
            self,
            Self::LeftAlone { .. }
                | Self::Sending(SendError::Unreachable | SendError::NoClient | SendError::Address)
        )
    }

    /// Before when another call makes no sense, where that is known.
    #[must_use]
    pub fn not_before(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::LeftAlone { until } => Some(*until),
            Self::Answer(CallError::Unavailable { retry_after }) => {
                retry_after.map(|seconds| now.plus_seconds(seconds))
            }
            Self::Sending(_) | Self::Answer(_) => None,
        }
    }

    /// The word for it in figures and events.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::LeftAlone { .. } => "left_alone",
            Self::Sending(error) => error.as_str(),
            Self::Answer(CallError::Unavailable { .. }) => "unavailable",
            Self::Answer(CallError::Unreadable(_)) => "unreadable",
            Self::Answer(CallError::UnknownPayment) => "unknown_payment",
            Self::Answer(CallError::NotOffered { .. }) => "not_offered",
            // Also whatever kinds of error there may come to be.
            Self::Answer(_) => "refused",
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftAlone { .. } => f.write_str("provider failed too often and is left alone"),
            Self::Sending(error) => error.fmt(f),
            Self::Answer(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Failed {}

impl Calls {
    /// Nothing called yet.
    #[must_use]
    pub fn new(development: bool, metrics: Metrics) -> Self {
        Self {
            transport: Transport::new(development),
            circuits: Circuits::default(),
            metrics,
        }
    }

    /// Whether a call of the account would be let through now, be it as the one that tries
    /// whether the provider is back.
    #[must_use]
    pub fn permits(&self, account: &Account, now: Timestamp) -> bool {
        let until = self
            .circuits
            .closed_off_until(account.id(), &account.shop, now);
        until.is_none()
    }

    /// Takes leave to call an account's provider, before there is anything to call it for: where
    /// one call tries whether a provider is back, it is this one's from now on.
    ///
    /// # Errors
    /// From when on it makes sense to ask again.
    pub fn leave<'a>(
        &'a self,
        account: &'a Account,
        now: Timestamp,
    ) -> Result<Leave<'a>, Timestamp> {
        let (provider, shop) = (account.id(), account.shop.as_str());
        let (pass, moved) = self.circuits.admit(provider, shop, now);
        self.moved(provider, shop, moved);
        Ok(Leave {
            calls: self,
            account,
            pass: pass?,
            used: false,
        })
    }

    /// Makes a call of an account; `name` is what it is called in the figures.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn make<T>(
        &self,
        account: &Account,
        name: &'static str,
        call: Signed<Call<T>>,
        now: Timestamp,
    ) -> Result<Verified<T>, Failed> {
        match self.leave(account, now) {
            Ok(leave) => leave.call(name, call, now).await,
            Err(until) => {
                let failed = Failed::LeftAlone { until };
                self.metrics.call(account.id(), name, failed.outcome());
                Err(failed)
            }
        }
    }

    async fn make_with<T>(
        &self,
        pass: &Pass,
        account: &Account,
        name: &'static str,
        call: Signed<Call<T>>,
        now: Timestamp,
    ) -> Result<Verified<T>, Failed> {
        let (provider, shop) = (account.id(), account.shop.as_str());
        let started = Instant::now();
        let span = tracing::debug_span!(
            target: "kassa::calls",
            "call",
            provider,
            call = name,
            shop,
            outcome = tracing::field::Empty
        );
        let came = self.exchange(account, call).instrument(span.clone()).await;
        let took = started.elapsed();
        let outcome = came.as_ref().map_or_else(Failed::outcome, |_| "answered");
        span.record("outcome", outcome);
        drop(span);
        self.metrics.call(provider, name, outcome);
        self.metrics.call_took(provider, name, took);
        // A refusal is an answer too: whoever refuses is there.
        let answered = came
            .as_ref()
            .err()
            .is_none_or(|failed| !failed.is_temporary());
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let then = Timestamp::from_millis(now.millis().saturating_add(millis));
        let moved = self.circuits.record(provider, shop, pass, answered, then);
        self.moved(provider, shop, moved);
        came
    }

    async fn exchange<T>(
        &self,
        account: &Account,
        call: Signed<Call<T>>,
    ) -> Result<Verified<T>, Failed> {
        let (request, reply) = call.into_message().into_parts();
        let response = self
            .transport
            .send(request)
            .await
            .map_err(Failed::Sending)?;
        let answer = reply.read(&response, &account.keys());
        if let Err(CallError::Refused { status, .. }) = &answer {
            compare_clocks(account, *status, response.headers(), clock::now());
        }
        answer.map_err(Failed::Answer)
    }

    fn moved(&self, provider: &'static str, shop: &str, moved: Moved) {
        self.metrics.circuit(provider, moved.worst);
        if moved.from == moved.to {
            return;
        }
        match moved.to {
            Position::Open => {
                tracing::warn!(target: "kassa::calls", provider, shop, "a provider fails and is left alone");
            }
            Position::HalfOpen => {
                tracing::info!(target: "kassa::calls", provider, shop, "a provider that failed is tried again");
            }
            Position::Closed => {
                tracing::info!(target: "kassa::calls", provider, shop, "a provider that failed answers again");
            }
        }
    }
}

/// Leave to make one call of an account. Where none is made, it goes to the next one who asks.
#[must_use]
pub struct Leave<'a> {
    calls: &'a Calls,
    account: &'a Account,
    pass: Pass,
    /// Whether a call is made with it: then that tells the circuit how it went, or nobody does.
    used: bool,
}

impl fmt::Debug for Leave<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leave").field(self.account).finish()
    }
}

impl Leave<'_> {
    /// Whether it is for this account.
    #[must_use]
    pub fn is_for(&self, account: &Account) -> bool {
        self.account.id() == account.id() && self.account.shop == account.shop
    }

    /// Makes the call; `name` is what it is called in the figures.
    ///
    /// # Errors
    /// [`Failed`], but for [`Failed::LeftAlone`].
    pub async fn call<T>(
        mut self,
        name: &'static str,
        call: Signed<Call<T>>,
        now: Timestamp,
    ) -> Result<Verified<T>, Failed> {
        self.used = true;
        let (calls, account) = (self.calls, self.account);
        calls.make_with(&self.pass, account, name, call, now).await
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if !self.used {
            let (provider, shop) = (self.account.id(), self.account.shop.as_str());
            let moved = self.calls.circuits.give_back(provider, shop, &self.pass);
            self.calls.metrics.circuit(provider, moved.worst);
        }
    }
}

/// How far two clocks may be apart before somebody is told, in seconds.
const CLOCKS_APART: u64 = 30;

/// A provider that refuses a call may do so because of its `Date`; OP signs and checks it. What its
/// error then says is not public, but its answer tells the time.
fn compare_clocks(account: &Account, status: u16, answer: &HeaderMap, now: Timestamp) {
    let Some(seconds) = apart(answer, now).filter(|seconds| *seconds > CLOCKS_APART) else {
        return;
    };
    tracing::error!(
        target: "kassa::calls",
        provider = account.id(),
        shop = %account.shop,
        status,
        seconds,
        "a provider refused a call, and its clock and this machine's are apart: set the clock"
    );
}

/// By how many seconds the clock of whoever answered differs from ours.
fn apart(answer: &HeaderMap, now: Timestamp) -> Option<u64> {
    let date = answer.get(DATE)?.to_str().ok()?;
    let theirs = kassa_providers::date::read_http(date)?;
    Some(theirs.millis().abs_diff(now.millis()) / 1_000)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::DATE};
    use kassa_checkout::Timestamp;

    use super::apart;

    #[test]
    fn clocks_are_compared_by_what_the_answer_says() {
        let theirs = Timestamp::from_millis(1_604_414_498_000);
        let apart = |date: &'static str, now| {
            let headers = HeaderMap::from_iter([(DATE, HeaderValue::from_static(date))]);
            apart(&headers, now)
        };
        let date = "Tue, 03 Nov 2020 14:41:38 GMT";
        assert_eq!(apart(date, theirs), Some(0));
        assert_eq!(apart(date, theirs.plus_seconds(61)), Some(61));
        let before = Timestamp::from_millis(theirs.millis() - 3_600_000);
        assert_eq!(apart(date, before), Some(3_600));
        assert_eq!(apart("now", theirs), None);
        assert_eq!(super::apart(&HeaderMap::new(), theirs), None);
    }
}
