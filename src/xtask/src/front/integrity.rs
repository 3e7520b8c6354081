//! Subresource integrity: the hash of every file that a page may load, for pages that pin them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha384};

use super::files;
use crate::sizes::is_downloaded;

/// The file beside the built ones that lists the hashes.
const LIST: &str = "integrity.json";

/// Writes the hashes of all built files, and prints those that a page begins with.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn write(dist: &Path, printed: &[&str]) -> Result<()> {
    let mut hashes = BTreeMap::new();
    for file in files::list(dist)?
        .into_iter()
        .filter(|file| is_downloaded(file))
    {
        hashes.insert(file.clone(), of(&dist.join(&file))?);
    }
    for file in printed {
        if let Some(hash) = hashes.get(*file) {
            println!("integrity {file}: {hash}");
        }
    }
    let lines: Vec<_> = hashes
        .iter()
        .map(|(file, hash)| format!("  \"{file}\": \"{hash}\""))
        .collect();
    let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
    let list = dist.join(LIST);
    fs::write(&list, text).with_context(|| format!("cannot write {}", list.display()))
}

/// A file's hash as the attribute `integrity` takes it.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn of(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text(&bytes))
}

fn text(bytes: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_one_of_the_specification() {
        // The example of the W3C's "Subresource Integrity": SHA-384 of a script that says hello.
        assert_eq!(
            super::text(b"alert('Hello, world.');"),
            "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
        );
    }
}
