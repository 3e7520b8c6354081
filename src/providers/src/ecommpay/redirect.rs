//! Where the platform wants the customer to go: `redirect_data` of a callback.
//!
//! Source: "Open Banking in Finland", formats of intermediate callbacks. It says nothing about
//! money, so what cannot be used is as if it were not there, and the report still counts.

use kassa_checkout::provider::Redirect;

use super::{front::is_loopback, json::Json};

/// The longest address that a customer is sent to, in bytes.
const LONGEST_URL: usize = 8_192;
/// The most fields of a form, and the longest of their values in bytes. Ours.
const MOST_FIELDS: usize = 64;
const LONGEST_VALUE: usize = 65_536;

/// Which addresses customers may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schemes {
    /// Those of `https:` alone.
    Https,
    /// Also those of `http:` on this very machine: the Gate is there too, so it is a simulator.
    HttpsOrLoopback,
}

/// Reads where the customer is to go; `None` when nothing is said, or nothing that may be done.
pub(super) fn read(document: &Json, schemes: Schemes) -> Option<Redirect> {
    let data = document.get("redirect_data")?;
    let url = data.get("url")?.as_text()?;
    if !may_be_opened(url, schemes) {
        return None;
    }
    let url = url.to_owned();
    match data.get("method")?.as_text()?.to_ascii_uppercase().as_str() {
        "GET" => Some(Redirect::Get { url }),
        "POST" => Some(Redirect::Post {
            url,
            fields: fields(data.get("body"))?,
        }),
        _ => None,
    }
}

fn may_be_opened(url: &str, schemes: Schemes) -> bool {
    let plain = url.len() <= LONGEST_URL
        && url.bytes().all(|byte| byte.is_ascii_graphic())
        && !url.contains(['"', '<', '>', '\\', '`']);
    let authority = |scheme| {
        let rest = url.strip_prefix(scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        rest.get(..end)
    };
    // A name before the host would hide where the customer is really going.
    let safe = authority("https://").is_some_and(|host| !host.is_empty() && !host.contains('@'))
        || (schemes == Schemes::HttpsOrLoopback && authority("http://").is_some_and(is_loopback));
    plain && safe && url.parse::<http::Uri>().is_ok()
}

/// The form's fields. An empty one comes as `{}`, as PHP's `[]`, or not at all.
fn fields(body: Option<&Json>) -> Option<Vec<(String, String)>> {
    let entries = match body {
        None | Some(Json::Null) => return Some(Vec::new()),
        Some(Json::List(items)) => return items.is_empty().then(Vec::new),
        Some(Json::Object(entries)) => entries,
        Some(_) => return None,
    };
    if entries.len() > MOST_FIELDS {
        return None;
    }
    let field = |(name, value): &(String, Json)| Some((name.clone(), value_of(value)?));
    entries.iter().map(field).collect()
}

/// A field's value. What a form cannot carry makes the whole form useless.
fn value_of(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => (text.len() <= LONGEST_VALUE).then(|| text.clone()),
        Json::Number(literal) => Some(literal.clone()),
        Json::Null => Some(String::new()),
        Json::Bool(_) | Json::List(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::provider::Redirect;
    use serde_json::{Value, json};

    use super::{Schemes, read};
    use crate::ecommpay::json::Json;

    fn redirect(data: &Value, schemes: Schemes) -> Option<Redirect> {
        let document = json!({ "redirect_data": data }).to_string();
        read(&Json::read(document.as_bytes()).unwrap(), schemes)
    }

    fn get(url: &str) -> Option<Redirect> {
        let data = json!({"body": {}, "method": "GET", "url": url});
        redirect(&data, Schemes::Https)
    }

    #[test]
    fn the_documented_example_is_read_with_every_empty_body() {
        let url = "https://www.example.com/pay";
        for body in [json!({}), json!([]), Value::Null] {
            let data = json!({"body": body, "method": "GET", "url": url});
            let expected = Redirect::Get { url: url.into() };
            assert_eq!(redirect(&data, Schemes::Https), Some(expected));
            let data = json!({"body": body, "method": "post", "url": url});
            let expected = Redirect::Post {
                url: url.into(),
                fields: Vec::new(),
            };
            assert_eq!(redirect(&data, Schemes::Https), Some(expected));
        }
        let data = json!({"method": "GET", "url": url, "encrypted": "x"});
        assert!(redirect(&data, Schemes::Https).is_some());
    }

    #[test]
    fn a_forms_fields_keep_their_order_and_their_digits() {
        let data = json!({"method": "POST", "url": "https://bank.example/a;b?c=d#e",
            "body": {"z": "ä\n", "a": 1, "empty": null}});
        let Some(Redirect::Post { fields, .. }) = redirect(&data, Schemes::Https) else {
            panic!("no form");
        };
        let mut names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "empty", "z"]);
        assert!(fields.contains(&("z".into(), "ä\n".into())));
        assert!(fields.contains(&("a".into(), "1".into())));
        for body in [
            json!(["x"]),
            json!("x"),
            json!({"a": {}}),
            json!({"a": true}),
        ] {
            let data = json!({"method": "POST", "url": "https://bank.example/", "body": body});
            assert_eq!(redirect(&data, Schemes::Https), None, "{body}");
        }
    }

    #[test]
    fn only_https_is_opened() {
        assert!(get("https://bank.example/pay?x=1").is_some());
        for url in [
            "http://bank.example/",
            "http://127.0.0.1:8080/",
            "javascript:alert(1)",
            "//bank.example/",
            "https://",
            "https:///path",
            "https://op.fi@evil.example/",
            "https://bank.example/\u{e4}",
            "https://bank.example/\n",
            "https://bank.example/\"><script>",
            "HTTPS://bank.example/",
            "",
        ] {
            assert_eq!(get(url), None, "{url:?}");
        }
        let long = format!("https://bank.example/{}", "x".repeat(8_192));
        assert_eq!(get(&long), None);
    }

    #[test]
    fn a_simulator_on_this_machine_may_have_its_bank_there() {
        let data = |url: &str| json!({"method": "GET", "url": url, "body": []});
        for (url, opened) in [
            ("http://127.0.0.1:8091/bank", true),
            ("http://localhost/", true),
            ("http://127.0.0.1.evil.example/", false),
            ("http://127.0.0.1@evil.example/", false),
            ("http://bank.example/", false),
            ("https://bank.example/", true),
        ] {
            let read = redirect(&data(url), Schemes::HttpsOrLoopback);
            assert_eq!(read.is_some(), opened, "{url}");
        }
    }

    #[test]
    fn an_odd_method_or_shape_is_nothing() {
        for data in [
            json!({"method": "PUT", "url": "https://bank.example/"}),
            json!({"url": "https://bank.example/"}),
            json!({"method": 1, "url": "https://bank.example/"}),
            json!({"method": "GET"}),
            json!("https://bank.example/"),
            Value::Null,
        ] {
            assert_eq!(redirect(&data, Schemes::Https), None, "{data}");
        }
    }
}
