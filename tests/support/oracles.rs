//! Messages that other people's programs judge: see `tests/oracles`.

use kassa_keys::{
    KeyError, WebhookKey, WebhookMessage, WebhookRefused, sign_webhook, verify_webhook,
};
use serde::{Deserialize, Serialize};

/// Bodies whose bytes are easy to get wrong on the way.
const BODIES: [&str; 5] = [
    r#"{"type":"payment.updated","data":{"amount":4990,"status":"paid"}}"#,
    r#"{"name":"Maija Meikäläinen","note":"Å € 💶"}"#,
    " { \"spaces\" : [ 1 , 2 ] } \r\n",
    r#"{"escapes":"\u00e4\/\"\\ %41+."}"#,
    "{}",
];
/// Key lengths with each kind of Base64 padding, and both limits.
const KEY_BYTES: [u8; 4] = [24, 32, 35, 64];
/// Within the five minutes on either side, with room for a slow machine.
const RECENT: [i64; 3] = [-240, 0, 240];
/// Outside of them.
const FAR: [i64; 4] = [-86_400, -310, 420, 86_400];

/// A webhook as it reaches a shop, with the shop's secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// What is special about it.
    pub name: String,
    /// The secret that the shop verifies with.
    pub secret: String,
    /// The header `webhook-id`.
    pub id: String,
    /// The header `webhook-timestamp`.
    pub timestamp: u64,
    /// The header `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
    /// Whether the shop may take it.
    pub accepted: bool,
}

impl Delivery {
    /// What our own verification says, at a time in seconds since the epoch.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn verify(&self, now: u64) -> Result<Result<(), WebhookRefused>, KeyError> {
        let key = WebhookKey::parse(&self.secret)?;
        let message = WebhookMessage {
            id: &self.id,
            timestamp: self.timestamp,
            body: self.body.as_bytes(),
        };
        Ok(verify_webhook([&key], &message, &self.signature, now))
    }
}

/// Webhooks signed by the product's code at a time in seconds since the epoch, some of them spoilt
/// on the way.
///
/// # Errors
/// Never for the secrets in here.
pub fn deliveries(now: u64) -> Result<Vec<Delivery>, KeyError> {
    let mut all = Vec::new();
    for length in KEY_BYTES {
        let secret = secret(length, length);
        for body in BODIES {
            let name = format!("a key of {length} bytes");
            all.push(signed(&name, &[&secret], now, body)?);
        }
    }
    let [new, old, other] = [1, 2, 3].map(|filler| secret(filler, 32));
    for offset in RECENT {
        let at = now.saturating_add_signed(offset);
        all.push(signed(&format!("{offset} s away"), &[&new], at, "{}")?);
    }
    for offset in FAR {
        let at = now.saturating_add_signed(offset);
        let far = signed(&format!("{offset} s away"), &[&new], at, "{}")?;
        all.push(refused(far));
    }
    for (name, keys) in [
        ("the new key first", [&new, &old]),
        ("the old key first", [&old, &new]),
    ] {
        let both = signed(name, &keys, now, "{}")?;
        for secret in [&new, &old] {
            all.push(Delivery {
                secret: secret.clone(),
                ..both.clone()
            });
        }
        all.push(refused(Delivery {
            name: format!("{name}, and the shop has another"),
            secret: other.clone(),
            ..both
        }));
    }
    let good = signed("spoilt", &[&new], now, BODIES[0])?;
    all.extend(spoilt(&good).into_iter().map(refused));
    Ok(all)
}

/// A good delivery with one thing changed on the way.
fn spoilt(good: &Delivery) -> Vec<Delivery> {
    let with = |name: &str, change: &dyn Fn(&mut Delivery)| {
        let mut changed = good.clone();
        changed.name = name.to_owned();
        change(&mut changed);
        changed
    };
    vec![
        with("another amount", &|d| {
            d.body = d.body.replace("4990", "4991");
        }),
        with("a body with a space more", &|d| d.body.push(' ')),
        with("a body cut short", &|d| {
            d.body.pop();
        }),
        with("another identifier", &|d| d.id.push('2')),
        with("an identifier in capitals", &|d| {
            d.id = d.id.to_uppercase();
        }),
        with("a time moved by a second", &|d| d.timestamp += 1),
        with("no signature", &|d| d.signature.clear()),
        with("an empty signature", &|d| d.signature = "v1,".to_owned()),
        with("a signature cut short", &|d| d.signature.truncate(27)),
        with("a signature of another version", &|d| {
            d.signature = d.signature.replace("v1,", "v2,");
        }),
        with("a signature in lower case", &|d| {
            d.signature = d.signature.to_lowercase();
        }),
    ]
}

fn refused(delivery: Delivery) -> Delivery {
    Delivery {
        accepted: false,
        ..delivery
    }
}

/// A delivery signed with several secrets, for a shop that has the first.
fn signed(
    name: &str,
    secrets: &[&String],
    timestamp: u64,
    body: &str,
) -> Result<Delivery, KeyError> {
    let keys = secrets.iter().map(|secret| WebhookKey::parse(secret));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let id = "evt_01JC3Z5K8M7Q".to_owned();
    let message = WebhookMessage {
        id: &id,
        timestamp,
        body: body.as_bytes(),
    };
    Ok(Delivery {
        name: name.to_owned(),
        secret: secrets.first().map_or_else(String::new, |s| (*s).clone()),
        signature: sign_webhook(&keys, &message),
        id,
        timestamp,
        body: body.to_owned(),
        accepted: true,
    })
}

/// A secret of so many bytes, all different from one filler to the next.
fn secret(filler: u8, length: u8) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let bytes: Vec<u8> = (0..length)
        .map(|index| filler.wrapping_mul(37).wrapping_add(index.wrapping_mul(11)))
        .collect();
    format!("whsec_{}", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::deliveries;

    const NOW: u64 = 1_764_000_000;

    #[test]
    fn our_own_verification_agrees() {
        let all = deliveries(NOW).unwrap();
        assert!(all.iter().filter(|delivery| !delivery.accepted).count() >= 17);
        assert!(all.iter().filter(|delivery| delivery.accepted).count() >= 27);
        for delivery in all {
            let verdict = delivery.verify(NOW).unwrap();
            assert_eq!(verdict.is_ok(), delivery.accepted, "{delivery:?}");
        }
    }
}
