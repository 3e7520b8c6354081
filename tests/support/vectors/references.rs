//! Runs `finnish-references.json` and `reference-peers.json` through `viite`.
