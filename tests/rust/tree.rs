//! The order of the tree: what lies where, and that nothing points out of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking, as the test does"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use kassa_tests::project;

/// All that the top level may hold beside dotfiles.
const TOP: [&str; 15] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "pkg",
    "rust-toolchain.toml",
    "src",
    "tests",
    "www",
];

/// Crates whose name is not `kassa-` and their folder's.
const OWN_NAMES: [(&str, &str); 2] = [
    ("src/viite", "viite"),
    ("tests/bench/sign", "kassa-bench-sign"),
];

/// Names of addresses that no program asks: namespaces, and hosts that exist nowhere.
const NOT_REMOTE: [&str; 9] = [
    "http://www.w3.org/",
    "http://127.0.0.1",
    "http://localhost",
    "http://[::1]",
    "https://shop.example",
    "https://example.com",
    "https://example.fi",
    "https://kassa.example",
    "https://pay.example",
];
/// Files that a browser, Node or the server runs or shows.
const RUNTIME: [&str; 9] = [
    "css",
    "cjs",
    "html",
    "js",
    "mjs",
    "rs",
    "svg",
    "ts",
    "webmanifest",
];

#[test]
fn the_top_level_holds_what_the_design_names() {
    let names: BTreeSet<String> = fs::read_dir(project::root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && !project::is_generated(Path::new(name)))
        .collect();
    let strange: Vec<_> = names
        .iter()
        .filter(|name| !TOP.contains(&name.as_str()))
        .collect();
    assert_eq!(strange, Vec::<&String>::new());
}

#[test]
fn a_crate_is_named_after_its_folder() {
    let metadata = project::cargo_metadata(&["--no-deps"]).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() >= 10, "{} crates", packages.len());
    for package in packages {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let folder = manifest.parent().unwrap();
        let place = folder.strip_prefix(project::root()).unwrap();
        let plain = format!("kassa-{}", folder.file_name().unwrap().to_str().unwrap());
        let expected = OWN_NAMES
            .iter()
            .find(|(own, _)| place == Path::new(own))
            .map_or(plain.as_str(), |(_, name)| name);
        assert_eq!(package["name"], expected, "in {}", place.display());
    }
}

#[test]
fn every_provider_states_the_source_of_its_rules() {
    let folders = fs::read_dir(project::root().join("src/providers/src")).unwrap();
    let folders: Vec<PathBuf> = folders
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(!folders.is_empty(), "no provider has a folder");
    for folder in folders {
        let facts = folder.join("FACTS.md");
        let length = fs::metadata(&facts).map_or(0, |file| file.len());
        assert!(length > 200, "{} is missing or empty", facts.display());
    }
}

