//! Tells where the built widget lies, by an absolute path.
//!
//! rust-embed refuses a path with `..` in it when the folder did not exist while compiling, as on
//! a fresh clone. A development build reads the folder at run time; a release build embeds it.

use std::{env, path::Path};

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let root = Path::new(&here).join("../..");
    let root = root.canonicalize().unwrap_or(root);
    let dist = root.join("pkg/dist/checkout");
    println!("cargo:rustc-env=KASSA_WIDGET={}", dist.display());
    println!("cargo:rerun-if-changed=build.rs");
    if env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo:rerun-if-changed={}", dist.display());
    }
}
