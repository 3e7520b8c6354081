//! `cargo xtask build`: the front end, from Rust to the files of `pkg/dist`.
//!
//! Each package is compiled, bound to JavaScript in a stage folder under the target folder, joined
//! with its hand-kept files, and copied to `pkg/dist/NAME`. Stages are kept: what has not changed
//! is not done again, and a file that has not changed is not written again.

mod bindgen;
mod compile;
mod files;
mod node;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::project::Project;
use crate::{progress, sizes, toolchain};

pub(crate) use node::{NODE_ADVICE, Node};

/// One folder of `pkg/dist`, and what it is made from.
pub(crate) struct Package {
    /// The folder's name, also the name of its budget.
    pub(crate) name: &'static str,
    /// The crate that is compiled.
    krate: &'static str,
    /// What cargo calls the compiled file.
    library: &'static str,
    /// What the bound files are called: `{bound}.js` and `{bound}_bg.wasm`.
    bound: &'static str,
    /// Whether TypeScript's view of the bound file is made, too.
    types: bool,
    /// Folders whose files are copied beside the bound ones.
    hand_kept: &'static [&'static str],
}

/// Everything that is built for the browser. A new package is an entry here and a budget.
const PACKAGES: &[Package] = &[CHECKOUT, CORE];

/// The checkout's custom elements.
const CHECKOUT: Package = Package {
    name: "checkout",
    krate: "kassa-widget",
    library: "kassa_widget",
    bound: "kassa_widget",
    types: false,
    hand_kept: &["pkg/src/checkout", "www/widget/style"],
};

/// References and messages for a shop's own code, in a browser or in Node.
const CORE: Package = Package {
    name: "core",
    krate: "kassa-wasm",
    library: "kassa_wasm",
    bound: "kassa_core",
    types: true,
    hand_kept: &["pkg/src/core"],
};

/// How a package is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    /// Soon done, with the plain toolchain and without Node.
    Development,
    /// As small as it gets.
    Release,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Development => "dev",
            Self::Release => "release",
        }
    }
}

/// Builds all packages, and in a release build measures them against their budgets.
///
/// # Errors
/// When a step fails (the message says what to do) or a package is over its budget.
pub(crate) fn build(project: &Project, release: bool) -> Result<()> {
    if release {
        return build_release(project);
    }
    toolchain::ensure_wasm_target(project)?;
    for package in PACKAGES {
        build_package(project, package, Mode::Development, None)?;
    }
    Ok(())
}

/// Builds what the demo needs: the elements, for development.
///
/// # Errors
/// When a step fails; the message says what to do.
pub(crate) fn build_for_demo(project: &Project) -> Result<()> {
    build_package(project, &CHECKOUT, Mode::Development, None)?;
    Ok(())
}

/// How many packages a release build measures.
pub(crate) fn package_count() -> u64 {
    PACKAGES.iter().map(|_| 1).sum()
}

fn build_release(project: &Project) -> Result<()> {
    toolchain::ensure_wasm_target(project)?;
    let node = Node::find(project);
    if let Some(node) = &node {
        node.install(&project.path(node::TOOLS))?;
    } else {
        eprintln!(
            "note: Node.js is missing, so wasm-opt and the minifier are skipped: what is built \
             works but is larger than what is published, and budgets are not checked.\n  {NODE_ADVICE}"
        );
    }
    let mut measured = Vec::new();
    for package in PACKAGES {
        let files = build_package(project, package, Mode::Release, node.as_ref())?;
        let label = format!("compressing {}", package.name);
        let folder = dist(project, package);
        measured.push(progress::during(&label, || {
            sizes::Sizes::compress(package.name, &folder, &files)
        })?);
    }
    for sizes in &measured {
        println!("{}", sizes.lines());
    }
    if node.is_some() {
        sizes::check_budgets(project, &measured)?;
    }
    Ok(())
}

/// Builds one package and returns the names of its files.
fn build_package(
    project: &Project,
    package: &Package,
    mode: Mode,
    node: Option<&Node>,
) -> Result<Vec<String>> {
    let wasm = compile::compile(project, package, mode)?;
    let stage = project
        .target
        .join("xtask")
        .join(mode.name())
        .join(package.name);
    let bound = bindgen::bind(package, mode, &wasm, &stage, node)?;
    let mut sources = vec![bound];
    for (index, folder) in package.hand_kept.iter().enumerate() {
        let folder = project.path(folder);
        sources.push(match node {
            Some(node) if mode == Mode::Release => {
                let small = stage.join(format!("small{index}"));
                files::clear(&small)?;
                node.minify(&folder, &small)?;
                small
            }
            _ => folder,
        });
    }
    publish(project, package, &sources)
}

/// Brings `pkg/dist/NAME` to exactly the files of the sources.
fn publish(project: &Project, package: &Package, sources: &[PathBuf]) -> Result<Vec<String>> {
    let folder = dist(project, package);
    let mut published: Vec<String> = Vec::new();
    for source in sources {
        for file in files::list(source)? {
            if published.contains(&file) {
                bail!(
                    "two files of package `{}` are called {file}: rename the one in {}",
                    package.name,
                    source.display()
                );
            }
            files::copy_if_changed(&source.join(&file), &folder.join(&file))?;
            published.push(file);
        }
    }
    files::remove_others(&folder, &published)?;
    Ok(published)
}

fn dist(project: &Project, package: &Package) -> PathBuf {
    project.path("pkg/dist").join(package.name)
}
