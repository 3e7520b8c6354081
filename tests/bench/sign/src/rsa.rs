//! RSA-2048: our key beside `openssl speed`.

use std::{error::Error, hint::black_box, process::Command, time::Duration};

use kassa_keys::RsaSha256Key;

/// What OP has signed is about as long.
const TEXT: [u8; 527] = [b'x'; 527];

pub(crate) struct Bench {
    key: RsaSha256Key,
}

impl Bench {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let text = RsaSha256Key::generate_pem()?;
        let key = RsaSha256Key::parse(text.trim_end())?;
        let signature = key.sign(&TEXT).ok_or("the key does not sign")?;
        if !key.verify(&TEXT, &signature) {
            return Err("the key does not verify what it signed".into());
        }
        Ok(Self { key })
    }

    /// Signatures a second: ours, over a text and with its hash, and openssl's.
    pub(crate) fn round(&self, time: Duration) -> Result<(f64, f64), Box<dyn Error>> {
        let ours = super::rate(time, || {
            black_box(self.key.sign(black_box(&TEXT)));
        });
        Ok((ours, openssl(time)?))
    }
}

/// What openssl says of itself, in the form for programs: `+F2:…:2048:SIGNATURES A SECOND:…`;
/// before its version 3 it told the seconds of one.
#[expect(clippy::float_arithmetic, reason = "a rate, not money")]
fn openssl(time: Duration) -> Result<f64, Box<dyn Error>> {
    let seconds = time.as_secs().to_string();
    let output = Command::new("openssl")
        .args(["speed", "-mr", "-elapsed", "-seconds", &seconds, "rsa2048"])
        .output()
        .map_err(|error| format!("openssl cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with("+F2:"));
    let figure = line.and_then(|line| line.split(':').nth(3)?.parse::<f64>().ok());
    match figure {
        Some(rate) if rate >= 1.0 => Ok(rate),
        Some(seconds) if seconds > 0.0 => Ok(1.0 / seconds),
        _ => Err(format!("openssl speed says: {text}").into()),
    }
}
