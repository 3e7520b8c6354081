//! What OP wants kept, its identifiers among them, is in nothing that anybody reads.

use std::time::Duration;

use kassa_server::store::MessageFilter;
use serde_json::{Value, json};
use tracing::Level;
use tracing_subscriber::{
    filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    kit::{
        log::Lines,
        op::{ACCOUNT, MERCHANT, OP_API_KEY},
        text,
    },
    world::World,
};

impl World {
    /// Every page and every answer that a customer's browser can ask for.
    async fn look_around(&self, payment: &Value) {
        let page = format!("{}/checkout/{}", self.kassa, text(payment, "token"));
        for what in [
            "?lang=fi",
            "?lang=sv&step=banks",
            "?lang=en&fault=provider",
            "?again=3",
            "/wait?lang=fi&again=10",
            "/session",
            "/status",
            "/nothing",
        ] {
            self.browse(self.client.get(format!("{page}{what}"))).await;
        }
        let back = format!("{}/return/{}", self.kassa, text(payment, "token"));
        self.browse(self.client.get(back)).await;
        // The stream may never end: what comes within a moment is what there is.
        let mut stream = self
            .client
            .get(format!("{page}/events"))
            .send()
            .await
            .unwrap();
        let moment = Duration::from_millis(200);
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout(moment, stream.chunk()).await {
            let told = String::from_utf8(chunk.to_vec()).unwrap();
            self.seen.lock().unwrap().push_str(&told);
        }
    }

    /// The choice of a browser without script; where it is sent.
    async fn choose(&self, payment: &Value, bank: &str) -> String {
        let url = format!("{}/checkout/{}/choose", self.kassa, text(payment, "token"));
        let form = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("bank={bank}&language=sv"));
        let (status, to, _) = self.browse(form).await;
        assert_eq!(status, 303);
        to
    }

    /// What the shop's server can read.
    async fn shop_reads(&self, path: &str) {
        let request = self.client.get(format!("{}{path}", self.kassa));
        self.browse(request.bearer_auth(&self.key)).await;
    }
}

/// Whatever becomes of payments and refunds: all that comes to browsers, to the shop and into the
/// log is searched for what OP wants kept.
#[tokio::test(flavor = "multi_thread")]
async fn what_op_wants_kept_is_in_nothing_that_anybody_reads() {
    let lines = Lines::default();
    let writer = lines.clone();
    let ours = Targets::new()
        .with_target("kassa", Level::TRACE)
        .with_default(Level::WARN);
    tracing_subscriber::registry()
        .with(ours)
        .with(tracing_subscriber::fmt::layer().with_writer(move || writer.clone()))
        .init();
    let world = World::start().await;
    let mut payments = Vec::new();
    for (order, bank, act, status) in [
        ("1001", "op", "pay", "paid"),
        ("1002", "nordea", "cancel", "cancelled"),
        ("1003", "op", "refuse", "declined"),
    ] {
        let payment = world.payment(order).await;
        world.look_around(&payment).await;
        let way = world.choose(&payment, bank).await;
        world.look_around(&payment).await;
        world.at_the_bank(&json!({ "url": way }), act).await;
        world.until(&payment, status, Duration::from_secs(4)).await;
        world.look_around(&payment).await;
        payments.push(payment);
    }
    let refund = world.refund(&payments[0], json!({ "amount": 990 })).await;
    world.seen.lock().unwrap().push_str(&refund.1.to_string());
    assert_eq!(world.settled(&payments[0]).await, ["succeeded"]);
    // OP refuses, and does not answer.
    for status in [400, 401, 403, 404, 500, 503] {
        let faults = json!({ "refuse": 100, "refuse_with": status });
        world.control("/faults", faults).await;
        let payment = world.payment(&status.to_string()).await;
        let (code, problem) = world.pay(&payment, "op").await;
        assert!([502, 503].contains(&code), "{problem}");
        world.choose(&payment, "nordea").await;
        world.look_around(&payment).await;
        world.refund(&payments[0], json!({ "amount": 100 })).await;
        payments.push(payment);
    }
    for payment in &payments {
        let path = format!("/v1/payments/{}", text(payment, "id"));
        for what in ["", "/events", "/refunds"] {
            world.shop_reads(&format!("{path}{what}")).await;
        }
    }
    for path in ["/v1/payments", "/v1/events?limit=100", "/metrics"] {
        world.shop_reads(path).await;
    }
    world.nothing_leaked().await;
    let told = world.app.store.messages(MessageFilter {
        limit: 1_000,
        ..MessageFilter::default()
    });
    let mut told: String = told
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.body)
        .collect();
    assert!(told.contains("refund.updated"), "{told}");
    told.push_str(&format!("{:?}", world.app.config));
    let log = lines.text();
    assert!(
        log.contains("a payment was refused") && log.contains("a report was applied"),
        "the log is there: {log}"
    );
    let ids = world.at_op().await;
    let ids = ids.iter().map(|payment| text(payment, "paymentId"));
    for secret in [MERCHANT, ACCOUNT, OP_API_KEY, "PRIVATE KEY"]
        .into_iter()
        .chain(ids)
    {
        assert!(!told.contains(secret), "{secret}: {told}");
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    world.stop().await;
}
