//! `kassa check`.

use std::path::PathBuf;

use crate::{
    kit::{Folder, shop_file::ShopFile},
    place::{run, three},
};

const ECOMMPAY: &str = r#"[[shops.accounts]]
provider = "ecommpay"
secrets = ["file:ecommpay"]
[shops.accounts.settings]
project_id = 120
"#;

/// A configuration in a folder, with one shop that is paid through ecommpay.
fn configured(folder: &Folder, shop: &str) -> PathBuf {
    let secret = "an-invented-secret-of-some-length-000001";
    std::fs::write(folder.path().join("ecommpay"), secret).unwrap();
    let file = ShopFile {
        url: "http://127.0.0.1:8080",
        shop,
        accounts: ECOMMPAY,
    };
    file.write(folder)
}

#[tokio::test]
async fn check_tells_of_attempts_whose_account_is_gone() {
    let place = three().await;
    let check = |shop: &str| {
        let file = configured(&place.folder, shop);
        run(&["check", "--config", file.to_str().unwrap()]).expect(0)
    };
    let told = check("puoti");
    assert!(told.out.ends_with("right, 1 shop\n"), "{}", told.out);
    assert_eq!(told.err, "");
    let told = check("uusi");
    let lost = "puoti: 1 attempt is still to be asked about at ecommpay, and no such account\n";
    assert_eq!(told.err, lost);
    // One that cannot be read is no fault of the configuration, and neither is one to come.
    let database = place.folder.path().join("kassa.db");
    drop(place.store);
    std::fs::write(&database, "no database").unwrap();
    let file = configured(&place.folder, "uusi");
    let check = || run(&["check", "--config", file.to_str().unwrap()]).expect(0);
    let told = check();
    assert!(
        told.err.starts_with("payments were not looked at: "),
        "{}",
        told.err
    );
    std::fs::remove_file(&database).unwrap();
    assert_eq!(check().err, "");
}
