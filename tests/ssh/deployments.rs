//! Deployments of releases to a host over SSH, through the front door.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{
    cut::{Cut, Way},
    mcp::{Client, House},
    sshd::Sshd,
};

/// Serves `site/current` of the host as its web server would.
async fn serve(host: &Sshd) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, root) = (listener.local_addr().unwrap().port(), host.path("site/current"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let count = stream.read(&mut request).await.unwrap_or_default();
            let line = String::from_utf8_lossy(&request[..count]).into_owned();
            let path = line.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
            let page = std::fs::read(root.join(if path.is_empty() { "index.html" } else { path }));
            let (status, body) = page.map_or(("404 Not Found", Vec::new()), |page| ("200 OK", page));
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    });
    port
}

/// A house with a service `site` on the host, reached at `port`.
async fn house_on(host: &Sshd, port: u16) -> House {
    let house = House::staging().await;
    let (web, entry) = (serve(host).await, host.toml_at("web", port));
    let repository = house.path("repository").display().to_string();
    house.configure(|text| {
        format!(
            "{text}\n{entry}\n[services.site]\nrepository = \"{repository}\"\n\
             [services.site.deploy]\nkind = \"release\"\nartifact = \"site\"\nkeep = 1\nshared = [\"uploads\"]\n\
             [services.site.targets.production]\nhost = \"web\"\nroot = \"site\"\nurl = \"http://127.0.0.1:{web}/\"\n\
             [[services.site.smoke]]\nname = \"health\"\nkind = \"http\"\npath = \"/health\"\ncontains = \"ok\"\nattempts = 1\n"
        )
    });
    std::fs::create_dir_all(house.path("repository/site")).unwrap();
    house.commit(&[("site/index.html", "one"), ("site/health", "ok"), ("site/ünï \"x'", "odd")], "v1");
    house.commit(&[("site/index.html", "two")], "v2");
    std::fs::remove_file(house.path("repository/site/health")).unwrap();
    house.commit(&[("site/index.html", "three")], "v3");
    house.commit(&[("site/index.html", "four"), ("site/health", "ok")], "v4");
    host.plant("site/.keep", "");
    house
}

async fn deploy(client: &Client, version: &str) -> String {
    let plan = client.plan("site", version).await;
    let done = client.execute("deploy_service", &plan).await;
    client.ended(done.get("/operation/id")).await
}

/// What is served.
fn page(host: &Sshd) -> String {
    std::fs::read_to_string(host.path("site/current/index.html")).unwrap()
}

