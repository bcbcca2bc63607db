//! Tags that only the remote has: fetched by the server, into a place of its own, and never another one under a name that was seen.

use std::path::PathBuf;

use serde_json::json;

use crate::support::{
    github_house::{SCRIPT, url_of_games},
    mcp::{Answer, Client, House, collect},
    sandbox::git,
    stage::program,
    stand_in::{Says, StandIn, status},
};

/// A token as it would stand in a header, and the token itself.
const TOKEN: &str = "ght-canary-7Pz3mK9xW2";

/// A house with a service `site` whose repository has this remote, and somebody's clone of it.
struct Remote {
    house: House,
    bare: PathBuf,
    elsewhere: PathBuf,
}

impl Remote {
    async fn new() -> Self {
        let house = House::staging().await;
        let back = "#!/bin/sh\n[ \"$1\" = --dry-run ] || echo back >> \"$DEPLOY_ROOT/deployed\"\n";
        house.commit(&[("deploy-site.sh", SCRIPT), ("deployment-scripts/rollback-forum.sh", back)], "v2025.02.01");
        // What users would see is the page of another service that is always there.
        std::fs::create_dir_all(house.path("srv/games/www")).unwrap();
        std::fs::write(house.path("srv/games/www/index.html"), "<title>Site</title>").unwrap();
        let (bare, elsewhere) = (house.path("remote.git"), house.path("elsewhere"));
        let top = house.path("");
        git(&top, &["clone", "-q", "--bare", "repository", "remote.git"]);
        git(&top, &["clone", "-q", "remote.git", "elsewhere"]);
        let remote = Self { house, bare, elsewhere };
        remote.reach("site", &format!("url = \"file://{}\"", remote.bare.display()));
        remote.house.configure(|text| format!("{text}{}\n", url_of_games(&text)));
        remote
    }

    /// A service whose remote has these keys.
    fn reach(&self, service: &str, keys: &str) {
        let more = format!("remote = {{ {keys} }}");
        self.house.add_script_service(service, "deploy-site.sh", 60, &more);
    }

    /// Somebody commits there and pushes a tag, over one that is there if need be.
    fn push(&self, tag: &str) {
        git(&self.elsewhere, &["commit", "-q", "--allow-empty", "-m", tag]);
        git(&self.elsewhere, &["tag", "-f", "-a", "-m", tag, tag]);
        git(&self.elsewhere, &["push", "-q", "-f", "origin", &format!("refs/tags/{tag}")]);
    }
}

async fn dry_run(client: &Client, service: &str, version: &str) -> Answer {
    client.call("deploy_service", json!({ "service": service, "version": version, "wait_s": 40 })).await
}

