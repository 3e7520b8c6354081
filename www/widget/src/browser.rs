//! The element in the browser: draws the screens, acts on them, follows the payment.
//!
//! `element.js` owns the custom element, its shadow root, its style sheet and its listeners on
//! window and document; this module owns everything inside.

mod actions;
mod app;
mod client;
mod decode;
mod follow;
mod keys;
mod leave;
mod memory;
mod page;

use std::rc::Rc;

use kassa_checkout::Language;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use self::app::{App, Signals};

#[wasm_bindgen]
extern "C" {
    /// The element, as `element.js` hands it over.
    pub type Host;

    /// The address of the payment: `{api}/checkout/{token}`.
    #[wasm_bindgen(method, getter)]
    fn base(this: &Host) -> String;

    /// Whether the last bank may be remembered on this device.
    #[wasm_bindgen(method, getter)]
    fn remembers(this: &Host) -> bool;

    /// Whether to begin with the status, whatever it is.
    #[wasm_bindgen(method, getter, js_name = statusFirst)]
    fn status_first(this: &Host) -> bool;

    /// Dispatches `kassa-{name}`; what the words mean depends on the name.
    #[wasm_bindgen(method)]
    fn emit(this: &Host, name: &str, first: &str, second: &str);
}

/// A mounted element. `unmount` releases all that it holds.
#[wasm_bindgen]
pub struct Handle {
    app: Rc<App>,
    owner: Owner,
    view: Box<dyn std::any::Any>,
}

/// Draws the element into `parent` and fetches the session.
///
/// `tag` is a BCP 47 tag; one that is not spoken here leaves the language to the session.
#[wasm_bindgen]
#[must_use]
pub fn mount(parent: HtmlElement, host: Host, tag: &str) -> Handle {
    let owner = Owner::new();
    let app = owner.with(|| {
        let signals = Signals::new(Language::from_tag(tag));
        Rc::new(App::new(parent.clone(), host, signals))
    });
    let drawn = Rc::clone(&app);
    let view = owner.with(|| leptos::mount::mount_to(parent, move || page::view(&drawn)));
    app.load();
    Handle {
        app,
        owner,
        view: Box::new(view),
    }
}

#[wasm_bindgen]
impl Handle {
    /// Speaks another language from now on.
    pub fn speak(&self, tag: &str) {
        self.app.speak(Language::from_tag(tag));
    }

    /// Looks again: the page was shown, came back from the bank (`restored`), or is online again.
    pub fn wake(&self, restored: bool) {
        self.app.wake(restored);
    }

    /// Removes the view, ends requests, streams and timers.
    pub fn unmount(self) {
        self.app.stop();
        drop(self.view);
        self.owner.cleanup();
    }
}
