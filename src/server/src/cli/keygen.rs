//! `kassa keygen`: key pairs for providers that take our signature by a public key.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use kassa_keys::RsaSha256Key;

use super::{failure::Failure, say};

#[derive(Subcommand)]
pub(super) enum Keygen {
    /// Make an RSA key pair for OP Online Payment, and print what OP has to be sent
    #[command(after_help = OP)]
    Op(Out),
}

const OP: &str = "\
Examples:
  kassa keygen op --out secrets/op-key.pem

The private key goes into the new file, readable by its owner only, and nowhere else; a file that is
there already is left alone. The public key is printed. OP's sandbox needs none of this: there the
key of OP's own documentation signs.";

#[derive(Args)]
pub(super) struct Out {
    /// The file for the private key, which must not be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn keygen(command: &Keygen) -> Result<(), Failure> {
    let Keygen::Op(options) = command;
    let path = &options.out;
    let private = RsaSha256Key::generate_pem().map_err(|error| error.to_string())?;
    let key = RsaSha256Key::parse(private.trim_end()).map_err(|error| error.to_string())?;
    write_new(path, private.as_bytes()).map_err(|error| {
        Failure::from(format!(
            "{} cannot be made: {}",
            path.display(),
            match error.kind() {
                io::ErrorKind::AlreadyExists =>
                    "there is a file already, and it may hold a key".to_owned(),
                kind => kind.to_string(),
            }
        ))
    })?;
    let public = key.public();
    say(&format!(
        "The private key is in {}. Nobody else may see it, OP neither.\n\
         The public key, to be sent to OP as its e-mail to your technical contact says:\n\
         {}its SHA-256, to compare when OP confirms the key:\n  {}\n\
         Next:\n\
         \x20 1. Send OP the public key. OP answers with its version of the key, the merchantId, the\n\
         \x20    accountId and the addresses, by secure e-mail.\n\
         \x20 2. In the account of the shop: secrets = [\"file:{}\"], and in its settings\n\
         \x20    key_version = the version that OP gave this key.\n\
         \x20 3. Test it: kassa check --config FILE\n",
        path.display(),
        public.to_pem(),
        public.fingerprint(),
        path.display(),
    ))
}

/// Writes a new file that only its owner may read; nothing of it stays when that fails.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