async fn check(client: &Client, service: &str, version: &str, code: &str, wanted: &str) {
    let answer = dry_run(client, service, version).await;
    assert_eq!(answer.code(), code, "{version}: {}", answer.text);
    assert!(answer.text.contains(wanted), "{version}: {wanted}\n{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_fetched_into_a_place_of_our_own_and_never_moves() {
    let remote = Remote::new().await;
    remote.push("v2025.03.01");
    remote.push("v2025.03.02");
    let files = || {
        let mut found = std::collections::BTreeMap::new();
        collect(&remote.house.path("repository"), &mut found);
        found
    };
    let before = files();
    let client = remote.house.server().await;
    let first = dry_run(&client, "site", "v2025.03.01").await;
    let done = client.execute("deploy_service", first.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert!(files() == before, "the operator's repository was touched");
    check(&client, "site", "v2025.03.09", "UNKNOWN_VERSION", "there is no such tag or commit").await;

    // It is moved there: after it was deployed, and between dry run and execution.
    let second = dry_run(&client, "site", "v2025.03.02").await;
    assert!(second.blockers().is_empty() && !second.is_error, "{}", second.text);
    remote.push("v2025.03.02");
    let stale = client.execute("deploy_service", second.get("/plan/id")).await;
    assert_eq!(stale.code(), "PLAN_STALE", "{}", stale.text);
    assert!(stale.text.contains("tag on the remote"), "{}", stale.text);
    check(&client, "site", "v2025.03.02", "TAG_REFUSED", "its remote names another object with the tag").await;
    git(&remote.elsewhere, &["push", "-q", "origin", ":refs/tags/v2025.03.02"]);
    check(&client, "site", "v2025.03.02", "TAG_REFUSED", "its remote does not have the tag any more").await;

    // What was fetched is there without the remote: another version is deployed, and goes back.
    remote.push("v2025.03.03");
    let third = dry_run(&client, "site", "v2025.03.03").await;
    let done = client.execute("deploy_service", third.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    std::fs::rename(&remote.bare, remote.house.path("gone.git")).unwrap();
    check(&client, "site", "v2025.03.03", "WORLD_FAILED", "it cannot be reached, refuses, or does not give").await;
    let arguments = json!({ "service": "site", "version": "v2025.03.01", "wait_s": 40 });
    let back = client.call("rollback", arguments).await;
    let back = client.execute("rollback", back.get("/plan/id")).await;
    assert_eq!(back.get("/operation/state"), "succeeded", "{}", back.text);
    let mut doctor = std::process::Command::new(program());
    let said = doctor.args(["doctor", "--config"]).arg(&remote.house.sandbox.config).output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("✗ remote of service site — it cannot be reached"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_was_moved_here_after_it_was_deployed_is_refused() {
    let house = House::staging().await;
    let client = house.server().await;
    let plan = client.plan("forum", "v2025.01.13").await;
    client.execute("deploy_service", &plan).await;
    git(&house.path("repository"), &["tag", "-f", "-a", "-m", "moved", "v2025.01.13", "v2025.01.14^{commit}"]);
    check(&client, "forum", "v2025.01.13", "TAG_REFUSED", "Tag v2025.01.13 named commit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_hangs_lies_or_wants_to_know_who_asks() {
    let remote = Remote::new().await;
    let object = "0123456789abcdef0123456789abcdef01234567";
    let lies = StandIn::start(move |asked| match asked.path.as_str() {
        "/site.git/info/refs" => status(200, &format!("{object}\trefs/tags/v2025.03.01\n")),
        _ => status(404, ""),
    })
    .await;
    let hangs = StandIn::start(|_| Says::Hang).await;
    let leads_away = lies.url();
    let moved = StandIn::start(move |asked| {
        status(302, "").with("location", &format!("{leads_away}{}?{}", asked.path, asked.query))
    })
    .await;
    let wants = StandIn::start(|_| status(401, "")).await;
    let secret = remote.house.path("secrets/remote");
    std::fs::write(&secret, TOKEN).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    remote.house.configure(|text| {
        text.replace("[secrets]\n", &format!("[secrets]\nREMOTE_TOKEN = \"file:{}\"\n", secret.display()))
    });
    for (service, server, more) in
        [("lies", &lies, ""), ("hangs", &hangs, "timeout_s = 1, "), ("moved", &moved, ""), ("wants", &wants, "")]
    {
        let keys = format!("{more}url = \"{}/site.git\", token = \"REMOTE_TOKEN\"", server.url());
        remote.reach(service, &keys);
    }
    let client = remote.house.server().await;
    check(&client, "lies", "v2025.03.01", "WORLD_FAILED", "does not give what it names").await;
    check(&client, "hangs", "v2025.03.01", "WORLD_FAILED", "it did not answer within 1 s").await;
    check(&client, "wants", "v2025.03.01", "WORLD_FAILED", "it cannot be reached, refuses").await;
    let asked = lies.asked().len();
    check(&client, "moved", "v2025.03.01", "WORLD_FAILED", "it cannot be reached, refuses").await;
    assert_eq!(lies.asked().len(), asked, "a token is not sent on");
    let header = "Basic eC1hY2Nlc3MtdG9rZW46Z2h0LWNhbmFyeS03UHozbUs5eFcy";
    for server in [&lies, &hangs, &wants] {
        assert_eq!(server.asked()[0].header("authorization"), header);
    }
    let log = client.log();
    assert!(!log.contains(TOKEN) && !log.contains(&header[6..]), "{log}");
}
