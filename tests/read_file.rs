//! Files below the roots and in repositories.

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn files_are_read_listed_and_kept_inside_their_root() {
    let house = House::staging().await;
    std::fs::write(house.path("log/app.env"), "API_KEY=abcdef0123456789\nMODE=live\n").unwrap();
    std::fs::write(house.path("log/.env"), "API_KEY=abcdef0123456789\nMODE=live\n").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", house.path("log/link")).unwrap();
    std::os::unix::fs::symlink(house.path("secrets"), house.path("log/out")).unwrap();
    let client = house.server().await;
    let listed = client.call("read_file", json!({ "root": "logs" })).await;
    assert!(listed.text.contains("deployment.log"), "{}", listed.text);
    let read = client.call("read_file", json!({ "root": "logs", "path": "deployment.log", "limit": 1 })).await;
    assert!(read.get("/untrusted_text").starts_with("1: 2025-01-15"), "{}", read.text);
    assert_eq!(read.structured["more"], true);
    let rest = client.call("read_file", read.structured["next"][0]["arguments"].clone()).await;
    assert!(rest.get("/untrusted_text").starts_with("2: "), "{}", rest.text);
    let env = client.call("read_file", json!({ "root": "logs", "path": ".env" })).await;
    assert!(env.text.contains("API_KEY") && !env.text.contains("live"), "{}", env.text);
    for path in ["link", "out/forum_db"] {
        let refused = client.call("read_file", json!({ "root": "logs", "path": path })).await;
        assert_eq!(refused.code(), "PATH_REFUSED", "{path}: {}", refused.text);
    }
    let script = json!({ "service": "forum", "path": "deployment-scripts/deploy-forum.sh", "version": "v2025.01.13" });
    let script = client.call("read_file", script).await;
    assert_eq!(script.structured["executable"], true, "{}", script.text);
    assert_eq!(client.call("read_file", json!({})).await.code(), "BAD_ARGUMENT");
    assert_eq!(client.call("read_file", json!({ "root": "logs", "path": "none" })).await.code(), "NOT_FOUND");
}
