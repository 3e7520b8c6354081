//! What the commands tell of themselves.

use crate::place::run;

#[test]
fn help_teaches() {
    for (name, arguments) in [
        ("kassa", &["--help"][..]),
        ("payments", &["payments", "--help"]),
        ("payments_list", &["payments", "list", "--help"]),
        ("payments_export", &["payments", "export", "--help"]),
        ("events_tail", &["events", "tail", "--help"]),
        ("webhooks_list", &["webhooks", "list", "--help"]),
        ("webhooks_replay", &["webhooks", "replay", "--help"]),
        ("keys_rotate", &["keys", "rotate", "--help"]),
    ] {
        insta::assert_snapshot!(name, run(arguments).expect(0).out);
    }
}

#[test]
fn it_is_said_that_no_live_vetuma_exists() {
    for arguments in [&["vetuma", "--help"][..], &["vetuma", "verify", "--help"]] {
        let help = run(arguments).expect(0).out;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            help.contains("No live VETUMA exists: the service closed at the end of 2017"),
            "{help}"
        );
    }
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains("**No live VETUMA exists**"));
    let facts = include_str!("../../../providers/src/vetuma/FACTS.md");
    assert!(facts.contains("**No live VETUMA exists.**"));
}

#[test]
fn shells_complete_the_commands() {
    for (shell, beginning) in [
        ("bash", "_kassa()"),
        ("zsh", "#compdef kassa"),
        ("fish", "#"),
    ] {
        let ran = run(&["completions", shell]).expect(0);
        assert!(ran.out.starts_with(beginning), "{shell}");
        assert!(ran.out.contains("awaiting_confirmation"), "{shell}");
        assert!(ran.out.contains("replay"), "{shell}");
    }
}
