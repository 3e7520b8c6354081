//! What browsers see: the session, origins, headers, the status stream, the hosted page.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt as _;
use http::{Method, Request, header};
use kit::{Kit, SECRET, SHOP, attempt_of, report, text};
use serde_json::{Value, json};

/// The key of the development configuration's shop that is paid through OP.
const KEY_AT_OP: &str = "kassa_dev_op_0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn the_session_holds_all_that_the_widget_needs() {
    let kit = Kit::new();
    let payment = kit
        .create(json!({ "description": "Kaksi kuusta", "language": "en" }))
        .await;
    let session = kit
        .get(&format!("/checkout/{}/session", text(&payment, "token")))
        .await;
    let session = session.expect(200).json();
    assert_eq!(session["payee"], "Metsän Puoti Oy");
    assert_eq!(session["amount_cents"], 4_990);
    assert_eq!(session["reference"], "12 34561");
    assert_eq!(session["language"], "en");
    assert_eq!(session["option"], "all_banks");
    assert_eq!(session["methods"], json!([]));
    let banks = session["banks"].as_array().unwrap();
    assert!(banks.iter().any(|bank| bank["id"] == "nordea"));
    assert!(!banks.iter().any(|bank| bank["id"] == "handelsbanken"));
    assert_eq!(session["status"]["status"], "created");
    assert_eq!(session["status"]["can_pay"], true);
    kit.get("/checkout/co_none/session").await.expect(404);
}

#[tokio::test]
async fn named_banks_keep_their_order_and_methods_show_where_they_belong() {
    let kit = Kit::new();
    let session = async |selection: Value| {
        let payment = kit.create(json!({ "selection": selection })).await;
        let path = format!("/checkout/{}/session", text(&payment, "token"));
        kit.get(&path).await.expect(200).json()
    };
    let named = session(json!({ "option": "named_banks", "banks": ["s-pankki", "aktia"] })).await;
    let ids: Vec<&str> = named["banks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bank| text(bank, "id"))
        .collect();
    assert_eq!(ids, ["s-pankki", "aktia"]);
    let among = session(json!({ "option": "banks_among_methods" })).await;
    let codes: Vec<&str> = among["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| text(method, "code"))
        .collect();
    assert_eq!(codes, ["card", "mobilepay"]);
}

#[tokio::test]
async fn only_the_shops_own_pages_may_read() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let path = format!("/checkout/{}/status", text(&payment, "token"));
    let from = |method: Method, origin: &'static str| {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(&path)
            .header(header::ORIGIN, origin);
        if method == Method::OPTIONS {
            request = request.header("access-control-request-method", "POST");
        }
        kit.send(request.body(Body::empty()).unwrap())
    };
    let allowed = from(Method::GET, SHOP).await.expect(200);
    assert_eq!(allowed.header("access-control-allow-origin"), SHOP);
    assert!(allowed.header("vary").contains("origin"));
    let preflight = from(Method::OPTIONS, SHOP).await.expect(204);
    assert_eq!(preflight.header("access-control-allow-origin"), SHOP);
    assert_eq!(
        preflight.header("access-control-allow-methods"),
        "GET, POST"
    );
    for foreign in ["https://evil.example", "null", "http://127.0.0.1:8083"] {
        for method in [Method::GET, Method::OPTIONS] {
            let answer = from(method, foreign).await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                "",
                "{foreign}"
            );
        }
    }
    let shop_api = Request::get("/v1/payments").header(header::ORIGIN, SHOP);
    let answer = kit.send(shop_api.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let page = format!("/checkout/{}", text(&payment, "token"));
    for path in [
        page.as_str(),
        "/checkout/co_none",
        "/healthz",
        "/nothing",
        "/v1/payments",
    ] {
        let answer = kit.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'"),
            "{path}"
        );
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 12, "{path}");
    }
    let https = Kit::with(|config| config.public_url = "https://pay.example".to_owned());
    let answer = https.get("/healthz").await;
    assert!(
        answer
            .header("strict-transport-security")
            .starts_with("max-age=31536000")
    );
}

/// A page leads to the providers of the shop that is paid, whatever other shops have.
#[tokio::test]
async fn a_page_leads_where_its_shop_is_paid_and_nowhere_else() {
    let kit = Kit::new();
    let policy = async |page: &str| {
        let answer = kit.get(page).await;
        answer.header("content-security-policy").to_owned()
    };
    let leading_to = |targets: &str| {
        format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
             img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; \
             frame-ancestors 'none'; form-action 'self'{targets}"
        )
    };
    let payment = kit.create(json!({})).await;
    let page = format!("/checkout/{}", text(&payment, "token"));
    assert_eq!(policy(&page).await, leading_to(" http://127.0.0.1:8081"));
    // OP tells the bank's page only when it is asked.
    let order = kit::order().to_string();
    let at_op = Request::post("/v1/payments")
        .header(header::AUTHORIZATION, format!("Bearer {KEY_AT_OP}"))
        .header(header::CONTENT_TYPE, "application/json");
    let payment = kit.send(at_op.body(Body::from(order)).unwrap()).await;
    let payment = payment.expect(201).json();
    let page = format!("/checkout/{}", text(&payment, "token"));
    assert_eq!(
        policy(&page).await,
        leading_to(" http://127.0.0.1:8081 https:")
    );
    assert_eq!(policy("/checkout/co_none").await, leading_to(""));
}

