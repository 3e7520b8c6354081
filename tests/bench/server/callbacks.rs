//! ecommpay's callbacks about attempts, signed before anything is measured.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use kassa_checkout::message::Signature;
use kassa_keys::HmacSha512Key;
use kassa_providers::ecommpay::signing;
use kassa_tests::services::Problem;
use serde_json::{Value, json};

/// The secret of the development configuration's account.
const SECRET: &str = "kassa-simulator-secret-for-development-only-0001";
/// How many files there are: one for each of wrk's threads.
const PARTS: usize = 2;

/// Callbacks, one a line, in one file for each of wrk's threads.
pub(crate) struct Callbacks {
    key: HmacSha512Key,
    files: Vec<BufWriter<File>>,
    written: usize,
}

impl Callbacks {
    /// Files that begin with this path; to it comes the number of the thread.
    ///
    /// # Errors
    /// When they cannot be made.
    pub(crate) fn create(path: &Path) -> Result<Self, Problem> {
        let file = |part| {
            let file = File::create(format!("{}{part}", path.display()))?;
            Ok::<_, std::io::Error>(BufWriter::new(file))
        };
        Ok(Self {
            key: HmacSha512Key::parse(SECRET)?,
            files: (0..PARTS).map(file).collect::<Result<_, _>>()?,
            written: 0,
        })
    }

    /// Adds the report that an attempt succeeded.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn add(&mut self, attempt: &str) -> Result<(), Problem> {
        let mut body = paid(attempt, self.written);
        let text = signing::canonical_string(body.to_string().as_bytes())?;
        let signature = Signature(self.key.sign(text.as_bytes()));
        if let Some(body) = body.as_object_mut() {
            body.insert("signature".to_owned(), signing::encode(&signature).into());
        }
        if let Some(file) = self.files.get_mut(self.written % PARTS) {
            writeln!(file, "{body}")?;
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the files.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        for mut file in self.files {
            file.flush()?;
        }
        Ok(())
    }
}

fn paid(attempt: &str, operation: usize) -> Value {
    json!({
        "project_id": 120,
        "payment": {
            "id": attempt,
            "type": "purchase",
            "status": "success",
            "method": "Finnish Banks",
            "date": "2026-11-21T10:00:00+0000",
            "sum": { "amount": 4_990, "currency": "EUR" },
            "description": "",
        },
        "operation": {
            "id": operation + 1,
            "type": "sale",
            "status": "success",
            "date": "2026-11-21T10:00:00+0000",
            "created_date": "2026-11-21T09:59:00+0000",
            "sum_initial": { "amount": 4_990, "currency": "EUR" },
            "sum_converted": { "amount": 4_990, "currency": "EUR" },
            "code": "0",
            "message": "Success",
        },
    })
}
