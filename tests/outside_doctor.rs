//! What `doctor` says of monitors and channels, without telling anybody anything.

use std::{os::unix::fs::PermissionsExt, process::Command};

use serde_json::json;

use crate::support::{
    mcp::House,
    site::Authority,
    stage::program,
    stand_in::{StandIn, json as says_json, status},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_answer_and_what_is_weak_is_told_and_nobody_hears_of_it() {
    let monitor = StandIn::start(|asked| match asked.path.as_str() {
        "/api/v2/status" => says_json(&json!({ "cluster": { "status": "ready" } })),
        "/api/v2/alerts" => says_json(&json!([])),
        _ => status(200, ""),
    })
    .await;
    let channel = StandIn::start(|_| status(200, "")).await;
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let house = House::staging().await;
    let hook = house.path("secrets/hook");
    std::fs::write(&hook, format!("{}/webhook/canary-2Wq8eR5tY7uI1oP4", channel.url())).unwrap();
    let ca = house.path("ca.pem");
    Authority::new("Our authority").write(&ca);
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o600)).unwrap();
    house.configure(|text| {
        let text = text.replace("[secrets]", &format!("[secrets]\nHOOK = \"file:{}\"", hook.display()));
        format!(
            "{text}\n[monitoring.good]\nkind = \"alertmanager\"\nurl = \"{}\"\n[monitoring.bad]\nkind = \"prometheus\"\n\
             url = \"{}/nowhere\"\n[notify.team]\nkind = \"webhook\"\nurl = \"HOOK\"\n\
             [monitoring.own]\nkind = \"prometheus\"\nurl = \"https://localhost:1/\"\nca = \"{}\"\n\
             [monitoring.lost]\nkind = \"prometheus\"\nurl = \"https://localhost:1/\"\nca = \"{}\"\n\
             [smoke]\ndns_server = \"{}\"\n",
            monitor.url(),
            monitor.url(),
            ca.display(),
            hook.display(),
            silent.local_addr().unwrap(),
        )
    });
    let output = Command::new(program()).args(["doctor", "--config"]).arg(&house.sandbox.config).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(said.contains("! monitor good — answers; nobody would see that alerts have ceased to arrive"), "{said}");
    assert!(said.contains("✗ monitor bad — its answer cannot be read"), "{said}");
    assert!(said.contains("! channel team — can be reached; whoever listens cannot tell"), "{said}");
    assert!(said.contains("✓ authorities of monitor own — ") && said.contains("ca.pem is good until 20"), "{said}");
    assert!(said.contains("✗ authorities of monitor lost — could not read the authorities in "), "{said}");
    assert!(said.contains("✗ DNS server 127.0.0.1:") && said.contains("— does not answer"), "{said}");
    assert!(channel.asked().is_empty() && !said.contains("canary"), "{said}");
}
