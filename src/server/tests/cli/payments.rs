//! `kassa payments`: listed, shown and exported.

use std::collections::BTreeSet;

use crate::place::{THEN, three};

#[tokio::test]
async fn payments_are_listed_and_shown() {
    // The store is open the whole time, as by a server.
    let place = three().await;
    insta::assert_snapshot!("list", place.run(&["payments", "list"]).expect(0).out);
    let shown = place.run(&["payments", "show", "pay_000000000000000000000001"]);
    insta::assert_snapshot!("show", shown.expect(0).out);
    let listed = place.run(&["payments", "list", "--limit", "1", "--shop", "puoti"]);
    let listed = listed.expect(0);
    assert!(listed.out.contains("=1+1") && !listed.out.contains("20261001"));
    assert_eq!(
        listed.err,
        "the 1 newest; there are more (--limit, --from, --to)\n"
    );
    let paid = place
        .run(&["payments", "list", "--status", "paid", "--json"])
        .expect(0);
    let [paid] = &paid.lines()[..] else {
        panic!("{}", paid.out)
    };
    assert_eq!(paid["shop"], "puoti");
    assert_eq!(
        (&paid["amount"], &paid["currency"]),
        (&4_990.into(), &"EUR".into())
    );
    for (more, orders) in [
        (
            &["--from", "2026-11-18T11:07:40Z"][..],
            &["C-3", "=1+1"][..],
        ),
        (&["--to", "2026-11-18T11:07:40Z"], &["20261001"]),
        (&["--order", "C-3"], &["C-3"]),
        (&["--reference", "90000 00027"], &["=1+1"]),
    ] {
        let ran = place.run(&[&["payments", "list", "--json"], more].concat());
        let found: Vec<_> = ran.expect(0).lines();
        let found: Vec<_> = found
            .iter()
            .map(|line| line["order"].as_str().unwrap())
            .collect();
        assert_eq!(found, orders, "{more:?}");
    }
}

#[tokio::test]
async fn nothing_secret_or_personal_is_printed() {
    let place = three().await;
    let id = "pay_000000000000000000000001";
    for arguments in [
        &["payments", "list"][..],
        &["payments", "list", "--json"],
        &["payments", "show", id],
        &["payments", "show", id, "--json"],
        &["payments", "export", "--csv"],
        &["payments", "export", "--json"],
        &["webhooks", "list"],
        &["webhooks", "list", "--json"],
    ] {
        let ran = place.run(arguments).expect(0);
        assert!(ran.out.contains("puoti"), "{arguments:?}");
        for secret in ["a-secret-token", "maija"] {
            assert!(!ran.out.contains(secret), "{arguments:?}: {secret}");
        }
    }
}

#[tokio::test]
async fn an_export_has_every_payment_once() {
    let place = three().await;
    insta::assert_snapshot!(
        "csv",
        place.run(&["payments", "export", "--csv"]).expect(0).out
    );
    // More than one page of the store.
    for number in 4..=1_203 {
        place.create(number, "paljon", "many", THEN).await;
    }
    let export = place
        .run(&["payments", "export", "--json", "--shop", "paljon"])
        .expect(0);
    let ids: BTreeSet<_> = export.out.lines().map(str::to_owned).collect();
    assert_eq!((ids.len(), export.lines().len()), (1_200, 1_200));
    let nothing = place
        .run(&["payments", "export", "--csv", "--shop", "none"])
        .expect(0);
    assert_eq!(nothing.out.lines().count(), 1);
}
