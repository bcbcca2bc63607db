//! What GitHub does that its description does not say.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Curl, contract::unfit};
use crate::support::github::{GitHub, Token};

#[tokio::test]
async fn a_thousand_alerts_are_paged_to_the_end() {
    let github = GitHub::start().await;
    github.edit(|world| {
        let shop = world.repository("acme/shop");
        shop.dependabot_alert("critical", "open");
        shop.dependabot_alerts(999, "low");
    });
    let curl = Curl::new(&github);
    let mut page = curl.get("/repos/acme/shop/dependabot/alerts?state=open&per_page=100").await;
    let mut numbers = Vec::new();
    loop {
        numbers.extend(page.body.as_array().unwrap().iter().map(|alert| alert["number"].as_u64().unwrap()));
        let Some(next) = page.next() else { break };
        assert!(next.starts_with(github.url()), "{next}");
        page = curl.get(&next).await;
    }
    assert!(numbers.iter().copied().eq((1..=1_000).rev()));
    assert_eq!(github.count("GET dependabot/alerts"), 10);
    let critical = curl.get("/repos/acme/shop/dependabot/alerts?severity=critical,high").await;
    assert_eq!(critical.body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn numbered_pages_know_the_last_one_and_end() {
    let github = GitHub::start().await;
    github.edit(|world| {
        let shop = world.repository("acme/shop");
        for n in 0..31 {
            shop.secret_alert(["open", "resolved"][n % 2]);
        }
    });
    let curl = Curl::new(&github);
    let first = curl.get("/repos/acme/shop/secret-scanning/alerts").await;
    assert_eq!(first.body.as_array().unwrap().len(), 30);
    let link = first.header("link");
    assert!(link.contains("page=2>; rel=\"next\", <") && link.ends_with("page=2>; rel=\"last\""), "{link}");
    let second = curl.get(&first.next().unwrap()).await;
    assert_eq!((second.body.as_array().unwrap().len(), second.next()), (1, None));
    assert!(second.header("link").contains("rel=\"prev\""));
    let open = curl.get("/repos/acme/shop/secret-scanning/alerts?state=open&hide_secret=true&per_page=100").await;
    assert_eq!(open.body.as_array().unwrap().len(), 16);
    assert!(open.body.as_array().unwrap().iter().all(|alert| alert.get("secret").is_none()));
}

#[tokio::test]
async fn what_is_known_already_costs_nothing() {
    let github = GitHub::start().await;
    let head = github.edit(|world| world.repository("acme/shop").commit("main", "Mend the cart"));
    let curl = Curl::new(&github);
    let path = format!("/repos/acme/shop/commits/{head}/check-runs");
    let first = curl.get(&path).await;
    let again = async |tag: &str| {
        Answer::read(curl.send(Method::GET, &path, &[("if-none-match", tag)], None).await.unwrap()).await
    };
    let same = again(first.header("etag")).await;
    assert_eq!((same.status, &same.body), (304, &Value::Null));
    assert_eq!(same.header("x-ratelimit-remaining"), first.header("x-ratelimit-remaining"));
    assert_eq!(same.header("x-ratelimit-used"), "1");
    github.edit(|world| {
        world.repository("acme/shop").check_run(&head, "test", "failure");
    });
    assert_eq!(again(first.header("etag")).await.status, 200);
}

#[tokio::test]
async fn a_token_is_let_in_or_told_why_not() {
    let github = GitHub::start().await;
    let tokens = github.edit(|world| {
        world.repository("acme/shop").issue("ada", "The cart is slow", &[]);
        world.repository("acme/open").about["private"] = json!(false);
        [
            Token::fine_grained("blind").only(&["acme/other"]),
            Token::fine_grained("weak").without("issues"),
            Token::fine_grained("reader").allow("issues", "read"),
            Token::classic("old", &["repo", "admin:org"]),
        ]
        .map(|token| world.add_token(token))
    });
    let curl = Curl::new(&github);
    let [blind, weak, reader, old] = tokens.map(|token| curl.with_token(&token));
    let issues = "/repos/acme/shop/issues";
    assert_eq!(blind.get(issues).await.status, 404);
    assert_eq!(curl.with_token("").get(issues).await.status, 404);
    assert_eq!(curl.with_token("").get("/repos/acme/open").await.status, 200);
    assert_eq!(curl.with_token("").get("/user").await.status, 401);
    let bad = curl.with_token("ghp_bad").get(issues).await;
    assert_eq!((bad.status, bad.message()), (401, "Bad credentials"));
    let refused = weak.get(issues).await;
    assert_eq!((refused.status, refused.message()), (403, "Resource not accessible by personal access token"));
    assert_eq!(refused.header("x-accepted-github-permissions"), "issues=read");
    assert_eq!(reader.get(issues).await.status, 200);
    assert_eq!(reader.post(issues, &json!({ "title": "No" })).await.status, 403);
    let scoped = old.get("/user").await;
    assert_eq!((scoped.header("x-oauth-scopes"), &scoped.body["login"]), ("repo, admin:org", &json!("old")));
    github.edit(|world| world.revoke(&old.token));
    assert_eq!(old.get("/user").await.status, 401);
    let log = serde_json::to_string(&github.log().iter().map(|asked| &asked.headers).collect::<Vec<_>>()).unwrap();
    assert!(!log.contains(github.token()) && !log.contains("ghp_"), "{log}");
}

#[tokio::test]
async fn the_primary_limit_ends_and_comes_back() {
    let github = GitHub::start().await;
    let curl = Curl::new(&github);
    github.edit(|world| {
        world.repository("acme/shop");
        world.token(github.token()).rate.leave(1);
    });
    let last = curl.get("/repos/acme/shop").await;
    assert_eq!((last.status, last.header("x-ratelimit-remaining")), (200, "0"));
    let over = curl.get("/repos/acme/shop").await;
    assert_eq!((over.status, over.header("x-ratelimit-remaining")), (403, "0"));
    assert!(over.message().starts_with("API rate limit exceeded"), "{}", over.message());
    assert_eq!(curl.get("/rate_limit").await.body["resources"]["core"]["remaining"], 0);
    let reset: i64 = over.header("x-ratelimit-reset").parse().unwrap();
    github.clock_ahead(SignedDuration::from_secs(reset - Timestamp::now().as_second() + 1));
    assert_eq!(curl.get("/repos/acme/shop").await.status, 200);
}

#[tokio::test]
async fn a_renamed_repository_is_found_where_the_redirect_leads() {
    let github = GitHub::enterprise().await;
    github.edit(|world| {
        world.repository("acme/old").issue("ada", "The cart is slow", &[]);
        world.rename("acme/old", "acme/new");
    });
    let curl = Curl::new(&github);
    let moved = curl.get("/repos/acme/old/issues?state=all").await;
    assert_eq!(moved.status, 301);
    assert!(moved.header("location").ends_with("/issues?state=all"), "{}", moved.header("location"));
    assert!(moved.header("location").starts_with(github.url()), "{}", moved.header("location"));
    assert!(github.url().ends_with("/api/v3"));
    let there = curl.get(moved.header("location")).await;
    assert_eq!(there.body[0]["title"], "The cart is slow");
    let write = curl.post("/repos/acme/old/issues", &json!({ "title": "Who gets this?" })).await;
    assert_eq!((write.status, github.edit(|world| world.repository("acme/new").issues.issues.all().len())), (307, 1));
    assert_eq!(curl.get("/repos/ACME/New").await.body["full_name"], "acme/new");
    github.edit(|world| world.delete("acme/new"));
    assert_eq!(curl.get(moved.header("location")).await.status, 404);
}

#[tokio::test]
async fn clocks_may_differ_and_calls_may_take_long() {
    let github = GitHub::start().await;
    let curl = Curl::new(&github);
    github.clock_ahead(SignedDuration::from_hours(-48));
    github.latency(Duration::from_millis(30));
    let began = std::time::Instant::now();
    let date = curl.get("/user").await.header("date").to_owned();
    assert!(began.elapsed() >= Duration::from_millis(30));
    let date = jiff::fmt::rfc2822::parse(&date).unwrap().timestamp();
    let behind = Timestamp::now().duration_since(date);
    assert!((behind - SignedDuration::from_hours(48)).abs() < SignedDuration::from_mins(2), "{behind}");
}

#[tokio::test]
async fn a_tag_is_made_once_and_can_be_moved_by_others() {
    let github = GitHub::start().await;
    let (first, second) = github.edit(|world| {
        let shop = world.repository("acme/shop");
        (shop.commit("main", "One"), shop.commit("main", "Two"))
    });
    let curl = Curl::new(&github);
    let tag = json!({ "tag": "v1", "message": "One", "object": first, "type": "commit" });
    let object = curl.post("/repos/acme/shop/git/tags", &tag).await.body["sha"].clone();
    let reference = json!({ "ref": "refs/tags/v1", "sha": object });
    assert_eq!(curl.post("/repos/acme/shop/git/refs", &reference).await.status, 201);
    let again = curl.post("/repos/acme/shop/git/refs", &reference).await;
    assert_eq!((again.status, again.message()), (422, "Reference already exists"));
    let read = curl.get("/repos/acme/shop/git/ref/tags/v1").await.body;
    assert_eq!(read["object"], json!({ "type": "tag", "sha": object, "url": read["object"]["url"] }));
    let peeled = curl.get(read["object"]["url"].as_str().unwrap()).await.body;
    assert_eq!(peeled["object"]["sha"], first.as_str());
    assert_eq!(curl.get("/repos/acme/shop/commits/v1").await.body["sha"], first.as_str());
    github.edit(|world| world.repository("acme/shop").annotated_tag("v1", &second));
    assert_eq!(curl.get("/repos/acme/shop/commits/v1").await.body["sha"], second.as_str());
}

#[tokio::test]
async fn texts_that_are_too_long_are_refused() {
    let github = GitHub::start().await;
    let (issue, deployment) = github.edit(|world| {
        let shop = world.repository("acme/shop");
        let head = shop.commit("main", "One");
        (shop.issue("ada", "The cart is slow", &[]), shop.deployment("ada", "production", &head))
    });
    let curl = Curl::new(&github);
    let comments = format!("/repos/acme/shop/issues/{issue}/comments");
    assert_eq!(curl.post(&comments, &json!({ "body": "ä".repeat(65_536) })).await.status, 201);
    assert_eq!(curl.post(&comments, &json!({ "body": "ä".repeat(65_537) })).await.status, 422);
    let statuses = format!("/repos/acme/shop/deployments/{deployment}/statuses");
    let with = |length: usize| json!({ "state": "success", "description": "x".repeat(length) });
    assert_eq!(curl.post(&statuses, &with(140)).await.status, 201);
    assert_eq!(curl.post(&statuses, &with(141)).await.status, 422);
}

#[tokio::test]
async fn a_deployment_of_what_is_not_green_is_a_conflict() {
    let github = GitHub::start().await;
    github.edit(|world| {
        let shop = world.repository("acme/shop");
        let head = shop.commit("main", "One");
        shop.check_run(&head, "test", "failure");
    });
    let curl = Curl::new(&github);
    let deployment = json!({ "ref": "main" });
    assert_eq!(curl.post("/repos/acme/shop/deployments", &deployment).await.status, 409);
    let waived = json!({ "ref": "main", "required_contexts": [] });
    assert_eq!(curl.post("/repos/acme/shop/deployments", &waived).await.status, 201);
    github.edit(|world| {
        let shop = world.repository("acme/shop");
        let head = shop.commit("main", "Two");
        shop.check_run(&head, "test", "failure");
        shop.check_run(&head, "test", "success");
    });
    assert_eq!(curl.post("/repos/acme/shop/deployments", &deployment).await.status, 201);
    let listed = curl.get("/repos/acme/shop/deployments?environment=production").await;
    assert_eq!(listed.body.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_is_downloaded_elsewhere_and_without_the_token() {
    let github = GitHub::start().await;
    let asset = github.edit(|world| {
        let shop = world.repository("acme/shop");
        shop.release("v1");
        shop.asset("v1", "shop.tar.gz", b"the bytes")
    });
    let curl = Curl::new(&github);
    let path = format!("/repos/acme/shop/releases/assets/{asset}");
    let about = curl.get(&path).await.body;
    assert_eq!(about["size"], 9);
    let bytes = [("accept", "application/octet-stream")];
    let there = curl.send(Method::GET, &path, &bytes, None).await.unwrap();
    assert_eq!(there.status(), 302);
    let location = there.headers()["location"].to_str().unwrap();
    assert!(!location.starts_with(github.url()));
    let stored = curl.with_token("").send(Method::GET, location, &[], None).await.unwrap();
    assert_eq!(stored.bytes().await.unwrap(), b"the bytes"[..]);
    let _ = curl.send(Method::GET, location, &[], None).await.unwrap();
    let violations = github.take_violations();
    assert!(violations.len() == 1 && violations[0].contains("token"), "{violations:?}");
}

#[tokio::test]
async fn what_nobody_described_is_told() {
    let github = GitHub::start().await;
    github.edit(|world| {
        world.repository("acme/shop");
    });
    let curl = Curl::new(&github);
    assert_eq!(curl.get("/repos/acme/shop/nothing").await.status, 404);
    assert_eq!(curl.get("/repos/acme/shop/dependabot/alerts?page=2").await.status, 422);
    assert_eq!(curl.get("/repos/acme/shop/code-scanning/alerts?state=bogus").await.status, 422);
    assert_eq!(github.take_violations().len(), 3);
}

#[tokio::test]
async fn an_app_gets_tokens_that_end() {
    let github = GitHub::start().await;
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("app.pem");
    github.edit(|world| {
        world.repository("acme/shop");
    });
    github.install_app(42, &key);
    let curl = Curl::new(&github);
    let now = Timestamp::now().as_second();
    let signed =
        |issued: i64, end: i64| curl.with_token(&jwt(&key, &json!({ "iss": "42", "iat": issued, "exp": end })));
    let app = signed(now - 60, now + 300);
    for (operation, path, id) in [
        ("GET /app", "/app", 42),
        ("GET /app/installations/{installation_id}", "/app/installations/77", 77),
        ("GET /repos/{owner}/{repo}/installation", "/repos/acme/shop/installation", 77),
    ] {
        let answer = app.get(path).await;
        assert_eq!((unfit(operation, &answer), &answer.body["id"]), (vec![], &json!(id)));
    }
    for (issued, end) in [(now + 300, now + 500), (now - 600, now - 300), (now, now + 1200)] {
        assert_eq!(signed(issued, end).get("/app").await.status, 401);
    }
    assert_eq!(curl.get("/app").await.status, 401);
    let less = json!({ "permissions": { "contents": "read", "metadata": "read" }, "repositories": ["shop"] });
    let made = app.post("/app/installations/77/access_tokens", &less).await;
    assert_eq!(unfit("POST /app/installations/{installation_id}/access_tokens", &made), Vec::<String>::new());
    let installation = curl.with_token(made.body["token"].as_str().unwrap());
    let seen = installation.get("/installation/repositories").await;
    assert_eq!((unfit("GET /installation/repositories", &seen), &seen.body["total_count"]), (vec![], &json!(1)));
    assert!(github.canaries().contains(&installation.token));
    assert_eq!(installation.get("/repos/acme/shop/commits").await.status, 200);
    let refused = installation.get("/repos/acme/shop/issues").await;
    assert_eq!((refused.status, refused.message()), (403, "Resource not accessible by integration"));
    github.clock_ahead(SignedDuration::from_hours(2));
    assert_eq!(installation.get("/repos/acme/shop/commits").await.status, 401);
}

/// A token that the private key in this file signed.
fn jwt(key: &std::path::Path, claims: &Value) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(br#"{"alg":"RS256","typ":"JWT"}"#), encode(claims.to_string().as_bytes()));
    let text = key.with_extension("txt");
    std::fs::write(&text, &signed).unwrap();
    let output =
        std::process::Command::new("openssl").args(["dgst", "-sha256", "-sign"]).args([key, &text]).output().unwrap();
    assert!(output.status.success());
    format!("{signed}.{}", encode(&output.stdout))
}
