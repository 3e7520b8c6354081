//! Runs the files `op-*.json` through `kassa-providers` and `kassa-keys`.

use kassa_checkout::message::{Algorithm, Purpose, Refused, Signature, Signer, Verifier};
use kassa_keys::{Keyring, RsaSha256Key};
use kassa_providers::op::signing::{Authorization, Lines, decode, encode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::Report;

/// The key pair that OP's documentation prints, which the files are made with.
const EXAMPLE_KEY: &str = include_str!("../../vectors/op-example-key.json");

const RSA: Algorithm = Algorithm::RsaSha256;

/// Runs a file of the format of `op-signature.json`: the text to sign, the signature and the
/// header, byte for byte.
#[must_use]
pub fn sign(file: &Value) -> Report {
    run(file, sign_one)
}

/// Runs a file of the format of `op-signature-reject.json`: signatures that must be refused.
#[must_use]
pub fn refuse(file: &Value) -> Report {
    run(file, refuse_one)
}

#[derive(Deserialize)]
struct Signed {
    method: String,
    content_type: String,
    date: String,
    merchant_id: String,
    api_key: String,
    session_id: String,
    request_id: String,
    key_version: u16,
    url: String,
    body: String,
    string_to_sign: String,
    signature_hex: String,
    authorization_header: String,
}

#[derive(Deserialize)]
struct Refusal {
    string_to_sign: String,
    signature_hex: String,
}

fn sign_one(keyring: &Keyring, test: &Signed) -> Result<(), String> {
    let text = Lines {
        method: &test.method,
        content_type: &test.content_type,
        date: &test.date,
        signer: &test.merchant_id,
        api_key: &test.api_key,
        session_id: &test.session_id,
        request_id: &test.request_id,
        url: &test.url,
        body: test.body.as_bytes(),
    }
    .to_bytes();
    same("string_to_sign", &text, test.string_to_sign.as_bytes())?;
    let account = keyring.account("shop", "op");
    let signature = account
        .sign(RSA, Purpose::Payment, &text)
        .map_err(|error| error.to_string())?;
    let hex = encode(&signature);
    same(
        "signature_hex",
        hex.as_bytes(),
        test.signature_hex.as_bytes(),
    )?;
    let header = Authorization::prefix(&test.merchant_id, test.key_version) + &hex;
    let wanted = test.authorization_header.as_bytes();
    same("authorization_header", header.as_bytes(), wanted)?;
    // What comes in may be written in either case.
    for header in [header, upper_signature(&test.authorization_header)] {
        let read = Authorization::parse(&header).map_err(|error| error.to_string())?;
        let verified = account.verify(RSA, Purpose::Payment, &text, &read.signature);
        let agrees = (read.signer == test.merchant_id)
            && read.key_version == test.key_version
            && Signature(read.signature) == signature;
        if verified.is_err() || !agrees {
            return Err(format!("read back as another: {header}"));
        }
    }
    Ok(())
}

fn refuse_one(keyring: &Keyring, test: &Refusal) -> Result<(), String> {
    // Where it is no hexadecimal at all, it is refused before any key is tried.
    let Some(signature) = decode(&test.signature_hex) else {
        return Ok(());
    };
    let account = keyring.account("shop", "op");
    let text = test.string_to_sign.as_bytes();
    match account.verify(RSA, Purpose::Payment, text, &signature) {
        Err(Refused::Signature) => Ok(()),
        other => Err(format!("came {other:?}")),
    }
}

fn upper_signature(header: &str) -> String {
    match header.rsplit_once(':') {
        Some((rest, signature)) => format!("{rest}:{}", signature.to_uppercase()),
        None => String::new(),
    }
}

fn run<T: DeserializeOwned>(
    file: &Value,
    test: impl Fn(&Keyring, &T) -> Result<(), String>,
) -> Report {
    let mut report = Report::default();
    let (keyring, tests) = match (keyring(), file.get("tests").and_then(Value::as_array)) {
        (Ok(keyring), Some(tests)) => (keyring, tests),
        (Err(error), _) => return failed(error),
        (_, None) => return failed("no list of tests".to_owned()),
    };
    for (place, one) in tests.iter().enumerate() {
        let read = T::deserialize(one).map_err(|error| error.to_string());
        match read.and_then(|read| test(&keyring, &read)) {
            Ok(()) => report.passed += 1,
            Err(why) => {
                let name = one.get("name").unwrap_or(&Value::Null);
                report.failed.push(format!("test {place} ({name}): {why}"));
            }
        }
    }
    report
}

fn failed(why: String) -> Report {
    Report {
        failed: vec![why],
        ..Report::default()
    }
}

fn keyring() -> Result<Keyring, String> {
    let file: Value = serde_json::from_str(EXAMPLE_KEY).map_err(|error| error.to_string())?;
    let der = file.get("pkcs8_der_base64").and_then(Value::as_str);
    let der = der.ok_or("op-example-key.json holds no key")?;
    // The file has the bytes in one line; the parser takes a block of whatever lines.
    let block = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----");
    let key = RsaSha256Key::parse(&block).map_err(|error| error.to_string())?;
    let mut keyring = Keyring::default();
    keyring.add("shop", "op", Purpose::Payment, key);
    Ok(keyring)
}

fn same(what: &str, ours: &[u8], wanted: &[u8]) -> Result<(), String> {
    if ours == wanted {
        return Ok(());
    }
    let [ours, wanted] = [ours, wanted].map(String::from_utf8_lossy);
    Err(format!("{what}: wanted {wanted:?}, came {ours:?}"))
}
