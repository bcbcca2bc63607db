//! A gate that wants the tag to be signed by somebody whom the operator named.

use std::{path::Path, process::Command};

use serde_json::json;

use crate::support::{
    mcp::{Client, House},
    sandbox::git,
};

/// A new key; its public half.
fn key(path: &Path) -> String {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(path).status();
    assert!(made.unwrap().success());
    std::fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned()
}

/// Tags the version that is checked out, signed with a key.
fn sign(house: &House, name: &str, key: &Path) {
    let key = format!("user.signingKey={}", key.display());
    let arguments = ["-c", "gpg.format=ssh", "-c", &key, "tag", "-s", "-m", name, name];
    git(&house.path("repository"), &arguments);
}

async fn check(client: &Client, version: &str, wanted: &str) {
    let arguments = json!({ "service": "site", "version": version, "wait_s": 40 });
    let answer = client.call("deploy_service", arguments).await;
    let blocked = answer.blockers().contains(&"GATES_NOT_GREEN");
    assert_eq!(blocked, !wanted.is_empty(), "{version}: {}", answer.text);
    assert!(answer.text.contains(wanted), "{version}: {wanted}\n{}", answer.text);
}

#[tokio::test]
async fn only_a_tag_that_an_allowed_signer_made_for_this_name_is_green() {
    let house = House::staging().await;
    let (good, other) = (house.path("good"), house.path("other"));
    let (allowed, stranger) = (key(&good), key(&other));
    let signers = house.path("allowed_signers");
    std::fs::write(&signers, format!("release@example.org namespaces=\"git\" {allowed}\n")).unwrap();
    house.add_script_service("site", "deployment-scripts/deploy-forum.sh", 60, "gates = [\"signed\"]");
    let gate = format!("\n[gates.signed]\nkind = \"signed_tag\"\nallowed_signers = \"{}\"\n", signers.display());
    house.configure(|text| text + &gate);
    let repository = house.path("repository");
    sign(&house, "v1-good", &good);
    sign(&house, "v1-other", &other);
    git(&repository, &["tag", "v1-light"]);
    // A reference of another name that leads to a good tag.
    git(&repository, &["update-ref", "refs/tags/v2-borrowed", "refs/tags/v1-good"]);
    // What the repository configures must not decide.
    git(&repository, &["config", "gpg.ssh.program", "true"]);
    git(&repository, &["config", "gpg.minTrustLevel", "undefined"]);
    let client = house.server().await;
    check(&client, "v1-good", "").await;
    check(&client, "v1-other", "Gate signed is not green: the signature is of nobody among the allowed signers").await;
    check(&client, "v1-light", "Gate signed is not green: the version is no annotated tag.").await;
    check(&client, "v2025.01.13", "Gate signed is not green: the tag is not signed.").await;
    check(&client, "v2-borrowed", "Gate signed is not green: the tag object was made for another name.").await;
    let plan = client.plan("site", "v1-good").await;
    std::fs::write(&signers, format!("release@example.org namespaces=\"git\" {stranger}\n")).unwrap();
    let refused = client.execute("deploy_service", &plan).await;
    assert_eq!(refused.code(), "PLAN_STALE", "{}", refused.text);
    std::fs::remove_file(&signers).unwrap();
    check(&client, "v1-good", "Gate signed cannot be told: the file of the allowed signers is not there.").await;
}