#[test]
fn nothing_points_out_of_the_project() {
    let mut wrong = Vec::new();
    for path in texts_but_ci() {
        let text = read(&path);
        let depth = path.components().count() - 1;
        for (number, line) in text.lines().enumerate() {
            if let Some(what) = points_outside(line, depth) {
                wrong.push(format!("{}:{}: {what}", path.display(), number + 1));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What in a line points out of the project, in a file so many folders deep.
fn points_outside(line: &str, depth: usize) -> Option<String> {
    // Composed, so that this file does not hold what it looks for.
    let roots = ["work", "root", "home"].map(|root| format!("/{root}/"));
    let shared = format!("..{}", "/shared");
    let absolute = roots.iter().find(|root| {
        line.match_indices(root.as_str())
            .any(|(at, _)| begins_a_path(line, at))
    });
    if line.contains(&shared) {
        return Some(shared);
    }
    absolute
        .cloned()
        .or_else(|| (climbs(line) > depth).then(|| "climbs above the top".into()))
}

/// Whether a slash begins an absolute path: what stands before it is no part of one.
fn begins_a_path(line: &str, slash: usize) -> bool {
    let before = line[..slash].chars().next_back();
    before.is_none_or(|mark| !(mark.is_alphanumeric() || "._-/}*".contains(mark)))
}

/// The most steps up that stand in a row.
fn climbs(line: &str) -> usize {
    let mut most = 0;
    let mut row = 0;
    let mut rest = line;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("../") {
            row += 1;
            most = most.max(row);
            rest = after;
        } else {
            row = 0;
            let mut letters = rest.chars();
            letters.next();
            rest = letters.as_str();
        }
    }
    most
}

#[test]
fn a_pointer_outside_is_seen() {
    let up = "../".repeat(3);
    assert_eq!(
        points_outside(&format!("include_str!(\"{up}x.json\")"), 3),
        None
    );
    let too_far = points_outside(&format!("include_str!(\"{up}x.json\")"), 2);
    assert_eq!(too_far.as_deref(), Some("climbs above the top"));
    let named = points_outside(&format!("see ..{}/x.md", "/shared"), 5);
    assert_eq!(named, Some(format!("..{}", "/shared")));
    for root in ["work", "root", "home"] {
        let absolute = format!("open(\"/{root}/x\")");
        assert_eq!(
            points_outside(&absolute, 5),
            Some(format!("/{root}/")),
            "{absolute}"
        );
        assert_eq!(points_outside(&format!("api/{root}/x"), 5), None);
    }
}

#[test]
fn the_browser_is_sent_to_no_other_origin() {
    let mut wrong = Vec::new();
    for path in texts_but_ci().into_iter().filter(|path| is_runtime(path)) {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            if let Some(origin) = remote(line) {
                wrong.push(format!("{}:{}: {origin}", path.display(), number + 1));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn is_runtime(path: &Path) -> bool {
    let top = path.components().next();
    let served = top == Some(Component::Normal("www".as_ref()))
        || top == Some(Component::Normal("pkg".as_ref()));
    let ends = path.extension().and_then(|end| end.to_str());
    served && ends.is_some_and(|end| RUNTIME.contains(&end))
}

/// The first address in a line that a program could ask; a comment is for its reader.
fn remote(line: &str) -> Option<&str> {
    let code = line.trim_start();
    if ["//", "*", "/*", "#!"]
        .iter()
        .any(|mark| code.starts_with(mark))
    {
        return None;
    }
    let schemes = ["http://", "https://", "ws://", "wss://"];
    schemes
        .iter()
        .flat_map(|scheme| line.match_indices(scheme))
        .map(|(at, _)| {
            let address = &line[at..];
            let end = address.find(|mark: char| mark.is_whitespace() || "\"'`)<>,;".contains(mark));
            &address[..end.unwrap_or(address.len())]
        })
        .find(|address| {
            let host = address.split_once("://").map_or("", |(_, host)| host);
            // A template's placeholder or a bare scheme names no host.
            host.starts_with(|mark: char| mark.is_ascii_alphanumeric())
                && !NOT_REMOTE.iter().any(|known| address.starts_with(known))
        })
}

#[test]
fn a_remote_origin_is_seen() {
    assert_eq!(
        remote("fetch('https://cdn.somewhere.net/x.js')"),
        Some("https://cdn.somewhere.net/x.js")
    );
    assert_eq!(
        remote("@import url(http://fonts.net/a.css);"),
        Some("http://fonts.net/a.css")
    );
    assert_eq!(
        remote("xmlns=\"http://www.w3.org/2000/svg\" href=\"https://x.net\""),
        Some("https://x.net")
    );
    assert_eq!(remote("  /// See <https://docs.rs/x>."), None);
    assert_eq!(remote("`https://${host}/`, \"https://\""), None);
    assert_eq!(remote("http://127.0.0.1:8080/"), None);
}

/// The project's files of text, but the ones that tell CI's machine what to do.
fn texts_but_ci() -> Vec<PathBuf> {
    let files = project::files().unwrap();
    assert!(files.len() > 50, "{} files", files.len());
    files
        .into_iter()
        .filter(|path| !path.starts_with(".ci"))
        .collect()
}

/// A file's text; a picture has none.
fn read(path: &Path) -> String {
    String::from_utf8(fs::read(project::root().join(path)).unwrap()).unwrap_or_default()
}
