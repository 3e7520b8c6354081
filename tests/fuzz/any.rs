//! libFuzzer's way in: feeds the parser that `KASSA_FUZZ_TARGET` names.
#![no_main]

#[path = "../support/fuzz/mod.rs"]
mod fuzz;

use std::{env, sync::LazyLock};

use fuzz::{TARGETS, Target};
use libfuzzer_sys::{Corpus, fuzz_target};

static NAMED: LazyLock<&Target> = LazyLock::new(|| {
    let name = env::var("KASSA_FUZZ_TARGET").expect("KASSA_FUZZ_TARGET names a target");
    let named = TARGETS.iter().find(|target| target.name == name);
    named.unwrap_or_else(|| panic!("{name} is no target"))
});

fuzz_target!(|data: &[u8]| -> Corpus {
    (NAMED.check)(data);
    Corpus::Keep
});
