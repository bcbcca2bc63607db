//! Secrets: names in, states and fingerprints out.

use std::os::unix::fs::PermissionsExt;

use deploy_ops_mcp::domain::{inventory::SecretReference, name::SecretName, refusal::Code};

use crate::support::sandbox::{Sandbox, TOKEN};

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn sandbox() -> Sandbox {
    Sandbox::with(&[], |inventory| {
        let command =
            |script: &str| SecretReference::Command { command: ["sh", "-c", script].map(str::to_owned).to_vec() };
        inventory.secrets.insert(name("PRINTED"), command("echo from-a-program"));
        inventory.secrets.insert(name("FAILED"), command("echo half-a-secret; exit 1"));
        inventory.secrets.insert(name("UNSET"), SecretReference::Environment { variable: "UNSET".to_owned() });
    })
}

#[tokio::test]
async fn a_secret_is_told_by_its_state() {
    let sandbox = sandbox();
    let reader = sandbox.world.reader();
    let state = reader.secret_exists(&name("APP_TOKEN")).await.unwrap();
    assert_eq!((state.exists, state.source), (true, "env"));
    assert!(reader.secret_exists(&name("PRINTED")).await.unwrap().exists);
    let failed = reader.secret_exists(&name("FAILED")).await.unwrap();
    assert!(!failed.exists && failed.problem.as_ref().is_some_and(|p| p.contains("exit code 1")), "{failed:?}");
    assert!(!format!("{failed:?}").contains("half-a-secret"));
    assert!(!reader.secret_exists(&name("UNSET")).await.unwrap().exists);
    assert_eq!(reader.secret_exists(&name("NO_SUCH")).await.unwrap_err().code, Code::SecretMissing);
    let (known, unread) = reader.all_for_redaction().await;
    let values: Vec<&str> = known.iter().map(deploy_ops_mcp::redact::Secret::expose).collect();
    assert_eq!(values, [TOKEN, "from-a-program"]);
    assert_eq!(unread, [name("FAILED"), name("UNSET")]);
}

#[tokio::test]
async fn a_fingerprint_is_stable_here_and_different_elsewhere() {
    let (one, two) = (sandbox(), sandbox());
    let of =
        async |sandbox: &Sandbox, secret: &str| sandbox.world.reader().secret_fingerprint(&name(secret)).await.unwrap();
    assert_eq!(of(&one, "APP_TOKEN").await, of(&one, "APP_TOKEN").await);
    assert_ne!(of(&one, "APP_TOKEN").await, of(&one, "PRINTED").await);
    assert_ne!(of(&one, "APP_TOKEN").await, of(&two, "APP_TOKEN").await);
    let key = std::fs::metadata(one.path("data/fingerprint.key")).unwrap();
    assert_eq!((key.len(), key.permissions().mode() & 0o777), (32, 0o600));
}
