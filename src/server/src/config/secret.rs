//! Secrets by reference: `file:/path` or `env:NAME`, never the secret itself.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In this file.
    File(PathBuf),
    /// In this variable of the environment.
    Environment(String),
}

impl SecretPlace {
    /// Reads a reference. A file's path is taken from the folder of the configuration.
    ///
    /// # Errors
    /// When it is none; with nothing of its text, which may be a secret.
    pub(super) fn parse(reference: &str, folder: &Path) -> Result<Self, String> {
        match reference.split_once(':') {
            Some(("file", path)) => Ok(Self::File(folder.join(path))),
            Some(("env", name)) => Ok(Self::Environment(name.to_owned())),
            _ => Err(
                "expected a reference, file:PATH or env:NAME; a secret never stands in the \
                 configuration itself"
                    .to_owned(),
            ),
        }
    }
}

/// Reads the secret that a reference points at. One line break at a file's end does not belong to
/// the secret.
///
/// # Errors
/// What is wrong with the reference or with what it points at; never any of the secret.
pub fn resolve(reference: &str, folder: &Path) -> Result<Zeroizing<String>, String> {
    match SecretPlace::parse(reference, folder)? {
        SecretPlace::File(path) => from_file(&path),
        SecretPlace::Environment(name) => from_environment(&name),
    }
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, String> {
    let bytes = Zeroizing::new(
        std::fs::read(path)
            .map_err(|error| format!("{} cannot be read: {}", path.display(), error.kind()))?,
    );
    let text =
        std::str::from_utf8(&bytes).map_err(|_| format!("{} is not text", path.display()))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(Zeroizing::new(text.to_owned()))
}

fn from_environment(name: &str) -> Result<Zeroizing<String>, String> {
    std::env::var(name)
        .map(Zeroizing::new)
        .map_err(|_| format!("the environment variable {name} is not set, or not text"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::resolve;

    #[test]
    fn a_secret_in_place_of_a_reference_is_refused_and_not_repeated() {
        let error = resolve("hunter2hunter2", Path::new(".")).unwrap_err();
        assert!(error.starts_with("expected a reference"), "{error}");
        assert!(!error.contains("hunter2"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = resolve("file:no-such-file", Path::new("/nowhere")).unwrap_err();
        assert_eq!(
            error,
            "/nowhere/no-such-file cannot be read: entity not found"
        );
    }
}
