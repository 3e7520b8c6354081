//! The demo shop's pages: texts, prices, and nothing that the policy would have to allow.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test helpers")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use kassa_simulator::demo_shop::{Config, app};
use serde_json::Value;
use tower::ServiceExt as _;

type Table = BTreeMap<String, String>;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/shop")
}

fn texts() -> BTreeMap<String, Table> {
    serde_json::from_str(&fs::read_to_string(folder().join("texts.json")).unwrap()).unwrap()
}

/// Name and text of every file with this ending.
fn sources(ending: &str) -> Vec<(String, String)> {
    let files = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|found| found == ending));
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// What stands between `before` and the next `after`, everywhere.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before)
        .skip(1)
        .map(|rest| rest.split(after).next().unwrap())
        .collect()
}

#[test]
fn the_languages_have_the_same_keys_and_places() {
    let texts = texts();
    assert_eq!(texts.keys().collect::<Vec<_>>(), ["en", "fi", "sv"]);
    let places = |table: &Table| -> Vec<(String, BTreeSet<String>)> {
        let of = |text: &str| {
            between(text, "{", "}")
                .into_iter()
                .map(str::to_owned)
                .collect()
        };
        table
            .iter()
            .map(|(key, text)| (key.clone(), of(text)))
            .collect()
    };
    assert_eq!(places(&texts["fi"]), places(&texts["sv"]));
    assert_eq!(places(&texts["fi"]), places(&texts["en"]));
    for (language, table) in &texts {
        for (key, text) in table {
            assert!(!text.trim().is_empty(), "{language} {key}");
        }
    }
}

#[test]
fn every_text_that_a_page_names_is_there_and_every_text_is_named() {
    let table = &texts()["fi"];
    let mut all = String::new();
    for (name, page) in sources("html") {
        for rest in page.split("data-text=\"").skip(1) {
            let (key, rest) = rest.split_once('"').unwrap();
            let shown = rest.split_once('>').unwrap().1.split_once('<').unwrap().0;
            let shown = shown
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&");
            assert_eq!(Some(&shown), table.get(key), "{name} {key}");
        }
        all.push_str(&page);
    }
    for (name, script) in sources("js") {
        for key in between(&script, "text(\"", "\"") {
            assert!(table.contains_key(key), "{name} {key}");
        }
        all.push_str(&script);
    }
    for key in table.keys() {
        let (family, word) = key.split_once('.').unwrap();
        let base = key.strip_suffix(".text").unwrap_or(key);
        // A key is named whole, or its family is filled in by a template: `${id}.name`, `panel.${name}`.
        let named = all.contains(&format!("\"{base}\""))
            || all.contains(&format!("`{family}.${{"))
            || all.contains(&format!("}}.{word}`"));
        assert!(named, "{key} is named nowhere");
    }
}

#[test]
fn the_prices_on_the_page_are_those_of_the_catalogue() {
    let catalogue: Value =
        serde_json::from_str(&fs::read_to_string(folder().join("products.json")).unwrap()).unwrap();
    let page = fs::read_to_string(folder().join("index.html")).unwrap();
    let cents = between(&page, "data-cents=\"", "\"");
    let products = catalogue["products"].as_array().unwrap();
    let prices: Vec<String> = products
        .iter()
        .map(|product| product["price"].to_string())
        .collect();
    assert_eq!(cents, prices);
    for cents in prices {
        let (whole, rest) = cents.split_at(cents.len() - 2);
        assert!(
            page.contains(&format!("data-cents=\"{cents}\">{whole},{rest}\u{a0}€<")),
            "{cents}"
        );
    }
    let ids: Vec<&str> = products
        .iter()
        .map(|product| product["id"].as_str().unwrap())
        .collect();
    assert_eq!(between(&page, "data-product=\"", "\""), ids);
}

#[test]
fn the_pages_share_their_top_panel_and_foot() {
    let pages = sources("html");
    assert_eq!(pages.len(), 5);
    for (from, to) in [("<header class=\"top\">", "<main"), ("<aside", "</html>")] {
        let parts = pages.iter().map(|(_, page)| between(page, from, to));
        let different: BTreeSet<_> = parts.collect();
        assert_eq!(different.len(), 1, "{from}");
    }
}

#[test]
fn nothing_is_inline_and_nothing_is_remote() {
    for (name, page) in sources("html") {
        for forbidden in [
            "style=",
            "<style",
            "<script>",
            " onclick",
            " onload",
            "javascript:",
            "//",
        ] {
            assert!(!page.contains(forbidden), "{name}: {forbidden}");
        }
    }
    for (name, sheet) in sources("css") {
        assert!(
            !sheet.contains("url(") && !sheet.contains("@import"),
            "{name}"
        );
    }
    for (name, script) in sources("js") {
        let lines = script.lines().filter(|line| !line.starts_with("//"));
        let script: String = lines.collect();
        for forbidden in ["innerHTML", "eval(", "new Function", ".style.", "\"http"] {
            assert!(!script.contains(forbidden), "{name}: {forbidden}");
        }
    }
}

#[tokio::test]
async fn every_file_that_a_page_names_is_served_with_its_type() {
    let shop = app(Config::development().unwrap());
    let mut paths: BTreeSet<String> = sources("html")
        .iter()
        .flat_map(|(_, page)| {
            [
                between(page, "src=\"", "\""),
                between(page, "href=\"", "\""),
            ]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
        })
        .filter(|path| path.starts_with('/'))
        .collect();
    let imports = sources("js");
    paths.extend(
        imports
            .iter()
            .flat_map(|(_, script)| between(script, "from \"./", "\""))
            .map(|name| format!("/{name}")),
    );
    paths.insert("/panel.js".to_owned());
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        let request = Request::get(&path).body(Body::empty()).unwrap();
        let answer = shop.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let expected = match path.rsplit_once('.').map_or("html", |(_, ending)| ending) {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(answer.headers()["content-type"], expected, "{path}");
        assert!(
            !to_bytes(answer.into_body(), 1 << 20)
                .await
                .unwrap()
                .is_empty(),
            "{path}"
        );
    }
}

/// WebKit may run a module before one that it imports has done waiting at its top level (WebKit's
/// bug 242740), so only those wait there that nobody imports.
#[test]
fn no_module_waits_that_another_one_imports() {
    let scripts = sources("js");
    let imported: BTreeSet<_> = scripts
        .iter()
        .flat_map(|(_, script)| between(script, "from \"./", "\""))
        .collect();
    assert!(imported.contains("texts.js"), "{imported:?}");
    for (name, script) in &scripts {
        let waits = script.lines().any(|line| {
            // Lines of functions are indented.
            !line.starts_with([' ', '}', '/', '*'])
                && line.contains("await ")
                && !line.contains("async ")
        });
        assert!(!(waits && imported.contains(name.as_str())), "{name} waits");
    }
}
