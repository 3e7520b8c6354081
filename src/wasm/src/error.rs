//! Errors as JavaScript sees them.

use js_sys::{Error, Reflect};
use kassa_checkout::Coded;
use wasm_bindgen::JsValue;

/// A `KassaError`: what JavaScript catches.
pub(crate) fn kassa_error(
    code: &str,
    message: &str,
    field: Option<&str>,
    position: Option<usize>,
) -> JsValue {
    let error = Error::new(message);
    error.set_name("KassaError");
    set(&error, "code", &code.into());
    if let Some(field) = field {
        set(&error, "field", &field.into());
    }
    if let Some(position) = position {
        set(&error, "position", &position.into());
    }
    error.into()
}

/// A refusal by `viite`.
pub(crate) fn from_viite(error: viite::Error) -> JsValue {
    kassa_error(
        &error.code(),
        &error.to_string(),
        Some(error.subject().as_str()),
        error.position(),
    )
}

/// A refusal by the domain or a provider.
pub(crate) fn from_coded(error: impl Coded) -> JsValue {
    kassa_error(error.code(), &error.to_string(), error.field(), None)
}

/// An argument of another shape than the documented one.
pub(crate) fn from_shape(error: serde_wasm_bindgen::Error) -> JsValue {
    kassa_error("argument/shape", &error.to_string(), None, None)
}

fn set(error: &Error, name: &str, value: &JsValue) {
    // An ordinary error object takes any property; there is nothing to do if one day it did not.
    let _ = Reflect::set(error, &name.into(), value);
}
