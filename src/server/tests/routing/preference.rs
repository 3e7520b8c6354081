//! While every provider is there, the order of preference decides.

use serde_json::{Value, json};

use crate::{
    kit::text,
    world::{
        Account::{Gate, Op},
        World,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn each_bank_is_shown_once_and_goes_by_the_order_of_preference() {
    for (accounts, shared, only_second) in [
        ([Gate, Op], "ecommpay", ("sim-nordea", "op")),
        ([Op, Gate], "op", ("s-pankki", "ecommpay")),
    ] {
        let world = World::start(&accounts).await;
        let payment = world.payment().await;
        let session = world.session(&payment).await;
        let shown = ids(&session);
        let mut once = shown.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), shown.len(), "{shown:?}");
        // The first account's come first, in its order.
        assert_eq!(shown[0] == "op", shared == "op", "{shown:?}");
        for bank in ["nordea", "op"] {
            let payment = world.payment().await;
            assert_eq!(world.pay_with(&payment, bank).await, [shared], "{bank}");
        }
        let (bank, provider) = only_second;
        let bank = if provider == "op" {
            // What the settings give no name goes by OP's own.
            let own = shown.iter().find(|bank| bank.starts_with("sim-"));
            (*own.unwrap()).to_owned()
        } else {
            bank.to_owned()
        };
        let payment = world.payment().await;
        assert_eq!(world.pay_with(&payment, &bank).await, [provider], "{bank}");
        let read = world.shop(&payment, "").await;
        assert_eq!(read["provider"], provider);
        world.stop().await;
    }
}

/// Where the choice is left to the provider's page, the order of preference counts among those who
/// have such a page; OP has none, but for a single bank.
#[tokio::test(flavor = "multi_thread")]
async fn a_choice_at_the_provider_goes_by_the_order_of_preference_too() {
    for (accounts, first) in [([Gate, Op], "ecommpay"), ([Op, Gate], "op")] {
        let world = World::start(&accounts).await;
        let pay = async |selection: Value| {
            let body = json!({ "choose_at": "provider", "selection": selection });
            let payment = world.payment_with(body).await;
            let url = format!("{}/checkout/{}/pay", world.kassa, text(&payment, "token"));
            let (status, step) = world.post(url, json!({})).await;
            assert_eq!((status, &step["kind"]), (200, &json!("redirect")), "{step}");
            world.attempts(&payment).await
        };
        let nordea = json!({ "option": "single_bank", "banks": ["nordea"] });
        let two = json!({ "option": "named_banks", "banks": ["nordea", "danske"] });
        assert_eq!(pay(nordea.clone()).await, [first]);
        assert_eq!(pay(two).await, ["ecommpay"]);
        assert_eq!(pay(json!({ "option": "all_banks" })).await, ["ecommpay"]);
        world.op.die();
        let attempts = pay(nordea).await;
        if first == "op" {
            assert_eq!(attempts, ["op refused: unreachable", "ecommpay"]);
        } else {
            assert_eq!(attempts, ["ecommpay"]);
        }
        world.stop().await;
    }
}

fn ids(session: &Value) -> Vec<&str> {
    let banks = session["banks"].as_array().unwrap().iter();
    banks.map(|bank| text(bank, "id")).collect()
}
