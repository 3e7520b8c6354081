//! wrk, started and read.

use std::{path::PathBuf, process::Command};

use kassa_tests::services::Problem;

/// The folder of the scripts.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/server");
/// wrk's threads: as many as the server has cores here.
const THREADS: &str = "2";

/// What is asked of wrk.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// wrk itself.
    pub(crate) wrk: PathBuf,
    /// How many connections are open at once.
    pub(crate) connections: u32,
    /// For how many seconds.
    pub(crate) seconds: u32,
}

/// What came of it. Times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    /// Answers a second.
    pub(crate) per_second: u64,
    /// All answers.
    pub(crate) requests: u64,
    /// Half of the answers were faster.
    pub(crate) p50: u64,
    /// 99 of 100 answers were faster.
    pub(crate) p99: u64,
    /// Whether the prepared work came to its end too soon: then nothing of this counts.
    pub(crate) spent: bool,
}

impl Load {
    /// Puts load on an address.
    ///
    /// # Errors
    /// When wrk does not run, and when an answer was no 2xx or did not come.
    pub(crate) fn run(
        &self,
        script: &str,
        url: &str,
        arguments: &[&str],
    ) -> Result<Outcome, Problem> {
        let output = Command::new(&self.wrk)
            .args(["-t", THREADS, "-c", &self.connections.to_string()])
            .args(["-d", &format!("{}s", self.seconds)])
            .args(["-s", &format!("{SCRIPTS}/{script}.lua"), url, "--"])
            .args(arguments)
            .env("KASSA_BENCH_LUA", SCRIPTS)
            .output()
            .map_err(|error| format!("{} cannot be started: {error}", self.wrk.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        match said.lines().find_map(|line| line.strip_prefix("RESULT ")) {
            Some(line) if output.status.success() => read(script, line),
            _ => {
                let errors = String::from_utf8_lossy(&output.stderr);
                Err(format!("wrk failed with {script}.lua: {said}{errors}").into())
            }
        }
    }
}

fn read(script: &str, line: &str) -> Result<Outcome, Problem> {
    let value = |name: &str| {
        line.split(' ')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| value.parse::<u64>().ok())
            .ok_or_else(|| format!("wrk's result has no {name}: {line}"))
    };
    for (name, what) in [
        ("refused", "answers were no 2xx"),
        ("broken", "connections broke"),
        ("late", "answers came too late"),
    ] {
        let count = value(name)?;
        if count > 0 {
            return Err(format!("{script}: {count} {what}").into());
        }
    }
    let (requests, duration) = (value("requests")?, value("duration")?);
    let per_second = requests.saturating_mul(1_000_000).checked_div(duration);
    match per_second {
        Some(per_second @ 1..) => Ok(Outcome {
            per_second,
            requests,
            p50: value("p50")?,
            p99: value("p99")?,
            spent: value("spent")? > 0,
        }),
        _ => Err(format!("{script}: nothing was answered").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, read};

    const GOOD: &str =
        "requests=90000 duration=3000000 p50=590 p99=1400 refused=0 broken=0 late=0 spent=0";

    #[test]
    fn a_result_is_read() {
        assert_eq!(
            read("hello", GOOD).unwrap(),
            Outcome {
                per_second: 30_000,
                requests: 90_000,
                p50: 590,
                p99: 1_400,
                spent: false,
            }
        );
    }

    #[test]
    fn work_that_was_not_enough_is_told() {
        let spent = read("callback", &GOOD.replace("spent=0", "spent=1"));
        assert!(spent.unwrap().spent);
    }

    #[test]
    fn a_round_with_any_fault_does_not_count() {
        for (right, wrong, told) in [
            ("refused=0", "refused=3", "hello: 3 answers were no 2xx"),
            ("broken=0", "broken=1", "hello: 1 connections broke"),
            ("late=0", "late=2", "hello: 2 answers came too late"),
            (
                "requests=90000",
                "requests=0",
                "hello: nothing was answered",
            ),
            (
                " p99=1400",
                "",
                "wrk's result has no p99: requests=90000 duration=3000000 p50=590 refused=0 \
                 broken=0 late=0 spent=0",
            ),
        ] {
            let error = read("hello", &GOOD.replace(right, wrong)).unwrap_err();
            assert_eq!(error.to_string(), told);
        }
    }
}
