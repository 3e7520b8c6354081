//! The element in the browser: draws the screens, acts on them, follows the payment.
//!
//! `element.js` owns the custom element, its shadow root, its listeners, and the doors to the
//! outside (`Host`): each is a line or two there, and would be kilobytes of bindings here. What
//! is said, shown and decided is here.

mod actions;
mod app;
mod client;
mod decode;
mod follow;
mod view;

use std::rc::Rc;

use js_sys::Promise;
use kassa_checkout::Language;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use self::{
    app::{App, Signals},
    view::View,
};

#[wasm_bindgen]
extern "C" {
    /// The element, as `element.js` hands it over.
    pub type Host;

    /// Whether to begin with the status, whatever it is.
    #[wasm_bindgen(method, getter, js_name = statusFirst)]
    fn status_first(this: &Host) -> bool;

    /// The bank remembered on this device, unless that is turned off.
    #[wasm_bindgen(method)]
    fn remembered(this: &Host) -> Option<String>;

    /// Remembers a bank on this device, unless that is turned off.
    #[wasm_bindgen(method)]
    fn remember(this: &Host, bank: &str);

    /// Dispatches `kassa-{name}`; what the words mean depends on the name.
    #[wasm_bindgen(method)]
    fn emit(this: &Host, name: &str, first: &str, second: &str);

    /// Has a screen reader say something.
    #[wasm_bindgen(method)]
    fn say(this: &Host, text: &str);

    /// The screen is about to change: if the focus is in it, it goes to the next one's heading.
    #[wasm_bindgen(method)]
    fn turn(this: &Host);

    /// Asks Kassa below the payment's address; by POST if there is a body. Gives an array of the
    /// HTTP status (0 when nothing came back, 1 when the device is offline) and the JSON.
    #[wasm_bindgen(method)]
    fn request(this: &Host, path: &str, body: Option<&str>) -> Promise;

    /// Waits so many milliseconds.
    #[wasm_bindgen(method)]
    fn wait(this: &Host, millis: i32) -> Promise;

    /// Opens the payment's event stream, or closes it. Its messages come to [`Handle::told`].
    #[wasm_bindgen(method)]
    fn stream(this: &Host, open: bool);

    /// Whether the stream is open.
    #[wasm_bindgen(method, getter)]
    fn streaming(this: &Host) -> bool;

    /// Leaves with the whole window: to an address, or by the form on screen.
    #[wasm_bindgen(method)]
    fn leave(this: &Host, url: Option<&str>);

    /// Opens the browser's print dialogue.
    #[wasm_bindgen(method)]
    fn print(this: &Host);
}

/// The language of a code; the shell has made it of a tag (`sv-FI`).
fn language(code: &str) -> Option<Language> {
    Language::ALL
        .into_iter()
        .find(|language| language.code() == code)
}

/// A mounted element. `unmount` releases all that it holds.
#[wasm_bindgen]
pub struct Handle {
    app: Rc<App>,
    view: View,
}

/// Draws the element into `parent` and fetches the session.
///
/// `code` is `fi`, `sv` or `en`; another leaves the language to the session.
#[wasm_bindgen]
#[must_use]
pub fn mount(parent: HtmlElement, host: Host, code: &str) -> Handle {
    let signals = Signals::new(language(code), host.remembered());
    let view = View::mount(&parent, signals.clone());
    let app = Rc::new(App::new(host, signals));
    app.load();
    Handle { app, view }
}

#[wasm_bindgen]
impl Handle {
    /// Speaks another language from now on.
    pub fn speak(&self, code: &str) {
        self.app.speak(language(code));
    }

    /// Looks again: the page was shown, came back from the bank (`restored`), or is online again.
    pub fn wake(&self, restored: bool) {
        self.app.wake(restored);
    }

    /// A button was pressed: its name and value.
    pub fn act(&self, name: &str, value: &str) {
        actions::act(&self.app, name, value);
    }

    /// Filters the list, and says how many banks are left.
    pub fn search(&self, typed: &str) {
        actions::search(&self.app, typed);
    }

    /// A message of the event stream, parsed.
    pub fn told(&self, json: &JsValue) {
        if let Some(status) = decode::status(json) {
            self.app.update(status);
        }
    }

    /// Ends requests, streams and timers; the view goes with the handle.
    pub fn unmount(self) {
        self.app.stop();
        drop(self.view);
    }
}
