//! What is wrong with a request, for the developer who made it; in English, as ecommpay's own messages are.

use axum::http::StatusCode;

use super::{Page, esc};
use crate::flow::FlowError;
use crate::params::Problem;
use crate::texts::Lang;

/// The list of problems, and the string over which the signature was checked.
pub(super) fn page(problems: &[Problem], string_to_sign: Option<&str>) -> Page {
    let items = problems.iter().map(|problem| {
        let code = problem
            .code
            .map(|code| format!(" <small>ecommpay code {code}</small>"))
            .unwrap_or_default();
        format!(
            "<li><code>{}</code> {}{code}</li>",
            esc(&problem.field),
            esc(&problem.message)
        )
    });
    let heading = match problems.len() {
        1 => "One problem with this request".to_owned(),
        count => format!("{count} problems with this request"),
    };
    let body = format!(
        "<section class=\"k k-problems\"><h1>{heading}</h1><p>The Payment Page cannot be opened. No payment was created.</p><ol>{}</ol>{}\
         <div class=\"k-row\"><a class=\"k-quiet\" href=\"/\">{}</a></div></section>",
        items.collect::<String>(),
        string_to_sign.map(signed_part).unwrap_or_default(),
        Lang::En.texts().all_payments,
    );
    Page {
        status: StatusCode::BAD_REQUEST,
        wide: true,
        ..Page::new(Lang::En, heading, body)
    }
}

/// An act that does not fit the payment's state.
pub(super) fn flow(lang: Lang, error: &FlowError) -> Page {
    let texts = lang.texts();
    let body = format!(
        "<section class=\"k k-plain\"><h1>{}</h1><p lang=\"en\">{}</p><a class=\"k-quiet\" href=\"/?lang={}\">{}</a></section>",
        texts.too_late,
        esc(&error.to_string()),
        lang.code(),
        texts.all_payments,
    );
    Page {
        status: StatusCode::CONFLICT,
        ..Page::new(lang, texts.too_late, body)
    }
}

fn signed_part(string_to_sign: &str) -> String {
    format!(
        "<h2>String to sign</h2><p>Computed from the parameters received: names in natural order, <code>name:value</code>, joined by semicolons, without <code>signature</code> and <code>frame_mode</code>. \
         Compare it with yours, character by character; its HMAC-SHA-512 with the project’s secret, in standard Base64, is the signature.</p><pre>{}</pre>",
        esc(string_to_sign)
    )
}
