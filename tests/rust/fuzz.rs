//! Every parser of foreign input, fed with its corpus and with mutations of it.
//!
//! A short run each time; `KASSA_FUZZ_SECONDS` sets how long each parser is fed, `KASSA_FUZZ_SEED`
//! repeats a run. `cargo xtask fuzz` looks further, guided by coverage.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/fuzz/mod.rs"]
mod fuzz;

use std::{
    cell::Cell,
    collections::hash_map::RandomState,
    env, fs,
    hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _},
    ops::Range,
    panic,
    path::{Path, PathBuf},
    sync::Once,
    time::{Duration, Instant},
};

use fuzz::{TARGETS, Target};
use mutatis::{
    Candidates, Context, Mutate,
    check::{Check, CheckError},
};

/// How long a parser is fed when nobody says how long.
const SHORT: Duration = Duration::from_millis(500);
/// So many mutations lie behind an input at most; then the corpus is the beginning again.
const ROUND: usize = 64;
/// No input grows beyond this by mutation, in bytes.
const LONGEST: usize = 16 * 1024;

macro_rules! one_test_a_target {
    ($($name:ident)*) => {
        $(#[test] fn $name() { feed(stringify!($name)); })*

        #[test]
        fn no_target_is_left_out() {
            let tested = [$(stringify!($name)),*];
            let targets: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(tested[..], targets[..]);
        }
    };
}

one_test_a_target! {
    national_reference rf_reference iban bic barcode epc_qr business_id
    webhook_signature key_texts pem
    json natural_order php_number callback status_answer sale_answer bank_list
    op_callback op_answer
    vetuma_form
    contract selection
    create_payment create_refund request_headers pay hosted_form list_query events_query checkout_token
    configuration clock retry_after
}

thread_local! {
    /// A failure is shown once, for the smallest input.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

fn feed(name: &str) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus = corpus(name);
    let verdicts: Vec<bool> = corpus.iter().map(|input| (target.check)(input)).collect();
    assert!(verdicts.contains(&true), "nothing in the corpus is taken");
    assert!(
        verdicts.contains(&false),
        "nothing in the corpus is refused"
    );

    let seed = seed();
    println!("seed {seed}: KASSA_FUZZ_SEED={seed} repeats this run");
    let ends = Instant::now() + duration();
    let mut round = seed;
    let mut fed = 0_usize;
    while Instant::now() < ends {
        QUIET.set(true);
        let outcome = Check::new()
            .iters(ROUND * corpus.len())
            .seed(round)
            .max_shrink_iters(2_000)
            .run_with(Bytes(&corpus), corpus.clone(), |input| {
                (target.check)(input);
                Ok::<(), String>(())
            });
        QUIET.set(false);
        match outcome {
            Ok(()) => {}
            Err(CheckError::Failed(failure)) => fail(target, &failure.value),
            Err(error) => panic!("{error}"),
        }
        fed += ROUND * corpus.len();
        round = round.wrapping_add(1);
    }
    println!("{fed} inputs");
}

/// Keeps an input that broke a property, and breaks it once more for all to see.
fn fail(target: &Target, input: &[u8]) -> ! {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let file = folder(target.name).join(format!("failed-{:016x}", hasher.finish()));
    fs::write(&file, input).unwrap();
    println!(
        "the input is kept as {}: commit it with the repair, and it is tried in every run",
        file.display()
    );
    (target.check)(input);
    panic!("it failed once, and then no more")
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name)
}

fn duration() -> Duration {
    let named = env::var("KASSA_FUZZ_SECONDS").ok();
    named.map_or(SHORT, |named| Duration::from_secs(named.parse().unwrap()))
}

fn seed() -> u64 {
    let named = env::var("KASSA_FUZZ_SEED").ok();
    named.map_or_else(
        || RandomState::new().build_hasher().finish(),
        |named| named.parse().unwrap(),
    )
}

/// Changes bytes as texts go wrong: pieces lost, doubled, moved, taken from another input.
struct Bytes<'a>(&'a [Vec<u8>]);

/// What parsers are known to stumble over.
const TOKENS: &[&str] = &[
    "0",
    "-1",
    "18446744073709551616",
    "1e400",
    "-0.0",
    "0.1",
    "null",
    "true",
    "\"\"",
    "{}",
    "[]",
    "\"",
    "\\u0000",
    "\\ud800",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\0",
    ":",
    ";",
    ".",
    "..",
    "/",
    "%",
    "%00",
    "%2e",
    "=",
    "&",
    "+",
    "<script>",
    "é",
    "İ",
    "\u{a0}",
    "\u{200b}",
    "\u{feff}",
    "\u{202e}",
    "💶",
    "٣",
    "RF",
    "FI",
    "file:",
    "env:",
];

impl Mutate<Vec<u8>> for Bytes<'_> {
    fn mutate(&mut self, c: &mut Candidates<'_>, value: &mut Vec<u8>) -> mutatis::Result<()> {
        if !value.is_empty() {
            c.mutation(|context| {
                let piece = piece(context, value.len());
                value.drain(piece);
                Ok(())
            })?;
        }
        if c.shrink() || value.len() >= LONGEST {
            return Ok(());
        }
        c.mutation(|context| {
            let at = below(context, value.len() + 1);
            let token = TOKENS[below(context, TOKENS.len())];
            value.splice(at..at, token.bytes());
            Ok(())
        })?;
        c.mutation(|context| {
            let other = &self.0[below(context, self.0.len())];
            let taken = other[piece(context, other.len())].to_vec();
            let gone = piece(context, value.len());
            value.splice(gone, taken);
            Ok(())
        })?;
        if value.is_empty() {
            return Ok(());
        }
        c.mutation(|context| {
            let doubled = value[piece(context, value.len())].to_vec();
            let at = below(context, value.len() + 1);
            value.splice(at..at, doubled);
            Ok(())
        })?;
        c.mutation(|context| {
            let at = below(context, value.len());
            value[at] = b' ' + u8::try_from(below(context, 95)).unwrap();
            Ok(())
        })?;
        c.mutation(|context| {
            let at = below(context, value.len());
            value[at] = u8::try_from(below(context, 256)).unwrap();
            Ok(())
        })?;
        c.mutation(|context| {
            let at = below(context, value.len());
            value[at] = value[at].wrapping_add(1);
            Ok(())
        })?;
        c.mutation(|context| {
            let (a, b) = (below(context, value.len()), below(context, value.len()));
            value.swap(a, b);
            Ok(())
        })
    }
}

/// A piece of something so long: mostly short.
fn piece(context: &mut Context, length: usize) -> Range<usize> {
    let start = below(context, length + 1);
    let most = match below(context, 4) {
        0 => length,
        1 => 16,
        _ => 2,
    };
    let end = (start + 1 + below(context, most.max(1))).min(length);
    start..end.max(start)
}

fn below(context: &mut Context, bound: usize) -> usize {
    context.rng().gen_index(bound).unwrap_or_default()
}
