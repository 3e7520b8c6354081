//! What happened, line by line, when somebody wants to read it.

/// The lines of a seed, kept only when asked for.
#[derive(Debug, Default)]
pub(super) struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(super) fn new(kept: bool) -> Self {
        Self {
            lines: kept.then(Vec::new),
        }
    }

    /// Keeps a line; `now` is in milliseconds since the start.
    pub(super) fn note(&mut self, now: u64, line: impl FnOnce() -> String) {
        let Some(lines) = &mut self.lines else { return };
        let (seconds, millis) = (now / 1_000, now % 1_000);
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
        let line = line();
        lines.push(format!(
            "{days:>3}d {hours:02}:{minutes:02}:{seconds:02}.{millis:03}  {line}"
        ));
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
