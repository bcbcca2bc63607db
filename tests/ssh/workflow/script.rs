//! By script: on the host, and from here with a key.

use serde_json::json;

use super::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_deployed_by_scripts_there_and_here_and_taken_back_by_theirs() {
    let site = Site::new().await;
    let client = site.server().await;
    for service in ["pages", "copied"] {
        let dry = client.call("deploy_service", json!({ "service": service, "version": "v1", "wait_s": 40 })).await;
        assert!(dry.blockers().is_empty() && !dry.is_error, "{}", dry.text);
        assert!(dry.text.contains("The dry run ended with exit code 0 and the target is unchanged."), "{}", dry.text);
        assert!(!site.host.path(service).join("www").exists());
        let done = client.execute("deploy_service", dry.get("/plan/id")).await;
        let done = site.ended(&client, done.get("/operation/id"), "succeeded").await;
        assert!(done.text.contains("[redacted]"), "it printed what it was given: {}", done.text);
        assert_eq!(site.page(service).await, "pages v1");
    }
    site.commit::<&str>(&[], 2);
    for service in ["pages", "copied"] {
        site.deploy(&client, service, 2, "succeeded").await;
        assert_eq!(site.page(service).await, "pages v2");
    }
    // The script itself says that it failed, after it has changed what is live.
    site.commit(&[("pages/broken", "")], 3);
    for service in ["pages", "copied"] {
        let back = site.deploy(&client, service, 3, "rolled_back").await;
        assert!(back.text.contains("exit code"), "{}", back.text);
        assert_eq!(site.page(service).await, "pages v2", "{}", back.text);
    }
    assert_eq!(std::fs::read_to_string(site.host.path("pages/effects")).unwrap(), "v1\nv2\nv3\n");
    site.assert_silent(&client);
}
