//! A gate that wants the tag to be signed by somebody whom the operator named.

use std::path::Path;

use serde_json::json;

use crate::support::{
    github::{Fault, GitHub},
    mcp::{Answer, Client, House},
    on_github::{self, object, repository},
    sandbox::git,
    signer::{fingerprint, key},
};

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

/// A house on GitHub whose new tags are signed with a key, of which the gate `signed` knows.
async fn signing_house() -> (House, GitHub) {
    let (house, github) = on_github::house().await;
    let public = key(&house.path("secrets/tag_key"));
    let signers = house.path("allowed_signers");
    std::fs::write(&signers, format!("release@example.org namespaces=\"git\" {public}\n")).unwrap();
    house.configure(|text| {
        let secret = format!("[secrets]\nTAG_KEY = \"file:{}\"\n", house.path("secrets/tag_key").display());
        let signer = "sign_tags = { key = \"TAG_KEY\", name = \"Release Bot\", email = \"release@example.org\" }";
        let gate = format!("[gates.signed]\nkind = \"signed_tag\"\nallowed_signers = \"{}\"\n", signers.display());
        let text = text.replace("[secrets]\n", &secret);
        let text = text.replace("gates = [\"scripts\"]", "gates = [\"scripts\", \"signed\"]");
        text.replace("token = \"GITHUB_TOKEN\"\n", &format!("token = \"GITHUB_TOKEN\"\n{signer}\n{gate}"))
    });
    (house, github)
}

async fn tag(client: &Client, house: &House, name: &str) -> (Answer, Answer) {
    let arguments = json!({ "service": "shop", "tag": name, "commit": object(&house.sandbox, "HEAD"), "wait_s": 40 });
    let planned = client.call("create_tag", arguments).await;
    let done = client.execute("create_tag", planned.get("/plan/id")).await;
    (planned, done)
}

#[tokio::test]
async fn a_new_tag_is_signed_when_a_key_is_configured() {
    let (house, github) = signing_house().await;
    let client = house.server().await;
    let signer = fingerprint(&house.path("secrets/tag_key"));
    // The answer to the reference is lost: the tag that is found is the one that was made.
    github.fault_once("POST git/refs", 1, Fault::Lost);
    let (planned, done) = tag(&client, &house, "v2025.02.01").await;
    assert!(planned.text.contains(&format!("signed by Release Bot with {signer}")), "{}", planned.text);
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert!(done.text.contains("is signed and names commit"), "{}", done.text);
    assert_eq!((github.count("POST git/tags"), github.count("POST git/refs")), (1, 1));
    // The same bytes there and here, and git says whose they are.
    let there = repository(&github, |repository| repository.tag_target("v2025.02.01").map(str::to_owned));
    assert_eq!(there.as_deref(), Some(object(&house.sandbox, "refs/tags/v2025.02.01").as_str()));
    let said = verify_tag(&house, "v2025.02.01");
    assert!(said.contains("Good \"git\" signature for release@example.org") && said.contains(&signer), "{said}");
    let deployed =
        client.call("deploy_service", json!({ "service": "shop", "version": "v2025.02.01", "wait_s": 40 })).await;
    assert!(!deployed.blockers().contains(&"GATES_NOT_GREEN"), "{}", deployed.text);

    // GitHub that takes the last line end away keeps what was signed; one that alters words does not.
    repository(&github, |repository| repository.rewrite_tag_messages(|message| message.trim_end().to_owned()));
    let (_, done) = tag(&client, &house, "v2025.02.02").await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert!(done.text.contains("the repository here has it too"), "{}", done.text);
    assert!(verify_tag(&house, "v2025.02.02").contains("Good \"git\" signature"));
    repository(&github, |repository| repository.rewrite_tag_messages(|message| message.replace("green", "red")));
    let (_, altered) = tag(&client, &house, "v2025.02.03").await;
    assert_eq!(altered.get("/operation/state"), "failed", "{}", altered.text);
    assert!(altered.text.contains("GitHub does not keep the tag as it was signed"), "{}", altered.text);
    assert_eq!(repository(&github, |repository| repository.tag_target("v2025.02.03").map(str::to_owned)), None);

    // The key that was approved is the key that signs.
    let arguments =
        json!({ "service": "shop", "tag": "v2025.02.04", "commit": object(&house.sandbox, "HEAD"), "wait_s": 40 });
    let planned = client.call("create_tag", arguments).await;
    let used = std::fs::read_to_string(house.path("secrets/tag_key")).unwrap();
    std::fs::remove_file(house.path("secrets/tag_key")).unwrap();
    key(&house.path("secrets/tag_key"));
    let stale = client.execute("create_tag", planned.get("/plan/id")).await;
    assert_eq!(stale.code(), "PLAN_STALE", "{}", stale.text);
    assert!(stale.text.contains("tag key"), "{}", stale.text);
    let probed = client.call("verify_secret", json!({ "secrets": ["TAG_KEY"], "probe": true })).await;
    assert!(
        probed.status().starts_with("Secret works: TAG_KEY ✓ It is a key that signs tags, SHA256:"),
        "{}",
        probed.text
    );
    let inside = used.lines().nth(2).unwrap();
    for seen in [&planned.raw, &done.raw, &altered.raw, &probed.raw, &client.log()] {
        assert!(!seen.contains(inside), "the key came out");
    }
}

/// What `git verify-tag` says, with the allowed signers.
fn verify_tag(house: &House, name: &str) -> String {
    let signers = format!("gpg.ssh.allowedSignersFile={}", house.path("allowed_signers").display());
    let mut git = std::process::Command::new("git");
    git.arg("-C").arg(house.path("repository")).args(["-c", "gpg.format=ssh", "-c", &signers, "verify-tag", name]);
    let output = git.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}