/// The whole story of a service.
async fn story(host: Sshd) {
    let house = house_on(&host, host.port()).await;
    let client = house.server().await;
    let before = std::fs::read_dir(host.path("site")).unwrap().count();
    let dry = client.call("deploy_service", json!({ "service": "site", "version": "v1", "wait_s": 40 })).await;
    assert_eq!(dry.blockers(), Vec::<&str>::new(), "{}", dry.text);
    assert_eq!(std::fs::read_dir(host.path("site")).unwrap().count(), before, "a dry run writes nothing on the host");
    let done = client.execute("deploy_service", dry.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert_eq!(page(&host), "one");
    assert!(!host.path("site/.deploy-ops/claim").is_symlink(), "the claim is given back");
    host.plant("site/shared/uploads/picture", "users wrote this");

    assert_eq!(deploy(&client, "v2").await, "succeeded");
    assert_eq!(deploy(&client, "v3").await, "rolled_back");
    assert_eq!(page(&host), "two", "the broken release is not live");
    let refused = client.call("deploy_service", json!({ "service": "site", "version": "v3", "wait_s": 40 })).await;
    assert!(refused.blockers().contains(&"VERSION_ROLLED_BACK"), "{}", refused.text);

    let back = client.call("rollback", json!({ "service": "site", "wait_s": 40 })).await;
    let done = client.execute("rollback", back.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert_eq!(page(&host), "one");
    assert_eq!(deploy(&client, "v4").await, "succeeded");
    assert_eq!(page(&host), "four");
    let releases = std::fs::read_dir(host.path("site/releases")).unwrap();
    let left = releases.filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_dir()).count();
    assert!(left <= 3, "{left} releases: the live one, the one before and one more are kept");
    let uploads = std::fs::read_to_string(host.path("site/current/uploads/picture")).unwrap();
    assert_eq!(uploads, "users wrote this");
}

#[tokio::test]
async fn a_service_lives_on_a_shared_host() {
    story(Sshd::start().await).await;
}

#[tokio::test]
async fn a_service_lives_on_a_host_of_busybox() {
    story(Sshd::shape().busybox_only().start().await).await;
}

#[tokio::test]
async fn a_service_lives_on_a_host_that_has_only_sftp() {
    story(Sshd::shape().sftp_jail().start().await).await;
}

#[tokio::test]
async fn a_switch_that_php_does_not_hear_of_is_taken_back() {
    let host = Sshd::start().await;
    let house = house_on(&host, host.port()).await;
    let client = house.server().await;
    assert_eq!(deploy(&client, "v1").await, "succeeded");
    drop(client);
    // This web server runs no PHP.
    house.configure(|text| text.replace("keep = 1\n", "keep = 1\nreset_opcache = true\n"));
    let client = house.server().await;
    let plan = client.plan("site", "v2").await;
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(client.ended(done.get("/operation/id")).await, "rolled_back", "{}", done.text);
    let status = json!({ "operation": done.get("/operation/id"), "journal": true });
    let told = client.call("operation_status", status).await;
    assert!(told.text.contains("shows PHP files instead of running them"), "{}", told.text);
    assert!(told.text.contains("is live again. PHP's OPcache was not reset: "), "{}", told.text);
    assert_eq!(page(&host), "one");
    let left = host.run("find site/releases -name 'deploy-ops-*'").await;
    assert_eq!((left.code, left.stdout.as_str()), (Some(0), ""), "{}", left.stderr);
}

#[tokio::test]
async fn a_line_that_is_cut_at_any_byte_costs_no_deployment() {
    let host = Sshd::start().await;
    let line = Cut::before(host.port()).await;
    let house = house_on(&host, line.port()).await;
    let client = house.server().await;
    assert_eq!(deploy(&client, "v1").await, "succeeded");
    for (round, bytes) in [2_000, 6_000, 9_000, 12_000, 18_000, 30_000].into_iter().enumerate() {
        let version = format!("cut-{round}");
        house.commit(&[("site/index.html", &version)], &version);
        let plan = client.plan("site", &version).await;
        line.cut_after_bytes(if round % 2 == 0 { Way::ToServer } else { Way::ToClient }, bytes);
        let done = client.execute("deploy_service", &plan).await;
        line.disarm();
        if done.is_error {
            // Before anything began: the facts could not be read. The plan is still there.
            let again = client.execute("deploy_service", &plan).await;
            assert_eq!(client.ended(again.get("/operation/id")).await, "succeeded", "{}", again.text);
        } else {
            assert_eq!(client.ended(done.get("/operation/id")).await, "succeeded", "{}", done.text);
        }
        assert_eq!(page(&host), version);
    }
}

#[tokio::test]
async fn a_plan_is_not_executed_while_another_server_changes_the_target() {
    let host = Sshd::start().await;
    let house = house_on(&host, host.port()).await;
    let client = house.server().await;
    let plan = client.plan("site", "v1").await;
    let holder = "v1:0123456789ab:op_01234567-89ab-4def-8123-456789abcdef:3";
    host.run(&format!("mkdir -m 700 site/.deploy-ops && ln -s {holder} site/.deploy-ops/claim")).await;
    let refused = client.execute("deploy_service", &plan).await;
    assert_eq!(refused.code(), "LOCKED", "{}", refused.text);
    assert!(refused.text.contains("op_01234567-89ab-4def-8123-456789abcdef"), "{}", refused.text);
    host.run("rm site/.deploy-ops/claim").await;
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
}

#[tokio::test]
async fn another_host_key_makes_a_plan_stale() {
    let mut host = Sshd::start().await;
    let house = house_on(&host, host.port()).await;
    let client = house.server().await;
    let plan = client.plan("site", "v1").await;
    host.replace_host_key(crate::support::sshd::KeyType::Ed25519).await;
    let refused = client.execute("deploy_service", &plan).await;
    assert_eq!(refused.code(), "HOST_KEY_MISMATCH", "{}", refused.text);
    assert!(!host.path("site/releases").exists());
}
