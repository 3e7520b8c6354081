//! What a module exports without need.
//!
//! wasm-bindgen keeps every export for its class, and wasm-opt every export for wasm-bindgen: so a
//! crate somewhere below that has classes weighs in each module. They are taken out before.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use walrus::{Module, RawCustomSection, passes::gc};

/// Where wasm-bindgen's macro describes what is exported and imported.
const DESCRIPTIONS: &str = "__wasm_bindgen_unstable";

/// Classes that a crate exports without need.
pub(super) struct Foreign {
    /// The crate's name, as symbols have it.
    pub(super) krate: &'static str,
    /// How the names of its classes begin.
    pub(super) classes: &'static str,
}

/// The module without these crates' classes.
///
/// # Errors
/// When the module cannot be read, or holds no such class: then nobody needs to be left out.
pub(super) fn without(wasm: &Path, foreign: &[Foreign]) -> Result<Vec<u8>> {
    let mut module = Module::from_file(wasm)
        .with_context(|| format!("cannot read {} as WebAssembly", wasm.display()))?;
    for Foreign { krate, classes } in foreign {
        let gone = remove_exports(&mut module, &classes.to_lowercase());
        if gone == 0 {
            bail!("no class {classes}… of {krate} is exported any more: leave it out no longer");
        }
    }
    let section = module
        .customs
        .remove_raw(DESCRIPTIONS)
        .context("the module was not made with wasm-bindgen")?;
    let classes: Vec<_> = foreign.iter().map(|one| one.classes).collect();
    let data = without_descriptions(&section.data, &classes)?;
    module.customs.add(RawCustomSection { data, ..section });
    gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// Takes out of a bound module what wasm-bindgen's script would call, so that it needs none.
///
/// # Errors
/// When the module cannot be read or written, or still imports something.
pub(super) fn bare(wasm: &Path) -> Result<()> {
    let mut module = Module::from_file(wasm)
        .with_context(|| format!("cannot read {} as WebAssembly", wasm.display()))?;
    delete_exports(&mut module, |name| name.starts_with("__"));
    gc::run(&mut module);
    if let Some(import) = module.imports.iter().next() {
        let (name, file) = (&import.name, wasm.display());
        bail!(
            "{file} imports {name}: it needs wasm-bindgen's script, or functions of numbers only"
        );
    }
    std::fs::write(wasm, module.emit_wasm())
        .with_context(|| format!("cannot write {}", wasm.display()))
}

/// Removes a class's functions, and tells how many there were.
fn remove_exports(module: &mut Module, class: &str) -> usize {
    let is_of_class = |name: &str| {
        let prefixes = ["__wbindgen_describe_", "__wbg_", ""];
        let bare = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
        bare.is_some_and(|name| name.starts_with(class))
    };
    delete_exports(module, is_of_class)
}

fn delete_exports(module: &mut Module, is_one: impl Fn(&str) -> bool) -> usize {
    let found: Vec<_> = module
        .exports
        .iter()
        .filter(|export| is_one(&export.name))
        .map(|export| export.id())
        .collect();
    for export in &found {
        module.exports.delete(*export);
    }
    found.len()
}

/// The descriptions stand one behind the other: a version and a program each, with their lengths.
fn without_descriptions(mut data: &[u8], classes: &[&str]) -> Result<Vec<u8>> {
    let mut kept = Vec::new();
    while !data.is_empty() {
        let (version, rest) = block(data)?;
        let (program, rest) = block(rest)?;
        let names = |class: &&str| {
            let class = class.as_bytes();
            program.windows(class.len()).any(|part| part == class)
        };
        if !classes.iter().any(names) {
            for part in [version, program] {
                kept.extend_from_slice(&u32::try_from(part.len())?.to_le_bytes());
                kept.extend_from_slice(part);
            }
        }
        data = rest;
    }
    Ok(kept)
}

/// The bytes behind a length, and what follows them.
fn block(data: &[u8]) -> Result<(&[u8], &[u8])> {
    let cut =
        || anyhow!("wasm-bindgen describes what it exports in another way than is known here");
    let (length, rest) = data.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length))?;
    rest.split_at_checked(length).ok_or_else(cut)
}

#[cfg(test)]
mod tests {
    use super::without_descriptions;

    fn described(programs: &[&str]) -> Vec<u8> {
        let mut data = Vec::new();
        for part in programs.iter().flat_map(|program| ["0.2", program]) {
            data.extend_from_slice(&u32::try_from(part.len()).unwrap().to_le_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }

    #[test]
    fn only_what_names_the_class_goes() {
        let all = described(&["mount", "class IntoSource pull", "wait"]);
        assert_eq!(
            without_descriptions(&all, &["IntoSource"]).unwrap(),
            described(&["mount", "wait"])
        );
        assert_eq!(without_descriptions(&all, &[]).unwrap(), all);
    }

    #[test]
    fn another_format_is_an_error() {
        assert!(without_descriptions(&[9, 0, 0, 0, 1], &[]).is_err());
        assert!(without_descriptions(&described(&["a"])[..6], &[]).is_err());
    }
}
