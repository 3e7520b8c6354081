//! Why a command did not do what it was asked for, and the code that its process ends with.

use std::{
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

use kassa_server::store::StoreError;

/// Why a command failed.
#[derive(Debug)]
pub(super) struct Failure {
    kind: Kind,
    message: String,
}

/// What the exit codes tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Whoever read the output has gone: no failure of ours.
    NobodyReads,
    Failed,
    Usage,
    NotFound,
    Unavailable,
}

impl Failure {
    /// The command line is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// What was named does not exist, or nothing matches.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// The database cannot be used now.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// The output could not be written.
    pub(super) fn of_output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Kind::NobodyReads, ""),
            kind => Self::new(
                Kind::Failed,
                format!("the output cannot be written: {kind}"),
            ),
        }
    }

    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// Says why on standard error, and answers what the process ends with.
    pub(super) fn tell(&self) -> ExitCode {
        if self.kind != Kind::NobodyReads {
            // Nothing can be done when even that fails.
            let _ = writeln!(io::stderr(), "{self}");
        }
        ExitCode::from(match self.kind {
            Kind::NobodyReads => 0,
            Kind::Failed => 1,
            // What clap ends with too.
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Unavailable => 4,
        })
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(Kind::Failed, message)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let kind = match error {
            StoreError::Unavailable => Kind::Unavailable,
            _ => Kind::Failed,
        };
        Self::new(kind, error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
