//! "Who may import whom" of the design, read off `cargo metadata`.
//!
//! Only what is linked or run by a build counts: normal and build dependencies. What a crate uses
//! in its own tests is its own affair.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, as the test does"
)]

use std::collections::{BTreeMap, BTreeSet};

use kassa_tests::project;
use serde_json::Value;

/// Whom each crate of ours may import of ours, directly.
const OURS: [(&str, &[&str]); 10] = [
    ("viite", &[]),
    ("kassa-checkout", &["viite"]),
    ("kassa-providers", &["viite", "kassa-checkout"]),
    ("kassa-keys", &["kassa-checkout"]),
    (
        "kassa-server",
        &[
            "viite",
            "kassa-checkout",
            "kassa-providers",
            "kassa-keys",
            "kassa-widget",
        ],
    ),
    ("kassa-simulator", &["viite"]),
    ("kassa-references", &["viite"]),
    (
        "kassa-wasm",
        &[
            "viite",
            "kassa-checkout",
            "kassa-providers",
            "kassa-references",
        ],
    ),
    (
        "kassa-callbacks",
        &[
            "kassa-checkout",
            "kassa-providers",
            "kassa-references",
            "kassa-wasm",
        ],
    ),
    ("kassa-widget", &["viite", "kassa-checkout"]),
];
/// Crates of ours that may import all others: they are tools, nothing is built on them.
const TOOLS: [&str; 4] = [
    "kassa-bench",
    "kassa-bench-sign",
    "kassa-tests",
    "kassa-xtask",
];

/// Whom a crate must not reach at any depth, whatever lies between.
const UNREACHABLE: [(&str, &[&str]); 6] = [
    ("kassa-callbacks", &["kassa-keys", "kassa-server"]),
    ("kassa-wasm", &["kassa-keys", "kassa-server"]),
    ("kassa-widget", &["kassa-keys", "kassa-server"]),
    ("kassa-providers", &["kassa-keys"]),
    ("kassa-keys", &["kassa-providers"]),
    (
        "kassa-simulator",
        &["kassa-checkout", "kassa-providers", "kassa-keys"],
    ),
];

/// Crates that compute only: nothing of a web framework, a browser or the network under them.
const PURE: [&str; 4] = ["viite", "kassa-checkout", "kassa-providers", "kassa-keys"];
/// What pure crates do not have at any depth.
const IMPURE: [&str; 5] = ["axum", "leptos", "wasm-bindgen", "sqlx", "rusqlite"];

/// Crates that open sockets.
const NETWORK: [&str; 14] = [
    "axum",
    "curl",
    "hyper",
    "hyper-util",
    "mio",
    "native-tls",
    "reqwest",
    "rustls",
    "socket2",
    "tokio",
    "tokio-postgres",
    "tonic",
    "tungstenite",
    "ureq",
];
/// Crates of ours that may import them.
const NETWORKED: [&str; 5] = [
    "kassa-bench",
    "kassa-server",
    "kassa-simulator",
    "kassa-tests",
    "kassa-xtask",
];

/// Packages by name, each with the names of those that it is built from.
#[derive(Debug, Default)]
struct Graph {
    ours: BTreeSet<String>,
    imports: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Adds what one `cargo metadata` says.
    fn add(&mut self, metadata: &Value) {
        let names: BTreeMap<&str, &str> = list(metadata, "packages")
            .iter()
            .map(|package| (text(package, "id"), text(package, "name")))
            .collect();
        let members: BTreeSet<&str> = list(metadata, "workspace_members")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        self.ours.extend(members.iter().map(|id| names[id].into()));
        for node in list(&metadata["resolve"], "nodes") {
            let name = names[text(node, "id")];
            let imports = self.imports.entry(name.into()).or_default();
            for dependency in list(node, "deps") {
                let linked = list(dependency, "dep_kinds")
                    .iter()
                    .any(|kind| kind["kind"].as_str() != Some("dev"));
                if linked {
                    imports.insert(names[text(dependency, "pkg")].into());
                }
            }
        }
    }

