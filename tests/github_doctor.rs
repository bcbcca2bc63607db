//! What `doctor` says of GitHub.

use std::process::Command;

use crate::support::{github::Token, github_house::GitHubHouse, stage::program};

fn doctor(house: &GitHubHouse) -> String {
    let output =
        Command::new(program()).args(["doctor", "--config"]).arg(&house.house.sandbox.config).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!house.github.canaries().iter().any(|canary| said.contains(canary)), "{said}");
    said.lines().filter(|line| line.contains(" on GitHub — ")).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_too_much_or_nothing_is_told() {
    let house = GitHubHouse::new(&[]).await;
    let good = doctor(&house);
    assert_eq!(good, "✓ acme/site on GitHub — answers, and the token may not administer it");

    let classic = house.github.edit(|world| world.add_token(Token::classic("ada", &["repo", "admin:org"])));
    std::fs::write(house.house.path("secrets/github"), &classic).unwrap();
    house.github.edit(|world| world.rename("acme/site", "acme/pages"));
    let weak = doctor(&house);
    assert!(weak.contains("! acme/site on GitHub — is now called acme/pages"), "{weak}");
    assert!(weak.contains("a classic one (repo, admin:org)"), "{weak}");

    house.github.edit(|world| world.revoke(&classic));
    let wrong = doctor(&house);
    assert!(wrong.starts_with("✗ acme/site on GitHub — GitHub does not accept the token. Fix: "), "{wrong}");
}
