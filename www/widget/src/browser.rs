//! The element in the browser.