    fn imports(&self, name: &str) -> impl Iterator<Item = &str> {
        self.imports
            .get(name)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The way from a crate to another, both included, when there is one.
    fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut seen = BTreeSet::from([from]);
        let mut ways = vec![vec![from]];
        while let Some(way) = ways.pop() {
            let last = way[way.len() - 1];
            if last == to && way.len() > 1 {
                return Some(way.into_iter().map(String::from).collect());
            }
            for next in self.imports(last) {
                if seen.insert(next) {
                    ways.push([way.as_slice(), &[next]].concat());
                }
            }
        }
        None
    }

    /// Every rule that is broken, in words.
    fn broken(&self) -> Vec<String> {
        [
            self.broken_among_ours(),
            self.reached(&UNREACHABLE),
            self.reached(&PURE.map(|pure| (pure, IMPURE.as_slice()))),
            self.reached(&PURE.map(|pure| (pure, NETWORK.as_slice()))),
            self.networked(),
            self.own_dependencies_of_viite(),
        ]
        .concat()
    }

    fn broken_among_ours(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for name in self
            .ours
            .iter()
            .filter(|name| !TOOLS.contains(&name.as_str()))
        {
            let Some((_, allowed)) = OURS.iter().find(|(ours, _)| ours == name) else {
                broken.push(format!("{name} is in no rule: say whom it may import"));
                continue;
            };
            broken.extend(
                self.imports(name)
                    .filter(|import| self.ours.contains(*import) && !allowed.contains(import))
                    .map(|import| format!("{name} imports {import}")),
            );
        }
        broken
    }

    fn reached(&self, rules: &[(&str, &[&str])]) -> Vec<String> {
        rules
            .iter()
            .flat_map(|(from, forbidden)| forbidden.iter().map(move |to| (from, to)))
            .filter_map(|(from, to)| self.path(from, to))
            .map(|way| format!("{} reaches {}", way[0], way[1..].join(" -> ")))
            .collect()
    }

    fn networked(&self) -> Vec<String> {
        self.ours
            .iter()
            .filter(|name| !NETWORKED.contains(&name.as_str()))
            .flat_map(|name| self.imports(name).map(move |import| (name, import)))
            .filter(|(_, import)| NETWORK.contains(import))
            .map(|(name, import)| format!("{name} imports the network: {import}"))
            .collect()
    }

    fn own_dependencies_of_viite(&self) -> Vec<String> {
        self.imports("viite")
            .map(|import| format!("viite imports {import}; it imports nothing"))
            .collect()
    }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The host and the browser have different dependencies; a rule holds in both.
#[test]
fn nobody_imports_what_the_design_forbids() {
    let host = host_triple();
    let mut graph = Graph::default();
    for target in [host.as_str(), "wasm32-unknown-unknown"] {
        graph.add(&project::cargo_metadata(&["--filter-platform", target]).unwrap());
    }
    let expected: BTreeSet<String> = OURS
        .iter()
        .map(|(name, _)| *name)
        .chain(TOOLS)
        .map(String::from)
        .collect();
    assert_eq!(graph.ours, expected, "the crates of the design");
    assert_eq!(graph.broken(), Vec::<String>::new());
}

fn host_triple() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc)
        .arg("-vV")
        .output()
        .unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    let host = words.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

mod the_checker {
    //! On made-up graphs: it stays silent on the design and speaks on every breach.

    use serde_json::json;

    use super::*;

