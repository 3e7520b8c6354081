//! `cargo xtask build`: the front end, from Rust to the files of `pkg/dist`.
//!
//! Each package is compiled, bound to JavaScript in a stage folder under the target folder, joined
//! with its hand-kept files, and copied to `pkg/dist/NAME`. Stages are kept: what has not changed
//! is not done again, and a file that has not changed is not written again.

mod bare;
mod bindgen;
mod compile;
mod files;
mod integrity;
mod node;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

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
    /// What the compiled file is called in the package.
    bound: &'static str,
    /// Whether wasm-bindgen's `{bound}.js` is needed beside `{bound}_bg.wasm`. Without it, the
    /// hand-kept files know the functions of `{bound}.wasm`, which imports nothing.
    glue: bool,
    /// Whether a browser loads it, so that every byte counts: wasm-opt takes its time.
    small: bool,
    /// Folders whose files are copied beside the bound ones.
    hand_kept: &'static [&'static str],
}

/// Where all that is built for npm and for the server's own pages goes.
const DIST: &str = "pkg/dist";

/// Everything that is built for npm. A new package is an entry here.
const PACKAGES: &[Package] = &[CHECKOUT, REFERENCES, CORE, SERVER];

/// The checkout's custom elements.
const CHECKOUT: Package = Package {
    name: "checkout",
    krate: "kassa-widget",
    library: "kassa_widget",
    bound: "kassa_widget",
    glue: true,
    small: true,
    hand_kept: &["pkg/src/checkout", "www/widget/style"],
};

/// References alone.
const REFERENCES: Package = Package {
    name: "references",
    krate: "kassa-references",
    library: "kassa_references",
    bound: "kassa_references",
    glue: false,
    small: true,
    hand_kept: &["pkg/src/references"],
};

/// References and messages for a shop's own code, in a browser or in Node.
const CORE: Package = Package {
    name: "core",
    krate: "kassa-wasm",
    library: "kassa_wasm",
    bound: "kassa_core",
    glue: false,
    small: true,
    hand_kept: &["pkg/src/core"],
};

/// Signing and verifying for a shop's server: no browser loads it.
const SERVER: Package = Package {
    name: "server",
    krate: "kassa-callbacks",
    library: "kassa_callbacks",
    bound: "kassa_server",
    glue: false,
    small: false,
    hand_kept: &["pkg/src/server"],
};

/// What a customer's browser loads for one way of importing the npm package.
struct Way {
    /// The import, also the name of its budget.
    import: &'static str,
    /// The script that it begins with, below `pkg/dist`.
    script: &'static str,
    /// What the scripts load beside, below `pkg/dist`.
    assets: &'static [&'static str],
}

/// Every import that is meant for browsers.
const WAYS: &[Way] = &[
    Way {
        import: "kassa/references",
        script: "references/index.js",
        assets: &["references/kassa_references.wasm"],
    },
    Way {
        import: "kassa",
        script: "core/index.js",
        assets: &["core/kassa_core.wasm"],
    },
    Way {
        import: "kassa/checkout",
        script: "checkout/index.js",
        assets: &["checkout/kassa_widget_bg.wasm", "checkout/kassa.css"],
    },
];

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

/// Builds all packages, or the named ones, and in a release build measures what is imported against
/// its budget.
///
/// # Errors
/// When a step fails (the message says what to do) or an import is over its budget.
pub(crate) fn build(project: &Project, release: bool, only: &[String]) -> Result<()> {
    let packages = chosen(only)?;
    if release {
        return build_release(project, &packages);
    }
    toolchain::ensure_wasm_target(project)?;
    for package in packages {
        build_package(project, package, Mode::Development, None)?;
    }
    licences(project)
}

/// The named packages, or all.
fn chosen(only: &[String]) -> Result<Vec<&'static Package>> {
    if only.is_empty() {
        return Ok(PACKAGES.iter().collect());
    }
    let named = |name: &String| {
        let known = || {
            PACKAGES
                .iter()
                .map(|package| package.name)
                .collect::<Vec<_>>()
        };
        let found = PACKAGES.iter().find(|package| package.name == name);
        found.with_context(|| format!("no package `{name}`: there are {}", known().join(", ")))
    };
    only.iter().map(named).collect()
}

/// npm takes along no file from above the package, so the licences lie in it.
fn licences(project: &Project) -> Result<()> {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        files::copy_if_changed(&project.path(name), &project.path(DIST).join(name))?;
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

/// How many ways of importing a release build measures.
pub(crate) fn way_count() -> u64 {
    WAYS.iter().map(|_| 1).sum()
}

fn build_release(project: &Project, packages: &[&Package]) -> Result<()> {
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
    for package in packages {
        let files = build_package(project, package, Mode::Release, node.as_ref())?;
        let label = format!("compressing {}", package.name);
        let folder = dist(project, package);
        progress::during(&label, || sizes::compress_beside(&folder, &files))?;
    }
    licences(project)?;
    if packages.iter().any(|package| package.name == CHECKOUT.name) {
        pin(project, node.as_ref())?;
    }
    integrity::write(&project.path(DIST), &[PINNED])?;
    let is_built = |way: &&Way| {
        let folder = way.script.split('/').next();
        packages.iter().any(|package| Some(package.name) == folder)
    };
    match &node {
        Some(node) => measure(
            project,
            node,
            &WAYS.iter().filter(is_built).collect::<Vec<_>>(),
        ),
        None => Ok(()),
    }
}

/// The elements in one script, for pages without a bundler: it knows the hashes of what it loads,
/// so that the hash of the script pins all of them.
const PINNED: &str = "checkout/kassa-checkout.js";

/// Makes the pinned script.
fn pin(project: &Project, node: Option<&Node>) -> Result<()> {
    let dist = project.path(DIST);
    if let Some(node) = node {
        let hash = |file| integrity::of(&dist.join("checkout").join(file));
        let pins = format!(
            r#"{{"style":"{}","module":"{}"}}"#,
            hash("kassa.css")?,
            hash("kassa_widget_bg.wasm")?
        );
        let define = [("KASSA_PINS", pins.as_str())];
        node.bundle(&dist.join("checkout/index.js"), &dist.join(PINNED), &define)?;
        sizes::compress_beside(&dist, &[PINNED.to_owned()])?;
    }
    Ok(())
}

/// Bundles every way of importing as a shop's bundler does, and holds it against its budget.
fn measure(project: &Project, node: &Node, ways: &[&Way]) -> Result<()> {
    let bundles = project.target.join("xtask/ways");
    files::clear(&bundles)?;
    let mut measured = Vec::new();
    for way in ways {
        let bundle = bundles.join(way.script);
        node.bundle(&project.path(DIST).join(way.script), &bundle, &[])?;
        let assets = way.assets.iter().map(|file| project.path(DIST).join(file));
        let files: Vec<_> = std::iter::once(bundle).chain(assets).collect();
        measured.push(progress::during(
            &format!("measuring {}", way.import),
            || sizes::Sizes::of(way.import, &files),
        )?);
    }
    for sizes in &measured {
        println!("{}", sizes.lines());
    }
    sizes::check_budgets(project, &measured)
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
    project.path(DIST).join(package.name)
}
