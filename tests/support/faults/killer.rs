//! Kills the server at random moments and starts it again on the same port and data.

use std::{path::PathBuf, thread, time::Duration};

use super::{pace::Pace, random::Random, simulator::Simulator};
use crate::services::{Problem, Service};

/// How long customers may be held up before the next kill comes all the same.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A kill that meets requests on their way.
const SOON: Duration = Duration::from_millis(6);
/// A kill that meets callbacks, jobs and webhooks.
const LATER: Duration = Duration::from_millis(80);
/// A callback that was not acknowledged comes again after ten seconds of the simulator's time.
const RETRY_SECONDS: u32 = 11;

/// How to start the server.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments: the same port and data folder each time.
    pub(super) arguments: Vec<String>,
    /// Where its output goes.
    pub(super) logs: PathBuf,
}

impl Start {
    /// Starts the server and waits until it listens.
    pub(super) fn start(&self) -> Result<Service, Problem> {
        Service::start("kassa", &self.program, &self.arguments, &[], &self.logs)
    }
}

/// Kills the server so many times while `steps` are taken; gives back the one that lives.
///
/// Whatever comes, all steps are allowed or the run is stopped in the end, so that nobody waits.
pub(super) fn kill_often(
    start: &Start,
    server: Service,
    kills: usize,
    steps: usize,
    pace: &Pace,
    simulator: &Simulator,
    random: &mut Random,
) -> Result<Service, Problem> {
    let survivor = (0..kills).try_fold(server, |mut server, kill| {
        pace.allow(steps * (kill + 1) / (kills + 1));
        pace.wait_until_taken(LONGEST_WAIT);
        let moment = if random.below(2) == 0 { SOON } else { LATER };
        thread::sleep(random.shorter_than(moment));
        server.kill()?;
        let server = start.start()?;
        simulator.skip(RETRY_SECONDS)?;
        if (kill + 1) % 10 == 0 || kill + 1 == kills {
            println!("faults: {} of {kills} kills", kill + 1);
        }
        Ok(server)
    });
    match &survivor {
        Ok(_) => pace.allow(steps),
        Err(_) => pace.stop(),
    }
    survivor
}
