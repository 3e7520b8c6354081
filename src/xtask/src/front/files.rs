//! Folders of built files: listed, copied, and cleared of what is no longer made.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};

/// The files below a folder, as sorted paths with `/`; none when the folder is not there.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn list(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        collect(folder, "", &mut found)
            .with_context(|| format!("cannot read {}", folder.display()))?;
    }
    found.sort();
    Ok(found)
}

/// Copies a file unless the same content is already there.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(to, content).with_context(|| format!("cannot write {}", to.display()))
}

/// Removes every file below a folder that is not one of those to keep.
///
/// # Errors
/// When a file cannot be removed.
pub(super) fn remove_others(folder: &Path, keep: &[String]) -> Result<()> {
    for file in list(folder)? {
        if !keep.contains(&file) {
            let path = folder.join(&file);
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Makes a folder that is there and empty.
///
/// # Errors
/// When it cannot be emptied or made.
pub(super) fn clear(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Text that changes when the file is written again.
///
/// # Errors
/// When the file is not there.
pub(super) fn fingerprint(file: &Path) -> Result<String> {
    let about = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    let written = about
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(format!(
        "{} bytes at {} ns",
        about.len(),
        written.as_nanos()
    ))
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else if !entry.file_name().to_string_lossy().starts_with('.') {
            found.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_brought_to_exactly_the_kept_files() {
        let root = std::env::temp_dir().join(format!("kassa-files-{}", std::process::id()));
        let (from, to) = (root.join("from"), root.join("to"));
        fs::create_dir_all(from.join("deep")).unwrap();
        fs::create_dir_all(&to).unwrap();
        fs::write(from.join("deep/a.js"), "a").unwrap();
        fs::write(to.join("old.js"), "old").unwrap();

        assert_eq!(list(&from).unwrap(), ["deep/a.js"]);
        copy_if_changed(&from.join("deep/a.js"), &to.join("deep/a.js")).unwrap();
        let first = fingerprint(&to.join("deep/a.js")).unwrap();
        copy_if_changed(&from.join("deep/a.js"), &to.join("deep/a.js")).unwrap();
        assert_eq!(
            first,
            fingerprint(&to.join("deep/a.js")).unwrap(),
            "written again without need"
        );
        remove_others(&to, &["deep/a.js".to_owned()]).unwrap();
        assert_eq!(list(&to).unwrap(), ["deep/a.js"]);
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_missing_folder_has_no_files() {
        assert!(list(Path::new("/no/such/folder")).unwrap().is_empty());
    }
}
