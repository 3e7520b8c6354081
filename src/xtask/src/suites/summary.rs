//! Reads how many tests passed from what test runners print.

use std::ops::AddAssign;

/// How many tests ended in each way.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, were cut off, or could not be run.
    pub(crate) failed: u64,
    /// Tests that were not run on purpose.
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Whose output is read. A suite reads only its own runner's lines, since a failing test may print
/// anything, such as another runner's summary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// `Summary [ 0.1s] 3 tests run: 2 passed, 1 failed, 0 skipped`; the last one counts.
    Nextest,
    /// `test result: ok. 2 passed; 0 failed; 1 ignored; …`, one a test binary.
    Libtest,
    /// `ℹ pass 3` or `# pass 3`, and the same for fail, cancelled, skipped, todo.
    Node,
    /// `Ran 4 tests in 0.1s`, then `OK (skipped=1)` or
    /// `FAILED (failures=1, errors=2)`.
    Python,
    /// `FILE: 2 passed, 0 failed`, one a file, or one such line without a name for all.
    Plain,
    /// `faults: 552 acknowledged, 0 lost, 0 doubled`: that some were acknowledged and none was
    /// lost is one test, that none was doubled another.
    Faults,
}

/// What has been read so far.
pub(crate) struct Tally {
    format: Format,
    counts: Counts,
    /// A plain line without a name: the runner's own sum.
    own_sum: Option<Counts>,
}

impl Tally {
    /// Nothing read yet.
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            counts: Counts::default(),
            own_sum: None,
        }
    }

    /// Reads one line of output.
    pub(crate) fn read(&mut self, line: &str) {
        let line = without_colours(line);
        match self.format {
            Format::Nextest => self.read_nextest(line.trim()),
            Format::Libtest => self.read_libtest(line.trim()),
            Format::Node => self.read_node(line.trim_end()),
            Format::Python => self.read_python(line.trim_end()),
            Format::Plain => self.read_plain(line.trim_end()),
            Format::Faults => self.read_faults(line.trim_end()),
        }
    }

    /// The counts of everything read.
    pub(crate) fn counts(&self) -> Counts {
        self.own_sum.unwrap_or(self.counts)
    }

    fn read_nextest(&mut self, line: &str) {
        let summary = line.strip_prefix("Summary [");
        let Some((_, results)) = summary.and_then(|rest| rest.split_once(" run: ")) else {
            return;
        };
        let mut counts = Counts::default();
        for (number, word) in numbered(&without_brackets(results), ", ") {
            match word.as_str() {
                "passed" => counts.passed += number,
                "skipped" => counts.skipped += number,
                // failed, timed out, exec failed
                _ => counts.failed += number,
            }
        }
        self.counts = counts;
    }

    fn read_libtest(&mut self, line: &str) {
        let Some((_, results)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for (number, word) in numbered(results, "; ") {
            match word.as_str() {
                "passed" => self.counts.passed += number,
                "failed" => self.counts.failed += number,
                "ignored" => self.counts.skipped += number,
                _ => {}
            }
        }
    }

    fn read_node(&mut self, line: &str) {
        let rest = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "));
        let Some((word, number)) = rest.and_then(|rest| rest.split_once(' ')) else {
            return;
        };
        let Ok(number) = number.parse::<u64>() else {
            return;
        };
        match word {
            "pass" => self.counts.passed += number,
            "fail" | "cancelled" => self.counts.failed += number,
            "skipped" | "todo" => self.counts.skipped += number,
            _ => {}
        }
    }

    fn read_python(&mut self, line: &str) {
        let ran = line.strip_prefix("Ran ").and_then(|rest| {
            let (number, _) = rest.split_once(" test")?;
            number.parse::<u64>().ok()
        });
        if let Some(ran) = ran {
            self.counts.passed += ran;
            return;
        }
        let details = ["OK (", "FAILED ("]
            .iter()
            .find_map(|word| line.strip_prefix(word)?.strip_suffix(')'));
        for part in details.unwrap_or_default().split(", ") {
            let Some((word, number)) = part.split_once('=') else {
                continue;
            };
            let number = number.parse::<u64>().unwrap_or_default();
            self.counts.passed = self.counts.passed.saturating_sub(number);
            match word {
                "skipped" | "expected failures" => self.counts.skipped += number,
                _ => self.counts.failed += number,
            }
        }
    }

    fn read_plain(&mut self, line: &str) {
        let (name, results) = match line.rsplit_once(": ") {
            Some((name, results)) => (Some(name), results),
            None => (None, line),
        };
        let mut counts = Counts::default();
        let mut seen = Vec::new();
        for (number, word) in numbered(results, ", ") {
            match word.as_str() {
                "passed" => counts.passed = number,
                "failed" => counts.failed = number,
                "skipped" => counts.skipped = number,
                _ => return,
            }
            seen.push(word);
        }
        if !seen.starts_with(&["passed".to_owned(), "failed".to_owned()]) {
            return;
        }
        match name {
            Some(_) => self.counts += counts,
            None => self.own_sum = Some(counts),
        }
    }

    fn read_faults(&mut self, line: &str) {
        let results = line.strip_prefix("faults: ").unwrap_or_default();
        let [(acknowledged, a), (lost, l), (doubled, d)] = &numbered(results, ", ")[..] else {
            return;
        };
        if [a.as_str(), l, d] != ["acknowledged", "lost", "doubled"] {
            return;
        }
        for holds in [*acknowledged > 0 && *lost == 0, *doubled == 0] {
            match holds {
                true => self.counts.passed += 1,
                false => self.counts.failed += 1,
            }
        }
    }
}

