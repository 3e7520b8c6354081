//! The secrets that a shop shares with its software, while one is being changed.

use kassa_keys::{Sha256SuffixKey, SharedSecrets, Validity};
use kassa_server::{
    clock,
    config::Config,
    vetuma::{Bridge, ReturnUrls},
};

use crate::{
    kit::Kit,
    software::{Form, KEY},
};

#[tokio::test]
async fn secrets_have_their_time_and_an_answer_is_signed_with_that_of_its_call() {
    let bridge = |keys: &[(&str, Validity)]| {
        let mut secrets = SharedSecrets::default();
        for (key, validity) in keys {
            let key = Sha256SuffixKey::parse(key).unwrap();
            let purpose = kassa_checkout::message::Purpose::Payment;
            secrets.add(purpose, key, *validity).unwrap();
        }
        Bridge {
            secrets,
            configurations: vec!["TESTIASIAKAS1".to_owned()],
            return_urls: ReturnUrls::Loopback,
            profile: kassa_providers::vetuma::Profile::V3,
            banks: std::collections::BTreeMap::new(),
        }
    };
    let with = |bridge: Bridge| {
        move |config: &mut Config| {
            let shop = config.shops.get_mut("demo").unwrap();
            // The API keys hold it too.
            config.api_keys = kassa_server::config::ApiKeys::default();
            std::sync::Arc::get_mut(shop).unwrap().vetuma = Some(bridge);
        }
    };
    let new = format!("TESTIASIAKAS11-{}", "B".repeat(64));
    let over = Validity {
        from: None,
        until: Some(clock::now()),
    };
    let both = Kit::with(with(bridge(&[
        (KEY, Validity::default()),
        (&new, Validity::default()),
    ])));
    for key in [KEY, new.as_str()] {
        let number = if key == KEY { "171" } else { "172" };
        let form = Form::pay(number);
        let answer = both
            .form("/vetuma/payment", &form.body(key), None)
            .await
            .expect(303);
        let to = answer.header("location").to_owned();
        let token = to
            .strip_prefix("/checkout/")
            .unwrap()
            .split('?')
            .next()
            .unwrap();
        let answer = both.leave(token).await.expect(200);
        let page: String = answer.bytes.iter().map(|byte| char::from(*byte)).collect();
        let mac = page.split("name=\"MAC\" value=\"").nth(1).unwrap();
        let time = page.split("name=\"TIMESTMP\" value=\"").nth(1).unwrap();
        let answered = Form(Vec::new())
            .with("RCVID", "TESTIASIAKAS11")
            .with("TIMESTMP", &time[..17])
            .with("SO", "")
            .with("LG", "sv")
            .with("RETURL", form.get("RETURL"))
            .with("CANURL", form.get("CANURL"))
            .with("ERRURL", form.get("ERRURL"))
            .with("PAYID", "")
            .with("REF", "1234561")
            .with("ORDNR", number)
            .with("PAID", "")
            .with("STATUS", "CANCELLED");
        assert_eq!(
            mac[..64],
            answered.mac(key),
            "signed with the secret of the call"
        );
    }
    let ended = Kit::with(with(bridge(&[(KEY, over), (&new, Validity::default())])));
    let form = Form::pay("173");
    ended
        .form("/vetuma/payment", &form.body(KEY), None)
        .await
        .expect(400);
    ended
        .form("/vetuma/payment", &form.body(&new), None)
        .await
        .expect(303);
}
