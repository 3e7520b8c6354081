//! A bound module without what wasm-bindgen's script would call, so that it needs no script.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use walrus::{Module, passes::gc};

/// Takes out of a bound module what only wasm-bindgen's script calls.
///
/// # Errors
/// When the module cannot be read or written, or still imports something.
pub(super) fn make(wasm: &Path) -> Result<()> {
    let mut module = Module::from_file(wasm)
        .with_context(|| format!("cannot read {} as WebAssembly", wasm.display()))?;
    let unneeded: Vec<_> = module
        .exports
        .iter()
        .filter(|export| export.name.starts_with("__"))
        .map(walrus::Export::id)
        .collect();
    for export in unneeded {
        module.exports.delete(export);
    }
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
