//! What a customer's browser downloads, after brotli, and the budgets for it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use brotli::enc::BrotliEncoderParams;

use crate::project::{Project, read_toml};

/// The file of budgets: import = bytes after brotli.
const BUDGETS: &str = "pkg/sizes.toml";

/// Compresses each of the files that a browser loads, and leaves the result beside it as `FILE.br`
/// for the server to send.
///
/// # Errors
/// When a file cannot be read or written.
pub(crate) fn compress_beside(folder: &Path, files: &[String]) -> Result<()> {
    for file in files.iter().filter(|file| is_downloaded(file)) {
        let beside = folder.join(format!("{file}.br"));
        fs::write(&beside, compress(&read(&folder.join(file))?)?)
            .with_context(|| format!("cannot write {}", beside.display()))?;
    }
    Ok(())
}

/// The size of what one way of importing loads, file by file, in bytes after brotli at its best
/// level.
pub(crate) struct Sizes {
    /// The import, as in the budget file.
    name: String,
    /// File name and bytes, largest first.
    files: Vec<(String, usize)>,
}

impl Sizes {
    /// Measures files, each compressed by itself, as a server sends them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn of(name: &str, files: &[PathBuf]) -> Result<Self> {
        let mut measured = files
            .iter()
            .map(|path| {
                let file = path.file_name().unwrap_or_default();
                let bytes = compress(&read(path)?)?.len();
                Ok((file.to_string_lossy().into_owned(), bytes))
            })
            .collect::<Result<Vec<_>>>()?;
        measured.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        Ok(Self {
            name: name.to_owned(),
            files: measured,
        })
    }

    /// All files together, in bytes.
    fn total(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }

    /// The lines that `cargo xtask build --release` prints.
    pub(crate) fn lines(&self) -> String {
        let mut lines = format!("size {}: {} B brotli", self.name, self.total());
        for (file, bytes) in &self.files {
            lines.push_str(&format!("\n  {file}: {bytes} B"));
        }
        lines
    }
}

/// Compares every way of importing with its budget.
///
/// # Errors
/// When one is larger than its budget or has none; the message names all of them.
pub(crate) fn check_budgets(project: &Project, measured: &[Sizes]) -> Result<()> {
    let budgets = read_toml(&project.path(BUDGETS))?;
    let complaints: Vec<_> = measured
        .iter()
        .filter_map(|sizes| complaint(&sizes.name, sizes.total(), &budgets))
        .collect();
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{}", complaints.join("\n"))
}

/// What brotli at level 11 with a window of 4 MiB makes of some data.
///
/// # Errors
/// Never in practice: the data is in memory.
fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: bytes.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &params).context("brotli failed")?;
    Ok(compressed)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn complaint(name: &str, total: usize, budgets: &BTreeMap<String, usize>) -> Option<String> {
    match budgets.get(name) {
        None => Some(format!(
            "`{name}` has no budget: add a line `\"{name}\" = …` to {BUDGETS}"
        )),
        Some(budget) if total > *budget => Some(format!(
            "`{name}` is {total} B after brotli, {} B over its budget of {budget} B ({BUDGETS}): \
             make it smaller, the files above show where the bytes are",
            total - budget
        )),
        Some(_) => None,
    }
}

/// Types are for the developer's editor; no browser loads them.
pub(crate) fn is_downloaded(file: &str) -> bool {
    [".js", ".mjs", ".wasm", ".css"]
        .iter()
        .any(|ending| file.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets() -> BTreeMap<String, usize> {
        BTreeMap::from([("kassa/checkout".to_owned(), 48_000)])
    }

    #[test]
    fn brotli_is_the_real_one() {
        // The reference encoder (brotli 1.0.9, -q 11 -w 22) makes 13 bytes of this.
        assert_eq!(compress(&[b'a'; 10_000]).unwrap().len(), 13);
        let mut state = 1u32;
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_be_bytes()[0]
        });
        // What cannot be compressed is stored, with four bytes around it.
        let noise: Vec<u8> = noise.take(4096).collect();
        assert_eq!(compress(&noise).unwrap().len(), 4100);
    }

    #[test]
    fn empty_file_is_one_byte() {
        assert_eq!(compress(b"").unwrap().len(), 1);
    }

    #[test]
    fn at_the_budget_is_within() {
        assert_eq!(complaint("kassa/checkout", 48_000, &budgets()), None);
        let over = complaint("kassa/checkout", 48_001, &budgets()).unwrap();
        assert!(
            over.starts_with("`kassa/checkout` is 48001 B after brotli, 1 B over"),
            "{over}"
        );
    }

    #[test]
    fn an_import_needs_a_budget() {
        let missing = complaint("kassa", 1, &budgets()).unwrap();
        assert!(missing.contains("`kassa` has no budget"), "{missing}");
    }

    #[test]
    fn only_what_a_browser_loads_counts() {
        assert!(is_downloaded("kassa.css"));
        assert!(is_downloaded("snippets/a/inline0.js"));
        assert!(!is_downloaded("index.d.ts"));
        assert!(!is_downloaded("README.md"));
    }

    #[test]
    fn total_is_the_sum_of_the_files() {
        let folder = std::env::temp_dir().join(format!("kassa-sizes-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.js"), b"").unwrap();
        fs::write(folder.join("b.css"), [b'a'; 10_000]).unwrap();
        let sizes = Sizes::of("kassa", &[folder.join("a.js"), folder.join("b.css")]).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            sizes.lines(),
            "size kassa: 14 B brotli\n  b.css: 13 B\n  a.js: 1 B"
        );
    }

    #[test]
    fn what_the_server_sends_lies_beside() {
        let folder = std::env::temp_dir().join(format!("kassa-beside-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("b.css"), [b'a'; 10_000]).unwrap();
        fs::write(folder.join("c.d.ts"), b"types").unwrap();
        compress_beside(&folder, &["b.css", "c.d.ts"].map(str::to_owned)).unwrap();
        let beside = fs::read(folder.join("b.css.br")).unwrap();
        let types_are_left_alone = !folder.join("c.d.ts.br").exists();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(beside.len(), 13);
        assert!(types_are_left_alone);
    }
}
