//! The configuration file: the example is right, and what is wrong is named by line and key.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{net::SocketAddr, sync::Arc};

use axum::body::Body;
use http::{Request, header};
use kassa_keys::{ApiKeyHash, RsaSha256Key, WebhookKey, api_key_text};
use kassa_server::{
    App,
    config::{Config, ConfigError, Database, Development},
};
use kit::{Folder, SECRET};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const EXAMPLE: &str = include_str!("../kassa.example.toml");

/// Reads the example with changes, each of which must be there to be changed.
fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = Folder::new();
    read_in(&folder, changes)
}

fn read_in(folder: &Folder, changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut text = EXAMPLE.replace("env:PUOTI_ECOMMPAY_SECRET", "file:secrets/ecommpay");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let secrets = folder.path().join("secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    let write = |name: &str, text: &str| std::fs::write(secrets.join(name), text).unwrap();
    write(
        "puoti-webhook",
        &(WebhookKey::text_from_random(&[7; 32]).as_str().to_owned() + "\n"),
    );
    write(
        "ecommpay",
        "an-invented-secret-that-is-long-enough-for-all-0042",
    );
    write("published", SECRET);
    write("vetuma", &format!("PUOTI1P1-{}", "7A".repeat(32)));
    write(
        "vetuma-published",
        "TESTIASIAKAS11-873C992B8C4C01EC8355500CAA709B37EA43BC2E591ABF29FEE5EAFE4DCBFA35",
    );
    write("vetuma-odd", &format!("PUOTI1P1-{}", "7a".repeat(32)));
    let file = folder.path().join("kassa.toml");
    std::fs::write(&file, text).unwrap();
    Config::read(&file)
}

/// What is wrong, as `line key: message`.
fn faults(changes: &[(&str, &str)]) -> Vec<String> {
    let Err(error) = read(changes) else {
        panic!("{changes:?} was taken")
    };
    assert!(error.file.ends_with("kassa.toml"));
    error
        .faults
        .iter()
        .map(|fault| {
            let line = fault.line.map_or("-".to_owned(), |line| line.to_string());
            format!("{line} {}: {}", fault.key, fault.message)
        })
        .collect()
}

fn line_of(text: &str) -> usize {
    1 + EXAMPLE
        .lines()
        .position(|line| line.starts_with(text))
        .unwrap()
}

#[test]
fn the_example_is_right() {
    let config = read(&[]).unwrap();
    assert_eq!(config.public_url, "https://pay.example");
    assert!(config.is_https() && !config.development);
    let shop = &config.shops["puoti"];
    assert_eq!(shop.leads_to(), ["https://paymentpage.ecommpay.com"]);
    assert_eq!(shop.return_origins, ["https://puoti.example"]);
    assert_eq!(shop.methods[0].code, "card");
}

#[test]
fn what_is_wrong_is_named_by_line_and_key() {
    let line = |start: &str| line_of(start);
    let cases: [(&[(&str, &str)], String); 17] = [
        (
            &[("code = \"card\"", "code = \"cards\"")],
            format!(
                "{} shops[0].methods: none of the shop's accounts has a method cards",
                line("code")
            ),
        ),
        (
            &[(
                "public_url = \"https://pay.example\"",
                "public_url = \"http://pay.example\"",
            )],
            format!(
                "{} public_url: expected https (plain http only for a loopback address)",
                line("public_url")
            ),
        ),
        (
            &[("pay.example\"", "pay.example/kassa\"")],
            format!(
                "{} public_url: expected an origin without a path: https://pay.example",
                line("public_url")
            ),
        ),
        (
            &[("127.0.0.1:8080", "everywhere")],
            format!(
                "{} listen: expected ADDRESS:PORT, such as 127.0.0.1:8080",
                line("listen")
            ),
        ),
        (
            &[(
                "[\"https://puoti.example\"]\n# The origins that",
                "[\"https://puoti.example/\"]\n# The origins that",
            )],
            format!(
                "{} shops[0].origins: expected an origin: https://puoti.example",
                line("origins")
            ),
        ),
        (
            &[("id = \"puoti\"", "id = \"Puoti\"")],
            format!(
                "{} shops[0].id: expected 1 to 40 characters of a-z, 0-9 and hyphen",
                line("id")
            ),
        ),
        (
            &[("expires_in = 86400", "expires_in = 5")],
            format!(
                "{} shops[0].expires_in: expected 60 to 2592000 seconds",
                line("expires_in")
            ),
        ),
        (
            &[("# banks = [\"nordea\"", "banks = [\"norda\"")],
            format!(
                "{} shops[0].banks: none of the shop's accounts offers norda",
                line("# banks")
            ),
        ),
        (
            &[("project_id = 4711", "project_id = \"47l1\"")],
            format!(
                "{} shops[0].accounts[0].settings.project_id: project_id is malformed: expected a positive whole number in plain digits",
                line("project_id")
            ),
        ),
        (
            &[("file:secrets/ecommpay", "hunter2")],
            format!(
                "{} shops[0].accounts[0].secrets: expected a reference, file:PATH or env:NAME; a secret never stands in the configuration itself",
                line("secrets = [\"env")
            ),
        ),
        (
            &[("file:secrets/ecommpay", "env:KASSA_NO_SUCH_VARIABLE")],
            format!(
                "{} shops[0].accounts[0].secrets: the environment variable KASSA_NO_SUCH_VARIABLE is not set, or not text",
                line("secrets = [\"env")
            ),
        ),
        (
            &[("file:secrets/puoti-webhook", "file:secrets/ecommpay")],
            format!(
                "{} shops[0].webhook.secrets: webhook secret has another prefix: expected whsec_",
                line("secrets = [\"file")
            ),
        ),
        (
            &[(
                "https://puoti.example/kassa/webhooks",
                "https://192.168.1.7/webhooks",
            )],
            format!(
                "{} shops[0].webhook.url: expected an https address outside of this machine and its network",
                line("url = \"https://puoti.example/kassa")
            ),
        ),
        (
            &[("# at_once = 8", "at_once = 0")],
            format!(
                "{} shops[0].webhook.at_once: expected 1 to 512",
                line("# at_once")
            ),
        ),
        (
            &[("# at_once = 8", "at_once = 513")],
            format!(
                "{} shops[0].webhook.at_once: expected 1 to 512",
                line("# at_once")
            ),
        ),
        (
            &[
                ("# [shops.logos]", "[shops.logos]"),
                ("# nordea = \"https:", "nordia = \"https:"),
            ],
            format!(
                "{} shops[0].logos.nordia: none of the shop's accounts offers nordia",
                line("# nordea")
            ),
        ),
        (
            &[("behind_proxy = true", "behind_proxy = \"yes\"")],
            format!(
                "{} behind_proxy: wrong type or value: expected a boolean",
                line("behind_proxy")
            ),
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(faults(changes), [expected]);
    }
}

/// The example's only account, as [`read`] changes it.
fn account() -> String {
    let at = EXAMPLE.find("[[shops.accounts]]").unwrap();
    let account = EXAMPLE[at..].replace("env:PUOTI_ECOMMPAY_SECRET", "file:secrets/ecommpay");
    account
        .split("# The provider's server")
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn a_shop_has_accounts_in_a_list_and_one_at_a_provider() {
    let account = account();
    let none = faults(&[(&account, "")]);
    let expected = "expected at least one [[shops.accounts]], the preferred one first";
    let id = line_of("id = ");
    assert_eq!(none, [format!("{id} shops[0].accounts: {expected}")]);

    let twice = format!("{account}{account}");
    let expected = "the shop has an account at this provider already: another one belongs to a \
                    shop of its own";
    let found = faults(&[(&account, &twice)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with(expected), "{found:?}");
    assert!(
        found[0].contains(" shops[0].accounts[1].provider: "),
        "{found:?}"
    );

    // As it was written once.
    let single = account.replace("[[shops.accounts]]", "[shops.account]");
    let single = single.replace("[shops.accounts.settings]", "[shops.account.settings]");
    let expected = "expected a list: write [[shops.accounts]] for [shops.account], and \
                    [shops.accounts.settings] for its settings";
    let line = line_of("[[shops.accounts]]");
    let found = faults(&[(&account, &single)]);
    assert_eq!(found, [format!("{line} shops[0].account: {expected}")]);
}

#[test]
fn accounts_stand_in_order_of_preference() {
    let private = example_key("pkcs8_der_base64", "PRIVATE KEY");
    let public = example_key("spki_der_base64", "PUBLIC KEY");
    let ecommpay = account().replace("file:secrets/ecommpay", "file:secrets/ecommpay-key");
    let op_first = op_account("sandbox") + &ecommpay;
    let config = read_op(&op_first, &private, &public).unwrap();
    let shop = &config.shops["puoti"];
    let ids: Vec<_> = shop.accounts.iter().map(|account| account.id()).collect();
    assert_eq!(ids, ["op", "ecommpay"]);
    let banks: Vec<_> = shop
        .all_banks()
        .iter()
        .map(|bank| bank.id.as_str())
        .collect();
    assert_eq!((banks[0], banks.contains(&"nordea")), ("op", true));
    assert_eq!(banks.iter().filter(|bank| **bank == "op").count(), 1);
    let pages = ["https://front.example", "https://paymentpage.ecommpay.com"];
    assert!(
        pages
            .iter()
            .all(|page| shop.leads_to().contains(&(*page).to_owned()))
    );
}

#[test]
fn a_misspelt_key_and_broken_syntax_have_a_line() {
    let misspelt = faults(&[("behind_proxy", "behind_a_proxy")]);
    let line = line_of("behind_proxy");
    assert!(misspelt[0].starts_with(&format!("{line} ")), "{misspelt:?}");
    assert!(
        misspelt[0].contains("unknown field `behind_a_proxy`"),
        "{misspelt:?}"
    );
    let broken = faults(&[("database = \"kassa.db\"", "database = ")]);
    assert!(
        broken[0].starts_with(&format!("{} ", line_of("database"))),
        "{broken:?}"
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let found = faults(&[("127.0.0.1:8080", "x"), ("id = \"puoti\"", "id = \"\"")]);
    assert_eq!(found.len(), 2);
}

#[test]
fn published_secrets_are_refused() {
    let refused = |changes: &[(&str, &str)]| {
        let found = faults(changes);
        assert!(found[0].contains("published secret"), "{found:?}");
    };
    refused(&[("file:secrets/ecommpay", "file:secrets/published")]);
    let demo = ApiKeyHash::of(kit::API_KEY).unwrap().to_hex();
    refused(&[(
        "0f5ab1b4f7b3a3c9d1e0f2a4b6c8d0e2f4a6b8cad0ecf2041628394a5b6c7d8e",
        &demo,
    )]);
}

#[test]
fn the_development_configuration_serves_this_machine_only() {
    let with = |listen: &str, simulator: &str| {
        Development {
            listen: listen.parse::<SocketAddr>().unwrap(),
            simulator: simulator.to_owned(),
            ..Development::default()
        }
        .config()
    };
    assert!(with("127.0.0.1:0", "http://127.0.0.1:8081").is_ok());
    assert!(with("[::1]:0", "http://localhost:8081").is_ok());
    for listen in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
        let error = with(listen, "http://127.0.0.1:8081").unwrap_err();
        assert!(
            error.starts_with(&format!("--listen {listen}: ")),
            "{error}"
        );
    }
    let error = with("127.0.0.1:0", "https://paymentpage.ecommpay.com").unwrap_err();
    assert!(error.starts_with("--simulator "), "{error}");
}

/// A request may narrow what its shop allows, and never widen it.
#[tokio::test]
async fn a_request_may_narrow_and_never_widen() {
    let folder = Arc::new(Folder::new());
    let key = api_key_text("test", &[3; 32]);
    let hash = ApiKeyHash::of(&key).unwrap().to_hex();
    let config = read_in(
        &folder,
        &[
            (
                "0f5ab1b4f7b3a3c9d1e0f2a4b6c8d0e2f4a6b8cad0ecf2041628394a5b6c7d8e",
                &hash,
            ),
            (
                "# options = [\"all_banks\", ",
                "options = [\"banks_in_group\", \"all_banks\", ",
            ),
            ("# banks", "banks"),
        ],
    )
    .unwrap();
    let store = kit::open(&config.database);
    let router = kassa_server::app(App::new(config, store));
    let call = async |path: String, body: Value| {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", key.as_str()))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-forwarded-for", "192.0.2.1")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let create = async |selection: Value, choose_at: &str| {
        let body = json!({
            "order": "A-1", "amount": 1, "return_url": "https://puoti.example/t",
            "selection": selection, "choose_at": choose_at,
        });
        call("/v1/payments".to_owned(), body).await
    };
    let named = |banks: Value| json!({ "option": "named_banks", "banks": banks });
    for (selection, choose_at, field) in [
        (
            json!({ "option": "method_then_bank" }),
            "kassa",
            "selection.option",
        ),
        (
            named(json!(["nordea", "aktia"])),
            "kassa",
            "selection.banks",
        ),
        (
            json!({ "option": "banks_in_group" }),
            "provider",
            "selection.option",
        ),
    ] {
        let refused = create(selection.clone(), choose_at).await;
        assert_eq!(refused["code"], "payment/selection", "{selection}");
        assert_eq!(refused["field"], field, "{selection}");
    }
    let narrow = create(named(json!(["nordea", "op"])), "kassa").await;
    assert_eq!(narrow["status"], "created", "{narrow}");
    // All banks are the shop's banks, also on the provider's page.
    let all = create(json!({ "option": "all_banks" }), "provider").await;
    let step = call(
        format!("/checkout/{}/pay", all["token"].as_str().unwrap()),
        json!({}),
    )
    .await;
    let url = step["url"].as_str().unwrap();
    assert!(url.contains("banks_id"), "{url}");
}

/// The example on a PostgreSQL, with these keys besides.
fn on_postgres(address: &str, keys: &str) -> Vec<String> {
    let database = format!("database = \"{address}\"\n{keys}");
    faults(&[("database = \"kassa.db\"", &database)])
}

#[test]
fn a_postgres_is_taken_with_its_password_by_reference() {
    let keys = "database = \"postgres://shop@127.0.0.1/shop\"\n\
                database_password = \"file:secrets/ecommpay\"\ndatabase_connections = 3";
    let config = read(&[("database = \"kassa.db\"", keys)]).unwrap();
    let Database::Postgres(address) = config.database else {
        panic!("{:?}", config.database)
    };
    assert_eq!(address.to_string(), "postgres://shop@127.0.0.1:5432/shop");
    assert_eq!(address.connections, 3);
    let password = address.password.unwrap();
    assert!(password.starts_with("an-invented-secret"));
}

#[test]
fn what_is_wrong_with_the_database_is_named_by_line_and_key() {
    let line = line_of("database = ");
    let remote = "postgres://shop@db.example/shop";
    for (address, keys, expected) in [
        (
            "postgres://shop:hunter2@db.example/shop",
            "",
            format!(
                "{line} database: a password never stands in the address: name the file or the \
                 variable that holds it with database_password or --database-password"
            ),
        ),
        (
            "postgres://shop@db.example/shop?sslmode=prefer",
            "",
            format!(
                "{line} database: sslmode: expected disable, or verify-full (which require and \
                 verify-ca mean here too)"
            ),
        ),
        (
            remote,
            "database_password = \"hunter2\"",
            format!(
                "{} database_password: expected a reference, file:PATH or env:NAME; a secret \
                 never stands in the configuration itself",
                line + 1
            ),
        ),
        (
            remote,
            "database_ca = \"secrets/ecommpay\"",
            format!(
                "{} database_ca: FOLDER/secrets/ecommpay: expected certificates as PEM",
                line + 1
            ),
        ),
        (
            "postgres://shop@localhost/shop",
            "database_ca = \"secrets/ecommpay\"",
            format!(
                "{} database_ca: expected only with TLS, which sslmode=disable or a host on this \
                 machine without sslmode=verify-full turns off",
                line + 1
            ),
        ),
        (
            remote,
            "database_connections = 0",
            format!("{} database_connections: expected 1 to 500", line + 1),
        ),
        (
            "kassa.db",
            "database_connections = 4",
            format!(
                "{} database_connections: expected only beside a postgres:// database",
                line + 1
            ),
        ),
    ] {
        let found = on_postgres(address, keys);
        assert_eq!(found.len(), 1, "{found:?}");
        // The folder is another one each time.
        let found = match (found[0].find(": /"), found[0].find("/secrets/")) {
            (Some(start), Some(end)) => {
                format!("{}: FOLDER{}", &found[0][..start], &found[0][end..])
            }
            _ => found[0].clone(),
        };
        assert_eq!(found, expected);
        assert!(!found.contains("hunter2"));
    }
}

/// The account of the example changed into one at OP, in this environment.
fn op_account(environment: &str) -> String {
    let mut text = EXAMPLE.to_owned();
    let at = text.find("[[shops.accounts]]").unwrap();
    text.truncate(at);
    text.push_str(&format!(
        "[[shops.accounts]]\nprovider = \"op\"\nsecrets = [\"file:secrets/op.pem\"]\n\
         callback_keys = [\"file:secrets/op-callback.pem\"]\n\
         [shops.accounts.settings]\nenvironment = \"{environment}\"\n\
         merchant_id = \"file:secrets/merchant\"\naccount_id = \"file:secrets/account\"\n\
         api_key = \"file:secrets/api-key\"\ncallback_api_key = \"file:secrets/api-key\"\n\
         rest_url = \"https://rest.example/v1\"\nbrowser_url = \"https://front.example\"\n\
         key_version = 2\nsuccess_words = [\"SIM_PAID\"]\ncallbacks = true\n"
    ));
    text
}

/// What a configuration with that account comes to.
fn read_op(text: &str, private: &str, public: &str) -> Result<Config, Vec<String>> {
    let folder = Folder::new();
    let secrets = folder.path().join("secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    let write = |name: &str, text: &str| std::fs::write(secrets.join(name), text).unwrap();
    write(
        "puoti-webhook",
        WebhookKey::text_from_random(&[7; 32]).as_str(),
    );
    write(
        "ecommpay-key",
        "an-invented-secret-that-is-long-enough-for-all-0042",
    );
    write("op.pem", private);
    write("op-callback.pem", public);
    write("merchant", "marker-merchant\n");
    write("account", "marker-account\n");
    write("api-key", "marker-api-key\n");
    let file = folder.path().join("kassa.toml");
    // OP has no other methods than banks.
    let (before, rest) = text.split_once("# Other methods").unwrap();
    let (_, after) = rest.split_once("[[shops.accounts]]").unwrap();
    std::fs::write(&file, format!("{before}[[shops.accounts]]{after}")).unwrap();
    Config::read(&file).map_err(|error| {
        let faults = error.faults.into_iter();
        faults
            .map(|fault| format!("{}: {}", fault.key, fault.message))
            .collect()
    })
}

fn example_key(field: &str, label: &str) -> String {
    let file = include_str!("../../../tests/vectors/op-example-key.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let der = file[field].as_str().unwrap();
    format!("-----BEGIN {label}-----\n{der}\n-----END {label}-----\n")
}

#[test]
fn an_account_at_op_is_read_and_its_confidential_settings_are_shown_nowhere() {
    let private = RsaSha256Key::generate_pem().unwrap();
    let key = RsaSha256Key::parse(private.trim_end()).unwrap();
    let public = key.public().to_pem();
    let config = read_op(&op_account("production"), &private, &public).unwrap();
    let shop = &config.shops["puoti"];
    assert_eq!(shop.accounts[0].id(), "op");
    let printed = format!("{config:?} {:?}", shop.accounts[0].provider);
    assert!(!printed.contains("marker"), "{printed}");

    let plain = op_account("production").replace("file:secrets/merchant", "marker-merchant");
    let faults = read_op(&plain, &private, &public).unwrap_err();
    assert!(
        faults[0].starts_with("shops[0].accounts[0].settings.merchant_id: expected a reference"),
        "{faults:?}"
    );
    assert!(!faults[0].contains("marker"));

    let deaf = op_account("production").replace("callback_keys", "# callback_keys");
    let faults = read_op(&deaf, &private, &public).unwrap_err();
    assert!(
        faults[0].starts_with("shops[0].accounts[0].callback_keys: expected"),
        "{faults:?}"
    );
}

#[test]
fn the_key_of_ops_documentation_is_for_the_sandbox_only() {
    let private = example_key("pkcs8_der_base64", "PRIVATE KEY");
    let public = example_key("spki_der_base64", "PUBLIC KEY");
    assert!(read_op(&op_account("sandbox"), &private, &public).is_ok());
    let faults = read_op(&op_account("production"), &private, &public).unwrap_err();
    for (fault, key) in faults.iter().zip(["secrets", "callback_keys"]) {
        let expected =
            format!("shops[0].accounts[0].{key}: this is the example that OP's documentation");
        assert!(fault.starts_with(&expected), "{faults:?}");
    }
    assert_eq!(faults.len(), 2);
}

/// Puts a bridge for software that speaks VETUMA at the end of the example.
fn with_bridge(more: &[(&'static str, &'static str)], block: &str) -> Vec<String> {
    const LAST: &str = "# until = \"2027-01-01\"";
    let block = format!("{LAST}\n{block}");
    let changes = [more, &[(LAST, block.as_str())]].concat();
    match read(&changes) {
        Ok(_) => Vec::new(),
        Err(_) => faults(&changes),
    }
}

const BRIDGE: &str = "[shops.vetuma]
configurations = [\"PUOTI1\"]
return_urls = [\"https://old.puoti.example/vetuma\"]
[[shops.vetuma.secrets]]
secret = \"file:secrets/vetuma\"
from = \"2026-01-01\"
until = \"2027-01-01\"
";

#[test]
fn what_old_software_may_call_is_checked() {
    let none: Vec<String> = Vec::new();
    assert_eq!(with_bridge(&[], BRIDGE), none);
    let refused = |more: &[_], from: &str, to: &str, what: &str| {
        assert!(BRIDGE.contains(from), "{from}");
        let found = with_bridge(more, &BRIDGE.replace(from, to));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(what), "{found:?}: {what}");
    };
    let same = "secrets/vetuma";
    refused(&[], same, "secrets/vetuma-published", "published secret");
    refused(&[], same, "secrets/vetuma-odd", "ID-64HEX");
    refused(&[], same, "secrets/nowhere", "cannot be read");
    refused(&[], "[\"PUOTI1\"]", "[]", "at least one");
    refused(
        &[],
        "https://old.puoti",
        "http://old.puoti",
        "expected https",
    );
    refused(
        &[],
        "example/vetuma",
        "example/vetuma?a=1",
        "without user name, query",
    );
    refused(&[], "2027-01-01", "2026-01-01", "until after from");
    refused(&[], "2027-01-01", "soon", "2026-11-21");
    refused(
        &[],
        "[shops.vetuma]",
        "[shops.vetuma]\nversion = \"4\"",
        "expected \"2.2\"",
    );
    let secrets = "[[shops.vetuma.secrets]]";
    let banks = |line: &str| format!("[shops.vetuma.banks]\n{line}\n{secrets}");
    let named = BRIDGE.replace(secrets, &banks("P2 = \"nordea\""));
    assert_eq!(with_bridge(&[], &named), none);
    for (line, what) in [
        ("P = \"nordea\"", "a code of one bank"),
        ("L2 = \"nordea\"", "a code of one bank"),
        (
            "P2 = \"nordia\"",
            "none of the shop's accounts offers nordia",
        ),
    ] {
        refused(&[], secrets, &banks(line), what);
    }
    // VETUMA has no way to tell of what comes late.
    let no_webhook: &[_] = &[
        (
            "[shops.webhook]\nurl = \"https://puoti.example/kassa/webhooks\"",
            "[shops.logos]\n# ",
        ),
        ("secrets = [\"file:secrets/puoti-webhook\"]", ""),
    ];
    refused(no_webhook, same, same, "[shops.webhook]");
    // An account at VETUMA itself is none: it closed.
    let account = faults(&[("provider = \"ecommpay\"", "provider = \"vetuma\"")]);
    assert!(account[0].contains("no live VETUMA exists"), "{account:?}");
}
