//! `ecommpay-natural-order.json`: the sign of a comparison.

use core::cmp::Ordering;

use kassa_providers::ecommpay::natural;
use serde::Deserialize;

use super::{Run, tests};

#[derive(Deserialize)]
struct Test {
    a: String,
    b: String,
    natural: i64,
}

/// Runs a file of the format of `ecommpay-natural-order.json`, each pair both ways round.
#[must_use]
pub fn natural_order(text: &str) -> Run {
    let (tests, mut run) = tests::<Test>(text);
    for Test { a, b, natural } in tests {
        let wanted = natural.cmp(&0);
        let name = format!("{a:?} and {b:?}");
        run.add(&name, check(&a, &b, wanted).into());
    }
    run
}

fn check(a: &str, b: &str, wanted: Ordering) -> Result<(), String> {
    let came = (natural::compare(a, b), natural::compare(b, a));
    if came == (wanted, wanted.reverse()) {
        Ok(())
    } else {
        Err(format!("wanted {wanted:?}, came {came:?}"))
    }
}
