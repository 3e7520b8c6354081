//! `webhooks sign` prints webhooks signed now by the product's code, good and spoilt ones;
//! `webhooks verify` reads such webhooks and prints, for each, whether the product takes it.

use std::{
    env, io,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use kassa_tests::{
    oracles::{Delivery, deliveries},
    services::Problem,
};

fn main() -> ExitCode {
    let done = match env::args().nth(1).as_deref() {
        Some("sign") => sign(),
        Some("verify") => verify(),
        _ => Err("expected `sign` or `verify`".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("webhooks: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sign() -> Result<(), Problem> {
    serde_json::to_writer(io::stdout().lock(), &deliveries(now()?)?)?;
    Ok(())
}

fn verify() -> Result<(), Problem> {
    let deliveries: Vec<Delivery> = serde_json::from_reader(io::stdin().lock())?;
    let now = now()?;
    let taken = deliveries
        .iter()
        .map(|delivery| Ok(delivery.verify(now)?.is_ok()))
        .collect::<Result<Vec<bool>, Problem>>()?;
    serde_json::to_writer(io::stdout().lock(), &taken)?;
    Ok(())
}

fn now() -> Result<u64, Problem> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}
