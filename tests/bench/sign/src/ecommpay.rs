//! A Gate sale signed and a callback verified: ours beside the official npm package, on the very
//! same inputs.

use std::{
    error::Error,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use kassa_checkout::{
    RawCallback,
    message::{Algorithm, Purpose, Signer},
    provider::Provider,
};
use kassa_keys::{HmacSha512Key, Keyring};
use kassa_providers::{
    Settings,
    ecommpay::{json::Json, signing},
};
use serde_json::{Value, json};

const SECRET: &str = "invented-secret-of-the-benchmark-0001";

/// A sale, as it leaves but for its signature.
const SALE: &str = r#"{"general":{"project_id":120,"payment_id":"pay_01jd2x3y4z5a6b7c8d9e0f1g2h-1"},"payment":{"amount":4990,"currency":"EUR","description":"Metsän Puoti 20261001"},"customer":{"id":"pay_01jd2x3y4z5a6b7c8d9e0f1g2h","ip_address":"192.0.2.7","first_name":"Maija","last_name":"Meikäläinen","email":"maija@example.fi"},"account":{"bank_id":4971},"return_url":{"return":"https://pay.example/return/co_0123456789","success":"https://pay.example/return/co_0123456789","decline":"https://pay.example/return/co_0123456789"},"callback":{"url":"https://pay.example/callbacks/ecommpay"}}"#;

pub(crate) struct Bench {
    keyring: Keyring,
    provider: Box<dyn Provider>,
    callback: String,
    package: PathBuf,
    inputs: PathBuf,
}

/// What the npm package does in a second.
pub(crate) struct Theirs {
    pub(crate) sale: f64,
    pub(crate) sale_text: f64,
    pub(crate) callback: f64,
}

impl Bench {
    pub(crate) fn new(package: &Path) -> Result<Self, Box<dyn Error>> {
        let mut keyring = Keyring::default();
        let key = HmacSha512Key::parse(SECRET)?;
        keyring.add("shop", "ecommpay", Purpose::Payment, key);
        let settings = Settings::from([("project_id".to_owned(), "120".to_owned())]);
        let mut bench = Self {
            keyring,
            provider: kassa_providers::build("ecommpay", &settings)?,
            callback: String::new(),
            package: package.to_owned(),
            inputs: std::env::temp_dir().join(format!("kassa-bench-sign-{}", std::process::id())),
        };
        let unsigned = callback();
        let signature = bench.sign(unsigned.to_string().as_bytes())?;
        let mut signed = unsigned;
        if let Some(fields) = signed.as_object_mut() {
            fields.insert("signature".to_owned(), Value::from(signature));
        }
        bench.callback = signed.to_string();
        bench.verify()?;
        let inputs = json!({
            "secret": SECRET,
            "sale": SALE,
            "signature": bench.sign(SALE.as_bytes())?,
            "callback": bench.callback,
        });
        fs::write(&bench.inputs, inputs.to_string())?;
        Ok(bench)
    }

    /// Sales signed in a second, from the object to the signature's text.
    pub(crate) fn sale(&self, time: Duration) -> f64 {
        let object = Json::read(SALE.as_bytes()).unwrap_or(Json::Null);
        super::rate(time, || {
            let _ = black_box(self.sign_object(black_box(&object)));
        })
    }

    /// The same from the body's bytes.
    pub(crate) fn sale_text(&self, time: Duration) -> f64 {
        super::rate(time, || {
            let _ = black_box(self.sign(black_box(SALE.as_bytes())));
        })
    }

    /// Callbacks read and verified in a second, from the body's bytes to the report.
    pub(crate) fn callback(&self, time: Duration) -> f64 {
        super::rate(time, || {
            let _ = black_box(self.verify());
        })
    }

    /// Texts of a sale's length hashed with the key in a second: the part of a signature that nobody
    /// can do without.
    pub(crate) fn sale_hash(&self, time: Duration) -> f64 {
        self.hash(SALE.as_bytes(), time)
    }

    /// The same of a callback's length.
    pub(crate) fn callback_hash(&self, time: Duration) -> f64 {
        self.hash(callback().to_string().as_bytes(), time)
    }

    fn hash(&self, body: &[u8], time: Duration) -> f64 {
        let text = signing::canonical_string(body).unwrap_or_default();
        let account = self.keyring.account("shop", "ecommpay");
        super::rate(time, || {
            let text = black_box(text.as_bytes());
            let _ = black_box(account.sign(Algorithm::HmacSha512, Purpose::Payment, text));
        })
    }

    /// The same by the npm package, which refuses to be measured where it signs otherwise.
    pub(crate) fn theirs(&self, seconds: u64) -> Result<Theirs, Box<dyn Error>> {
        let output = Command::new("node")
            .arg(self.package.join("theirs.cjs"))
            .arg(&self.inputs)
            .arg(seconds.to_string())
            .output()
            .map_err(|error| format!("node cannot be run: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let figure = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse().ok()
        };
        match (figure("sale "), figure("sale-text "), figure("callback ")) {
            (Some(sale), Some(sale_text), Some(callback)) => Ok(Theirs {
                sale,
                sale_text,
                callback,
            }),
            _ => Err(format!("theirs.cjs: {}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }

    fn sign(&self, body: &[u8]) -> Result<String, Box<dyn Error>> {
        self.sign_object(&Json::read(body)?)
    }

    fn sign_object(&self, object: &Json) -> Result<String, Box<dyn Error>> {
        let text = signing::canonical_string_of(object)?;
        let account = self.keyring.account("shop", "ecommpay");
        let signature = account.sign(Algorithm::HmacSha512, Purpose::Payment, text.as_bytes())?;
        Ok(signing::encode(&signature))
    }

    fn verify(&self) -> Result<(), Box<dyn Error>> {
        let callbacks = self.provider.callbacks().ok_or("no callbacks")?;
        let raw = RawCallback::posted(self.callback.as_bytes());
        let verified = callbacks
            .claim(&raw)?
            .verify(&self.keyring.account("shop", "ecommpay"))?;
        black_box(verified.get());
        Ok(())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // It holds nothing but inventions; the system's folder is cleaned anyway.
        let _ = fs::remove_file(&self.inputs);
    }
}

/// A callback that a payment was made, without its signature.
fn callback() -> Value {
    json!({
        "project_id": 120,
        "payment": {
            "id": "pay_01jd2x3y4z5a6b7c8d9e0f1g2h-1",
            "type": "purchase",
            "status": "success",
            "date": "2026-11-03T14:41:38+0000",
            "method": "Finnish Banks",
            "sum": {"amount": 4990, "currency": "EUR"},
            "description": "Metsän Puoti 20261001",
        },
        "customer": {"id": "pay_01jd2x3y4z5a6b7c8d9e0f1g2h"},
        "operation": {
            "id": 77_796_010_023_511_u64,
            "type": "sale",
            "status": "success",
            "date": "2026-11-03T14:41:38+0000",
            "created_date": "2026-11-03T14:40:38+0000",
            "request_id": "4727897a23d96203f784d22c87a7f4f473d93-00077797",
            "sum_initial": {"amount": 4990, "currency": "EUR"},
            "sum_converted": {"amount": 4990, "currency": "EUR"},
            "code": "0",
            "message": "Success",
            "provider": {"id": 1, "payment_id": "123", "auth_code": ""},
        },
    })
}
