//! Drawings, as the text of an SVG: decoration only, the words stand beside them.

/// A check mark in a ring.
pub(super) const DONE: &str = r#"<svg viewBox="0 0 48 48"><circle cx="24" cy="24" r="20"/><path d="m15 24.5 6.5 6.5L34 18"/></svg>"#;
/// A clock.
pub(super) const CLOCK: &str =
    r#"<svg viewBox="0 0 48 48"><circle cx="24" cy="24" r="20"/><path d="M24 13v12l7 4"/></svg>"#;
/// An exclamation mark in a ring.
pub(super) const WARNING: &str = r#"<svg viewBox="0 0 48 48"><circle cx="24" cy="24" r="20"/><path d="M24 14v13M24 32.5v.5"/></svg>"#;
/// An arrow that turns back, in a ring.
pub(super) const BACK: &str = r#"<svg viewBox="0 0 48 48"><circle cx="24" cy="24" r="20"/><path d="M20 17l-6 6 6 6M14 23h14a5 5 0 0 1 0 10h-4"/></svg>"#;
/// A padlock.
pub(super) const LOCK: &str = r#"<svg viewBox="0 0 20 20"><rect x="4.5" y="9" width="11" height="7.5" rx="1.5"/><path d="M7 9V6.5a3 3 0 0 1 6 0V9"/></svg>"#;
/// A magnifying glass.
pub(super) const SEARCH: &str = r#"<svg viewBox="0 0 20 20"><circle cx="9" cy="9" r="5.5"/><path d="m13.5 13.5 3.5 3.5"/></svg>"#;
/// Banknotes: other ways to pay.
pub(super) const METHOD: &str = r#"<svg viewBox="0 0 20 20"><rect x="2.5" y="5" width="15" height="10" rx="2"/><path d="M2.5 8.5h15M5.5 12h3"/></svg>"#;
/// A bank's house.
pub(super) const BANK: &str =
    r#"<svg viewBox="0 0 20 20"><path d="M3 8l7-4 7 4zM5 8v6M10 8v6M15 8v6M3 16h14"/></svg>"#;
