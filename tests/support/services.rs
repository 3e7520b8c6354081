//! The project's programs, run as a shop would run them: real binaries, real sockets, loopback only.

mod binaries;
mod http;
mod postgres;
mod process;

pub use binaries::Binaries;
pub use http::{Answer, Http};
pub use postgres::Postgres;
pub use process::{Service, free_port, kill_all};

use std::{
    error::Error,
    thread,
    time::{Duration, Instant},
};

/// The API key of the development configuration's shop.
pub const DEV_API_KEY: &str = "kassa_dev_demo_0123456789abcdef0123456789abcdef";

/// The API key of the same shop where it is paid through OP.
pub const DEV_API_KEY_AT_OP: &str = "kassa_dev_op_0123456789abcdef0123456789abcdef";

/// Why a run of the programs could not go on.
pub type Problem = Box<dyn Error + Send + Sync>;

/// Asks again until there is an answer, at most so long.
///
/// # Errors
/// When there was none in time; `what` says what was waited for.
pub fn wait_for<T>(
    what: &str,
    patience: Duration,
    mut ask: impl FnMut() -> Option<T>,
) -> Result<T, Problem> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            return Err(format!("waited {} s in vain for {what}", patience.as_secs()).into());
        }
        thread::sleep(Duration::from_millis(5));
    }
}
