//! WebAssembly to a pair of files that a browser can import.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::{Mode, Node, Package, bare, files};
use crate::progress;

/// Counts up when this file's code makes something else of the same input.
const RECIPE: u32 = 10;

/// Makes `{bound}.js` and `{bound}_bg.wasm`, or `{bound}.wasm` alone where no script is needed, and
/// returns the folder that holds them.
///
/// # Errors
/// When wasm-bindgen refuses the input, or a tool fails.
pub(super) fn bind(
    package: &Package,
    mode: Mode,
    wasm: &Path,
    stage: &Path,
    node: Option<&Node>,
) -> Result<PathBuf> {
    let ready = stage.join("bound");
    let stamp = stage.join("bound.stamp");
    let key = key(package, mode, wasm, node)?;
    if is_fresh(&stamp, &key, &ready) {
        return Ok(ready);
    }
    let raw = stage.join("raw");
    files::clear(&raw)?;
    files::clear(&ready)?;
    progress::during(&format!("binding {}", package.name), || {
        generate(package, mode, wasm, &raw)?;
        if package.glue {
            return Ok(());
        }
        bare::make(&raw.join(format!("{}_bg.wasm", package.bound)))
    })?;
    match node {
        Some(node) if mode == Mode::Release && package.small => {
            optimise(package, node, &raw, &ready)?;
        }
        _ => copy_all(&raw, &ready)?,
    }
    if !package.glue {
        leave_glue_out(package, &ready)?;
    }
    fs::write(&stamp, stamp_text(&key, &files::list(&ready)?))
        .with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(ready)
}

fn generate(package: &Package, mode: Mode, wasm: &Path, to: &Path) -> Result<()> {
    let release = mode == Mode::Release;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name(package.bound)
        .web(true)?
        .omit_default_module_path(true)
        .typescript(false)
        .keep_debug(false)
        .remove_name_section(release)
        .remove_producers_section(release)
        .generate(to)
        .with_context(|| {
            format!(
                "wasm-bindgen refused {}: is the crate's wasm-bindgen at exactly the version of \
                 wasm-bindgen-cli-support in the root Cargo.toml?",
                wasm.display()
            )
        })
}

fn optimise(package: &Package, node: &Node, raw: &Path, ready: &Path) -> Result<()> {
    node.minify(raw, ready)?;
    let wasm = format!("{}_bg.wasm", package.bound);
    let label = format!("shrinking {wasm} (wasm-opt)");
    node.wasm_opt(&label, &raw.join(&wasm), &ready.join(&wasm))
}

/// The module imports nothing, so that no script of wasm-bindgen's is needed to load it.
fn leave_glue_out(package: &Package, folder: &Path) -> Result<()> {
    let named = |ending: &str| folder.join(format!("{}{ending}", package.bound));
    fs::remove_file(named(".js")).context("cannot remove the script of wasm-bindgen")?;
    fs::rename(named("_bg.wasm"), named(".wasm")).context("cannot rename the module")
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for file in files::list(from)? {
        files::copy_if_changed(&from.join(&file), &to.join(&file))?;
    }
    Ok(())
}

fn key(package: &Package, mode: Mode, wasm: &Path, node: Option<&Node>) -> Result<String> {
    let tools = node.map_or("no tools", Node::tools_version);
    Ok(format!(
        "recipe {RECIPE}, small {}, {}, {}, {tools}",
        package.small,
        mode.name(),
        files::fingerprint(wasm)?
    ))
}

/// The stamp names the files, too: one that somebody removed is made again.
fn stamp_text(key: &str, files: &[String]) -> String {
    format!("{key}\n{}\n", files.join("\n"))
}

fn is_fresh(stamp: &Path, key: &str, ready: &Path) -> bool {
    let present = files::list(ready).unwrap_or_default();
    !present.is_empty()
        && fs::read_to_string(stamp).is_ok_and(|text| text == stamp_text(key, &present))
}