/// The `12 words` parts of a list.
fn numbered(list: &str, separator: &str) -> Vec<(u64, String)> {
    list.split(separator)
        .filter_map(|part| {
            let (number, word) = part.trim().split_once(' ')?;
            Some((number.parse().ok()?, word.to_owned()))
        })
        .collect()
}

/// Drops `(…)`: nextest tells there how many of the passed were slow or flaky.
fn without_brackets(text: &str) -> String {
    let mut depth = 0u32;
    let mut kept = String::new();
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept.replace(" ,", ",")
}

/// Drops terminal colours (`ESC [ … m`).
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Format, text: &str) -> Counts {
        let mut tally = Tally::new(format);
        text.lines().for_each(|line| tally.read(line));
        tally.counts()
    }

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn nextest_all_passed() {
        let text = "     Summary [   0.104s] 12 tests run: 12 passed, 3 skipped";
        assert_eq!(read(Format::Nextest, text), counts(12, 0, 3));
        let one = "     Summary [   0.004s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(read(Format::Nextest, one), counts(1, 0, 0));
    }

    #[test]
    fn nextest_with_everything() {
        let text = "     Summary [  61.1s] 9/10 tests run: 5 passed (1 slow, 2 flaky), 2 failed, \
                    1 exec failed, 1 timed out, 4 skipped";
        assert_eq!(read(Format::Nextest, text), counts(5, 4, 4));
    }

    #[test]
    fn nextest_in_colour() {
        let text = "\x1b[32;1m     Summary\x1b[0m [   0.1s] \x1b[1m2\x1b[0m tests run: \
                    \x1b[1m2\x1b[0m \x1b[32;1mpassed\x1b[0m, \x1b[1m0\x1b[0m \x1b[33;1mskipped\x1b[0m";
        assert_eq!(read(Format::Nextest, text), counts(2, 0, 0));
    }

    #[test]
    fn libtest_is_summed_over_binaries() {
        let text = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 5 filtered out; finished in 0.1s";
        assert_eq!(read(Format::Libtest, text), counts(5, 1, 1));
    }

    #[test]
    fn node_in_both_reporters() {
        let spec = "✔ works (1ms)\nℹ tests 6\nℹ suites 0\nℹ pass 2\nℹ fail 1\nℹ cancelled 1\n\
                    ℹ skipped 1\nℹ todo 1\nℹ duration_ms 40.5";
        assert_eq!(read(Format::Node, spec), counts(2, 2, 2));
        let tap = "# Subtest: pass 3 things\nok 1 - pass\n# tests 3\n# pass 3\n# fail 0";
        assert_eq!(read(Format::Node, tap), counts(3, 0, 0));
    }

    #[test]
    fn python_counts_what_it_ran_and_names_the_rest() {
        let text = "test_a (x.Y.test_a) ... ok\n\nRan 4 tests in 0.043s\n\nOK";
        assert_eq!(read(Format::Python, text), counts(4, 0, 0));
        let text = "Ran 5 tests in 1s\n\nFAILED (failures=1, errors=1, skipped=1)";
        assert_eq!(read(Format::Python, text), counts(2, 2, 1));
        let one = "Ran 1 test in 1s\n\nOK (skipped=1)";
        assert_eq!(read(Format::Python, one), counts(0, 0, 1));
    }

    #[test]
    fn plain_lines_a_file() {
        let text = "finnish-references.json: 1200 passed, 0 failed\nop-signature.json: 3 passed, 1 failed\n\
                    case 7: expected 1 passed, got nothing";
        assert_eq!(read(Format::Plain, text), counts(1203, 1, 0));
    }

    #[test]
    fn plain_sum_counts_instead_of_its_parts() {
        let text =
            "a.json: 2 passed, 0 failed\nb.json: 3 passed, 0 failed\n5 passed, 0 failed, 1 skipped";
        assert_eq!(read(Format::Plain, text), counts(5, 0, 1));
    }

    #[test]
    fn the_kill_test_is_two_tests() {
        let text =
            "faults: seed 7\nfaults: 10 of 20 kills\nfaults: 552 acknowledged, 0 lost, 0 doubled";
        assert_eq!(read(Format::Faults, text), counts(2, 0, 0));
        let lost = "faults: 552 acknowledged, 3 lost, 0 doubled";
        assert_eq!(read(Format::Faults, lost), counts(1, 1, 0));
        let idle = "faults: 0 acknowledged, 0 lost, 0 doubled";
        assert_eq!(read(Format::Faults, idle), counts(1, 1, 0));
    }

    #[test]
    fn other_runners_lines_are_not_read() {
        assert_eq!(
            read(
                Format::Nextest,
                "9 passed, 0 failed\ntest result: ok. 9 passed; 0 failed"
            ),
            counts(0, 0, 0)
        );
        assert_eq!(
            read(
                Format::Plain,
                "Summary [1s] 9 tests run: 9 passed, 0 skipped"
            ),
            counts(0, 0, 0)
        );
    }
}
