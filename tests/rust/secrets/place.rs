//! The server, the simulator and the shop, with secrets unlike any other text.

use std::{fs, net::TcpListener, path::Path};

use kassa_keys::ApiKeyHash;
use kassa_simulator::signature::Secret;
use kassa_tests::{
    faults::Receiver,
    services::{self, Binaries, Http, Service, free_port},
};

/// The secrets of a run.
pub(super) struct Keys {
    pub(super) api: &'static str,
    pub(super) account: &'static str,
    /// `whsec_` and the base64 of `webhook_bytes`.
    pub(super) webhook: &'static str,
    pub(super) webhook_bytes: &'static str,
    /// What software that speaks VETUMA signs with.
    pub(super) vetuma: &'static str,
}

/// Made for this test, unlike any other text.
const MARKED: Keys = Keys {
    api: "kassa_marker_0123456789abcdef0123456789abcdef01",
    account: "marker-ecommpay-secret-4f1b7c9e0a2d8863aa",
    webhook: "whsec_bWFya2VyLXdlYmhvb2stc2VjcmV0LTUxYzBmZmVlISE=",
    webhook_bytes: "marker-webhook-secret-51c0ffee!!",
    vetuma: "MARKEDP1-5EC2E7A0B1C2D3E4F5061728394A5B6C7D8E9FA0B1C2D3E4F50617283945EC2E",
};
/// Published ones, of the development configuration, in which webhooks reach this machine.
const DEVELOPMENT: Keys = Keys {
    api: services::DEV_API_KEY,
    account: "kassa-simulator-secret-for-development-only-0001",
    webhook: "whsec_a2Fzc2EtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQtMDE=",
    webhook_bytes: "kassa-development-webhook-secret-01",
    vetuma: "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35",
};

pub(super) const FORMER_ACCOUNT_SECRET: &str = "marker-ecommpay-former-93be20cc71d05f4e18";
pub(super) const METRICS_KEY: &str = "marker-metrics-key-77aa0e1b52d3c4f6";

/// The server, the simulator and the shop of one run.
pub(super) struct Place {
    pub(super) keys: &'static Keys,
    pub(super) kassa: Service,
    pub(super) shop: Receiver,
    pub(super) simulator: String,
    pub(super) http: Http,
    // The simulator ends with it.
    _runtime: tokio::runtime::Runtime,
}

impl Place {
    /// With a configuration file that refers to marked secrets.
    pub(super) fn configured(folder: &Path, more: &[&str]) -> Self {
        Self::open(folder, &MARKED, |listen, simulator, shop| {
            let config = write_configuration(folder, listen, simulator, shop);
            let arguments = ["serve", "--config", &config];
            [&arguments, more]
                .concat()
                .iter()
                .map(ToString::to_string)
                .collect()
        })
    }

    /// Without a configuration file.
    pub(super) fn development(folder: &Path) -> Self {
        let data = folder.join("data").display().to_string();
        Self::open(folder, &DEVELOPMENT, |listen, simulator, shop| {
            let places = [
                "--listen",
                listen,
                "--data",
                &data,
                "--simulator",
                simulator,
            ];
            let arguments = [&["serve"], places.as_slice(), &["--shop", shop]].concat();
            arguments.iter().map(ToString::to_string).collect()
        })
    }

    /// `arguments` is given where to listen, the simulator's address and the shop's.
    fn open(
        folder: &Path,
        keys: &'static Keys,
        arguments: impl Fn(&str, &str, &str) -> Vec<String>,
    ) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let simulator = simulate(&runtime, keys.account);
        let shop = Receiver::start().unwrap();
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        fs::create_dir(folder.join("data")).unwrap();
        let arguments = arguments(&listen, &simulator, shop.url());
        let variables = [("MARKED_ACCOUNT", keys.account)];
        let kassa = Binaries::find(None).unwrap().kassa;
        Self {
            keys,
            kassa: Service::start("kassa", &kassa, &arguments, &variables, folder).unwrap(),
            shop,
            simulator,
            http: Http::default(),
            _runtime: runtime,
        }
    }
}

/// Runs the simulator with the marked secret; its address.
fn simulate(runtime: &tokio::runtime::Runtime, account_secret: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let config = kassa_simulator::Config {
        secret: Secret::new(account_secret),
        ..kassa_simulator::Config::development()
    };
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, kassa_simulator::app(config))
            .await
            .unwrap();
    });
    url
}

/// Writes the configuration, with secrets by reference of both kinds; its path.
fn write_configuration(folder: &Path, listen: &str, simulator: &str, shop: &str) -> String {
    let hash = |key| ApiKeyHash::of(key).unwrap().to_hex();
    let (api_key, metrics_key) = (hash(MARKED.api), hash(METRICS_KEY));
    let text = format!(
        r#"
public_url = "http://{listen}"
listen = "{listen}"
database = "data/kassa.sqlite"
metrics_key = "{metrics_key}"

[[shops]]
id = "marked"
payee = "Metsän Puoti Oy"
api_keys = ["{api_key}"]
origins = ["{shop}"]
return_origins = ["{shop}"]

[shops.webhook]
# A name that nobody has: deliveries outside of development go to public addresses only.
url = "https://shop.invalid/webhooks"
secrets = ["file:webhook-secret"]

[shops.vetuma]
configurations = ["TESTIASIAKAS1"]
return_urls = ["{shop}"]

[[shops.vetuma.secrets]]
secret = "file:vetuma-secret"

[[shops.accounts]]
provider = "ecommpay"
secrets = ["env:MARKED_ACCOUNT", "file:former-secret"]

[shops.accounts.settings]
project_id = "120"
payment_page_url = "{simulator}/payment"
"#
    );
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("kassa.toml", &text);
    write("webhook-secret", MARKED.webhook);
    write("vetuma-secret", MARKED.vetuma);
    write("former-secret", FORMER_ACCOUNT_SECRET);
    folder.join("kassa.toml").to_str().unwrap().to_owned()
}
