//! What came of a fault.

use std::time::Duration;

/// What came of a fault, in figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The fault's name.
    pub name: &'static str,
    /// Its own figures: `200 kills`.
    pub figures: Vec<String>,
    /// Payments created, payments begun and callbacks that the server acknowledged.
    pub acknowledged: usize,
    /// Those of them that left no trace, and changes that the shop was never told.
    pub lost: usize,
    /// Payments, reports, changes or webhooks that are there twice.
    pub doubled: usize,
    /// A line for each thing that is wrong.
    pub wrong: Vec<String>,
    /// How long it took.
    pub spent: Duration,
}

impl Outcome {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.wrong.is_empty() && self.lost + self.doubled == 0
    }

    /// Both together, under the name of the first.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.figures.extend(other.figures);
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.wrong.extend(other.wrong);
        self
    }

    /// Adds a figure.
    #[must_use]
    pub(crate) fn figure(mut self, figure: impl Into<String>) -> Self {
        self.figures.push(figure.into());
        self
    }

    /// Demands a thing, or writes down that it is wrong.
    #[must_use]
    pub(crate) fn demand(mut self, holds: bool, otherwise: impl Into<String>) -> Self {
        if !holds {
            self.wrong.push(otherwise.into());
        }
        self
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.name)?;
        for figure in &self.figures {
            write!(f, "{figure}, ")?;
        }
        write!(
            f,
            "{} acknowledged, {} lost, {} doubled, {} s",
            self.acknowledged,
            self.lost,
            self.doubled,
            self.spent.as_secs()
        )
    }
}
