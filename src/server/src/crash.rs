//! Points at which a test lets the process die at once, with nothing finished: between two steps
//! that must hold together whatever happens.
//!
//! Without the Cargo feature `crash-points` they are nothing. With it, `KASSA_CRASH_AT=NAME:N`
//! lets the process die when it comes to the point for the Nth time.

/// Declares the points with their names.
macro_rules! points {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)+) => {
        /// A point at which the process may die.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Point { $($(#[$doc])* $variant),+ }

        #[cfg(feature = "crash-points")]
        impl Point {
            const ALL: &'static [(&'static str, Self)] = &[$(($name, Self::$variant)),+];
        }
    };
}

points! {
    /// The database is open and in order; nobody listens yet.
    Opened = "start/opened";
    /// SQLite: all operations of a batch are done, and not committed.
    BeforeCommit = "sqlite/before-commit";
    /// SQLite: a batch is committed, and nobody was told.
    AfterCommit = "sqlite/after-commit";
    /// SQLite: most of the log was written back beside the writer.
    LogCopied = "sqlite/log-copied";
    /// SQLite: the writer wrote the rest back, and the next transaction begins the log anew.
    LogDone = "sqlite/log-done";
    /// PostgreSQL: a statement is about to be sent.
    BeforeStatement = "postgres/before-statement";
    /// PostgreSQL: a statement was answered, and nobody was told.
    AfterStatement = "postgres/after-statement";
    /// A payment was created, and the shop was not answered.
    Created = "create/created";
    /// An attempt was begun, and the customer was not answered.
    Begun = "pay/begun";
    /// An attempt is durable, and its provider is about to be called.
    Calling = "begin/calling";
    /// The provider answered the call that begins an attempt, and nothing was kept of it.
    CallAnswered = "begin/answered";
    /// A refund is durable, and nobody works on it.
    RefundBegun = "refund/begun";
    /// That its provider is called is durable too, and it is not called yet.
    RefundCalling = "refund/calling";
    /// The provider answered, and nothing of it was kept.
    RefundCalled = "refund/answered";
    /// A callback was verified, and nothing was kept of it.
    Heard = "callback/heard";
    /// A report was applied, and whoever brought it was not answered.
    Applied = "report/applied";
    /// Webhooks were claimed, and none was sent.
    WebhooksClaimed = "webhook/claimed";
    /// A webhook was sent, and that was not written down.
    WebhookSent = "webhook/sent";
    /// What came of a webhook was written down.
    WebhookMarked = "webhook/marked";
    /// Questions were claimed, and none was asked.
    QuestionsClaimed = "question/claimed";
    /// A provider answered, and nothing of it was kept.
    QuestionAnswered = "question/answered";
    /// What a provider answered was applied, and the question is still open.
    QuestionApplied = "question/applied";
}

#[cfg(not(feature = "crash-points"))]
mod armed {
    /// Nothing.
    #[inline]
    pub(crate) const fn point(_point: super::Point) {}

    /// Nothing is wrong.
    ///
    /// # Errors
    /// Never.
    #[inline]
    pub const fn check() -> Result<(), String> {
        Ok(())
    }
}

#[cfg(feature = "crash-points")]
mod armed {
    use std::{
        env,
        sync::{
            LazyLock,
            atomic::{AtomicU64, Ordering},
        },
    };

    use super::Point;

    /// The variable that says where to die.
    const VARIABLE: &str = "KASSA_CRASH_AT";

    static ARMED: LazyLock<Option<(Point, u64)>> =
        LazyLock::new(|| env::var(VARIABLE).ok().and_then(|text| parse(&text)));
    static PASSES: AtomicU64 = AtomicU64::new(0);

    /// Dies here, if this is where.
    pub(crate) fn point(point: Point) {
        if let Some((armed, nth)) = *ARMED
            && armed == point
            && PASSES.fetch_add(1, Ordering::SeqCst) + 1 == nth
        {
            std::process::abort();
        }
    }

    /// Whether the variable, where there is one, names a point.
    ///
    /// # Errors
    /// All names, where it does not.
    pub fn check() -> Result<(), String> {
        match env::var(VARIABLE) {
            Ok(text) if parse(&text).is_none() => {
                let names: Vec<_> = Point::ALL.iter().map(|(name, _)| *name).collect();
                Err(format!(
                    "{VARIABLE}: expected NAME:N, with a name of {}",
                    names.join(" ")
                ))
            }
            _ => Ok(()),
        }
    }

    fn parse(text: &str) -> Option<(Point, u64)> {
        let (name, nth) = text.split_once(':')?;
        let (_, point) = Point::ALL.iter().find(|(known, _)| *known == name)?;
        Some((*point, nth.parse().ok().filter(|nth| *nth > 0)?))
    }
}

pub use armed::check;
pub(crate) use armed::point;
