//! Node.js and the two tools of the release build that come from npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::files;
use crate::progress;
use crate::project::Project;
use crate::toolchain::answers;

/// The folder whose `package-lock.json` pins wasm-opt and the minifier.
pub(super) const TOOLS: &str = "src/xtask/tools";

/// What to do when there is no Node.js.
pub(crate) const NODE_ADVICE: &str =
    "install Node.js 20 or newer with npm, for instance `apt-get install nodejs npm`";

/// What wasm-opt may use: what Rust's compiler and wasm-bindgen already use.
const WASM_OPT: &[&str] = &[
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "--merge-similar-functions",
    // The stack's far end is there, which no program reaches that still runs: so a constant may go
    // into the offset of a load.
    "--low-memory-unused",
    // Flow is made anew from blocks: 1 % less than what the compiler left.
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--converge",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// An installed Node.js with npm.
pub(crate) struct Node {
    root: PathBuf,
    tools: PathBuf,
    /// The lock file of the tools: another tool may make other files of the same input.
    lock: String,
}

impl Node {
    /// Looks for `node` and `npm` in the path.
    pub(crate) fn find(project: &Project) -> Option<Self> {
        let version = |program: &str| {
            let mut command = project.command(program);
            command.arg("--version");
            command
        };
        if !answers(version("node")) || !answers(version("npm")) {
            return None;
        }
        let tools = project.path(TOOLS);
        let lock = fs::read_to_string(tools.join("package-lock.json")).unwrap_or_default();
        Some(Self {
            root: project.root.clone(),
            tools,
            lock,
        })
    }

    /// Installs a folder's npm packages as its lock file says, unless that is already done.
    ///
    /// # Errors
    /// When the lock file is missing or npm fails.
    pub(crate) fn install(&self, folder: &Path) -> Result<()> {
        let lock = folder.join("package-lock.json");
        let stamp = folder.join("node_modules/.kassa-lock");
        let wanted = fs::read_to_string(&lock).with_context(|| {
            format!(
                "{} is missing: run `npm install` in {} and commit it",
                lock.display(),
                folder.display()
            )
        })?;
        if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
            return Ok(());
        }
        let shown = folder.strip_prefix(&self.root).unwrap_or(folder);
        progress::run(
            &format!("installing npm packages in {} (npm ci)", shown.display()),
            Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-fund", "--no-audit"])
                .current_dir(folder),
            "the lines above say why; npm needs a network connection the first time",
        )?;
        fs::create_dir_all(folder.join("node_modules"))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
    }

    /// Text that changes with the tools' versions.
    pub(super) fn tools_version(&self) -> &str {
        &self.lock
    }

    /// Shrinks a WebAssembly file.
    ///
    /// # Errors
    /// When wasm-opt fails.
    pub(super) fn wasm_opt(&self, label: &str, from: &Path, to: &Path) -> Result<()> {
        let mut command = self.tool("binaryen/bin/wasm-opt");
        command.args(WASM_OPT).arg(from).arg("-o").arg(to);
        progress::run(label, &mut command, TOOL_ADVICE)
    }

    /// Minifies a folder's scripts and style sheets into another folder, and copies the rest there.
    ///
    /// # Errors
    /// When the minifier refuses a file.
    pub(super) fn minify(&self, from: &Path, to: &Path) -> Result<()> {
        let (code, rest): (Vec<_>, Vec<_>) = files::list(from)?
            .into_iter()
            .partition(|file| is_minified(file));
        if !code.is_empty() {
            self.esbuild(from, to, &code)?;
        }
        for file in &rest {
            files::copy_if_changed(&from.join(file), &to.join(file))?;
        }
        Ok(())
    }

    /// Bundles a script and all that it imports into one file, as a shop's bundler does. What is
    /// defined stands in the place of its name.
    ///
    /// # Errors
    /// When the bundler refuses a file.
    pub(super) fn bundle(&self, from: &Path, to: &Path, define: &[(&str, &str)]) -> Result<()> {
        let mut command = self.tool("esbuild/bin/esbuild");
        command
            .args(["--bundle", "--minify", "--format=esm", "--charset=utf8"])
            .args(["--legal-comments=none", "--log-level=warning"])
            .arg(format!("--outfile={}", to.display()))
            .args(
                define
                    .iter()
                    .map(|(name, value)| format!("--define:{name}={value}")),
            )
            .arg(from);
        progress::run(
            &format!("bundling {}", from.display()),
            &mut command,
            TOOL_ADVICE,
        )
    }

    fn esbuild(&self, folder: &Path, to: &Path, code: &[String]) -> Result<()> {
        let output = self
            .tool("esbuild/bin/esbuild")
            .args([
                "--minify",
                "--charset=utf8",
                "--legal-comments=none",
                "--log-level=warning",
                "--outbase=.",
            ])
            .arg(format!("--outdir={}", to.display()))
            .args(code)
            .current_dir(folder)
            .output()
            .context("cannot start esbuild")?;
        if output.status.success() {
            return Ok(());
        }
        bail!(
            "esbuild refused a file of {}:\n{}\n  {TOOL_ADVICE}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr)
        )
    }

    fn tool(&self, path: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.tools.join("node_modules").join(path));
        command
    }
}

const TOOL_ADVICE: &str = "the lines above say why; remove src/xtask/tools/node_modules to have the tools installed again";

fn is_minified(file: &str) -> bool {
    file.ends_with(".js") || file.ends_with(".css")
}
