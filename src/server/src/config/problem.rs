//! What is wrong with a configuration: where, which key, and what was expected.

use std::{fmt, path::PathBuf};

/// A configuration that cannot be used, with all that is wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong; never empty, and never the text of a secret.
    pub faults: Vec<ConfigFault>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// The key with its path: `shops[0].webhook.url`. Empty when the file itself is to blame.
    pub key: String,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.faults.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", self.file.display())?;
            if let Some(line) = fault.line {
                write!(f, ":{line}")?;
            }
            if !fault.key.is_empty() {
                write!(f, ": {}", fault.key)?;
            }
            write!(f, ": {}", fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Gathers what is wrong while a file is read, and knows its lines.
#[derive(Debug)]
pub(super) struct Faults<'a> {
    text: &'a str,
    found: Vec<ConfigFault>,
}

impl<'a> Faults<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    /// Notes a fault at a byte of the text.
    pub(super) fn at(
        &mut self,
        byte: Option<usize>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.found.push(ConfigFault {
            line: byte.map(|byte| line_of(self.text, byte)),
            key: key.into(),
            message: message.into(),
        });
    }

    pub(super) fn into_found(self) -> Vec<ConfigFault> {
        self.found
    }
}

fn line_of(text: &str, byte: usize) -> usize {
    text.bytes()
        .take(byte)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}