    /// `from: to to, from: to`; names without a colon are packages of others.
    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph {
            ours: OURS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            ..Graph::default()
        };
        for (name, allowed) in OURS {
            let allowed = allowed.iter().map(|import| (*import).to_owned());
            graph.imports.insert(name.into(), allowed.collect());
        }
        for (from, to) in edges {
            let imports = graph.imports.entry((*from).into()).or_default();
            imports.insert((*to).into());
        }
        graph
    }

    fn broken(edges: &[(&str, &str)]) -> Vec<String> {
        graph(edges).broken()
    }

    #[test]
    fn is_silent_on_what_is_allowed() {
        let allowed = [
            ("kassa-server", "axum"),
            ("kassa-simulator", "tokio"),
            ("kassa-widget", "leptos"),
            ("kassa-providers", "http"),
            ("axum", "tokio"),
            ("leptos", "wasm-bindgen"),
        ];
        assert_eq!(broken(&allowed), Vec::<String>::new());
    }

    #[test]
    fn sees_providers_and_keys_meet() {
        assert_eq!(
            broken(&[("kassa-providers", "kassa-keys")]),
            [
                "kassa-providers imports kassa-keys",
                "kassa-callbacks reaches kassa-providers -> kassa-keys",
                "kassa-wasm reaches kassa-providers -> kassa-keys",
                "kassa-providers reaches kassa-keys"
            ]
        );
        assert_eq!(
            broken(&[("kassa-keys", "kassa-providers")]),
            [
                "kassa-keys imports kassa-providers",
                "kassa-keys reaches kassa-providers"
            ]
        );
    }

    #[test]
    fn sees_a_key_in_the_browser_through_crates_of_others() {
        let hidden = [
            ("kassa-widget", "helper"),
            ("helper", "deeper"),
            ("deeper", "kassa-keys"),
        ];
        assert_eq!(
            broken(&hidden),
            ["kassa-widget reaches helper -> deeper -> kassa-keys"]
        );
    }

    #[test]
    fn sees_a_provider_in_the_widget_and_ours_in_the_simulator() {
        assert_eq!(
            broken(&[("kassa-widget", "kassa-providers")]),
            ["kassa-widget imports kassa-providers"]
        );
        assert_eq!(
            broken(&[("kassa-simulator", "kassa-keys")]),
            [
                "kassa-simulator imports kassa-keys",
                "kassa-simulator reaches kassa-keys -> kassa-checkout",
                "kassa-simulator reaches kassa-keys"
            ]
        );
    }

    #[test]
    fn sees_any_dependency_of_viite() {
        assert_eq!(
            broken(&[("viite", "serde")]),
            ["viite imports serde; it imports nothing"]
        );
    }

    #[test]
    fn sees_the_network_and_the_browser_under_pure_crates() {
        assert_eq!(
            broken(&[("kassa-keys", "jwt"), ("jwt", "wasm-bindgen")]),
            ["kassa-keys reaches jwt -> wasm-bindgen"]
        );
        assert_eq!(
            broken(&[("kassa-providers", "reqwest")]),
            [
                "kassa-providers reaches reqwest",
                "kassa-providers imports the network: reqwest"
            ]
        );
        assert_eq!(
            broken(&[("kassa-widget", "reqwest")]),
            ["kassa-widget imports the network: reqwest"]
        );
    }

    #[test]
    fn sees_a_crate_that_no_rule_speaks_of() {
        let mut graph = graph(&[]);
        graph.ours.insert("kassa-new".into());
        assert_eq!(
            graph.broken(),
            ["kassa-new is in no rule: say whom it may import"]
        );
    }

    #[test]
    fn reads_metadata_and_leaves_out_dependencies_of_tests() {
        let metadata = json!({
            "workspace_members": ["1"],
            "packages": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "c"}],
            "resolve": {"nodes": [
                {"id": "1", "deps": [
                    {"pkg": "2", "dep_kinds": [{"kind": "dev"}]},
                    {"pkg": "3", "dep_kinds": [{"kind": "dev"}, {"kind": null}]},
                ]},
                {"id": "3", "deps": [{"pkg": "2", "dep_kinds": [{"kind": "build"}]}]},
            ]},
        });
        let mut graph = Graph::default();
        graph.add(&metadata);
        assert_eq!(graph.ours, BTreeSet::from(["a".to_owned()]));
        assert_eq!(graph.imports("a").collect::<Vec<_>>(), ["c"]);
        assert_eq!(graph.imports("c").collect::<Vec<_>>(), ["b"]);
    }
}
