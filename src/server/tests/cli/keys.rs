//! `kassa keys` and `kassa keygen`: secrets are made, changed and shown once.

use std::path::Path;

use kassa_keys::{ApiKeyHash, RsaSha256Key};
use kassa_server::config::Config;

use crate::{
    configured::configuration,
    kit::Folder,
    place::{Ran, run},
};

#[test]
fn a_webhook_secret_is_rotated_and_the_old_one_verifies_meanwhile() {
    let folder = Folder::new();
    let config = configuration(&folder);
    let file = folder.path().join("secrets/puoti-webhook");
    let old = std::fs::read_to_string(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    }
    let ran = rotate(&config, &[]).expect(0);
    let written = std::fs::read_to_string(&file).unwrap();
    let [new, second] = written.lines().collect::<Vec<_>>()[..] else {
        panic!("not two lines")
    };
    assert_eq!(second, old);
    assert_eq!(ran.out.matches(new).count(), 1, "shown once");
    assert!(!ran.out.contains(&old));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
    let shop = Config::read(&config).unwrap().shops["puoti"].clone();
    assert_eq!(shop.webhook.as_ref().unwrap().keys.len(), 2);

    // A second rotation before the first is over would take a secret that is in use.
    let again = rotate(&config, &[]).expect(1);
    assert!(again.err.contains("--remove-old"), "{}", again.err);
    rotate(&config, &["--remove-old"]).expect(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{new}\n"));
    rotate(&config, &["--remove-old"]).expect(3);
    let names: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 2, "something was left behind");
}

#[test]
fn what_cannot_be_rotated_is_told_by_hand() {
    let folder = Folder::new();
    let config = configuration(&folder);
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("file:secrets/puoti-webhook", "env:PUOTI_WEBHOOK");
    std::fs::write(&config, text).unwrap();
    let ran = rotate(&config, &[]).expect(1);
    assert!(
        ran.err
            .contains("[\"env:NEW_NAME\", \"env:PUOTI_WEBHOOK\"]"),
        "{}",
        ran.err
    );
    assert_eq!(ran.out, "");
    let config = config.to_str().unwrap();
    run(&["keys", "rotate", "--shop", "none", "--config", config]).expect(3);
}

#[test]
fn an_api_key_is_made_with_its_hash() {
    let folder = Folder::new();
    let config = configuration(&folder);
    let before = std::fs::read(&config).unwrap();
    let ran = rotate(&config, &["--api-key"]).expect(0);
    let key = ran.out.lines().nth(1).unwrap().trim();
    let hash = ran.out.lines().nth(3).unwrap().trim();
    assert_eq!(
        hash,
        format!("\"{}\",", ApiKeyHash::of(key).unwrap().to_hex())
    );
    assert_eq!(
        std::fs::read(&config).unwrap(),
        before,
        "the configuration was changed"
    );
}

#[test]
fn a_key_pair_for_op_is_made_once_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let file = folder.path().join("op-key.pem");
    let path = file.to_str().unwrap();
    let ran = run(&["keygen", "op", "--out", path]).expect(0);
    let private = std::fs::read_to_string(&file).unwrap();
    let key = RsaSha256Key::parse(private.trim_end()).unwrap();
    assert!(!key.is_published_example());
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(ran.out.contains(&key.public().to_pem()), "{}", ran.out);
    assert!(ran.out.contains(&key.public().fingerprint()));
    let secret = private.lines().nth(7).unwrap();
    assert!(!ran.out.contains(secret) && !ran.err.contains(secret));

    let again = run(&["keygen", "op", "--out", path]).expect(1);
    assert!(
        again.err.contains("there is a file already"),
        "{}",
        again.err
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), private);
}

fn rotate(config: &Path, more: &[&str]) -> Ran {
    let config = config.to_str().unwrap();
    run(&[
        &["keys", "rotate", "--shop", "puoti", "--config", config],
        more,
    ]
    .concat())
}