#[tokio::test]
async fn the_page_is_complete_without_a_script() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let page = format!("/checkout/{}", text(&payment, "token"));
    let shown = kit.get(&format!("{page}?lang=sv")).await.expect(200);
    assert!(shown.text.contains("<html lang=\"sv\">"));
    assert!(shown.text.contains(&format!("action=\"{page}/choose\"")));
    assert!(shown.text.contains("name=\"bank\" value=\"nordea\""));
    assert!(!shown.text.contains("style=\""), "no inline style");
    assert!(!shown.text.contains("<script>"), "no inline script");
    assert!(
        !shown.text.contains("http-equiv"),
        "nothing to wait for yet"
    );

    let sent = kit
        .form(
            &format!("{page}/choose"),
            "bank=nordea&language=sv",
            Some("http://127.0.0.1:8080"),
        )
        .await;
    let step = json!({ "url": sent.expect(303).header("location") });
    let attempt = attempt_of(&step);
    let waiting = kit.get(&page).await.expect(200);
    assert!(waiting.text.contains("http-equiv=\"refresh\" content=\"2;"));

    kit.callback(report(&attempt, "success", 1, 4_990, SECRET))
        .await
        .expect(200);
    let paid = kit.get(&format!("{page}?lang=fi")).await.expect(200);
    assert!(!paid.text.contains("http-equiv"));
    assert!(
        paid.text.contains("12 34561"),
        "the reference stands on the receipt"
    );
}

#[tokio::test]
async fn the_first_way_has_two_pages() {
    let kit = Kit::new();
    let payment = kit
        .create(json!({ "selection": { "option": "method_then_bank" } }))
        .await;
    let page = format!("/checkout/{}", text(&payment, "token"));
    let first = kit.get(&page).await.expect(200);
    assert!(first.text.contains("name=\"method\" value=\"card\""));
    assert!(!first.text.contains("value=\"nordea\""));
    let second = kit.get(&format!("{page}?step=banks")).await.expect(200);
    assert!(second.text.contains("name=\"bank\" value=\"nordea\""));
}

#[tokio::test]
async fn the_language_is_asked_for_agreed_or_accepted() {
    let kit = Kit::new();
    let language = |payment: Value, query: &'static str, accepted: &'static str| {
        let request = Request::get(format!("/checkout/{}{query}", text(&payment, "token")))
            .header(header::ACCEPT_LANGUAGE, accepted)
            .body(Body::empty())
            .unwrap();
        async {
            let page = kit.send(request).await.expect(200).text;
            page.split("<html lang=\"").nth(1).unwrap()[..2].to_owned()
        }
    };
    let agreed = kit.create(json!({ "language": "sv" })).await;
    let open = kit.create(json!({})).await;
    assert_eq!(language(agreed.clone(), "", "en").await, "sv");
    assert_eq!(language(agreed, "?lang=fi", "en").await, "fi");
    assert_eq!(language(open.clone(), "", "de, en;q=0.5").await, "en");
    assert_eq!(language(open, "", "de").await, "fi");
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let choose = format!("/checkout/{}/choose", text(&payment, "token"));
    for origin in ["https://evil.example", "null"] {
        let answer = kit.form(&choose, "bank=op", Some(origin)).await;
        assert_eq!(answer.expect(403).problem().0, "request/origin");
    }
    // A bank that is not there leads back to the choice with a word.
    let back = kit
        .form(&choose, "bank=none&language=en", None)
        .await
        .expect(303);
    assert!(
        back.header("location")
            .ends_with("?lang=en&fault=not-payable")
    );
    assert_eq!(kit.read(&payment).await["attempts"], 0);
}

#[tokio::test]
async fn the_stream_tells_at_once_and_on_every_change() {
    let kit = Kit::new();
    let payment = kit.create(json!({})).await;
    let path = format!("/checkout/{}/events", text(&payment, "token"));
    let response = kit.begin(&path).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut messages = Messages(response.into_body(), String::new());
    assert_eq!(messages.next().await.unwrap()["status"], "created");
    let step = kit.pay(&payment, json!({ "bank": "op" }), None).await;
    assert_eq!(messages.next().await.unwrap()["status"], "redirected");
    let attempt = attempt_of(&step.expect(200).json());
    kit.callback(report(&attempt, "success", 1, 4_990, SECRET))
        .await
        .expect(200);
    let paid = messages.next().await.unwrap();
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["bank"], "op");
    assert_eq!(messages.next().await, None, "the stream ends");

    // A browser that comes again knows all: it is told to stop.
    let known = Request::get(&path).header("last-event-id", paid["version"].to_string());
    kit.send(known.body(Body::empty()).unwrap())
        .await
        .expect(204);
}

/// The messages of a stream.
struct Messages(Body, String);

impl Messages {
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((message, rest)) = self.1.split_once("\n\n") {
                let data = message
                    .lines()
                    .find_map(|line| line.strip_prefix("data: "))
                    .map(|data| serde_json::from_str(data).unwrap());
                self.1 = rest.to_owned();
                if data.is_some() {
                    return data;
                }
                continue;
            }
            let body = std::mem::take(&mut self.0);
            let mut stream = body.into_data_stream();
            let next = tokio::time::timeout(Duration::from_secs(5), stream.next()).await;
            let chunk = next.expect("nothing came for five seconds");
            self.0 = Body::from_stream(stream);
            self.1
                .push_str(std::str::from_utf8(&chunk?.unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait() {
    let kit = Kit::with(|config| {
        config.limits.token_per_second = 1;
        config.limits.token_burst = 3;
    });
    let payment = kit.create(json!({})).await;
    let other = kit.create(json!({})).await;
    let status = |payment: &Value| format!("/checkout/{}/status", text(payment, "token"));
    for _ in 0..3 {
        kit.get(&status(&payment)).await.expect(200);
    }
    let answer = kit.get(&status(&payment)).await.expect(429);
    assert_eq!(answer.problem().0, "request/rate-limit");
    assert_eq!(answer.header("retry-after"), "1");
    kit.get(&status(&other)).await.expect(200);
}
