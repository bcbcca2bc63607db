//! Approvals by comments on GitHub that are signed with SSH keys: of exactly the plan, as they were written, by another person.

use std::{io::Write, os::unix::fs::MetadataExt as _, path::Path, process::Command};

use crate::support::{
    github_house::GitHubHouse,
    mcp::Client,
    signer::{fingerprint, key},
    stage::program,
};

const NAMESPACE: &str = "deploy-ops-approval";

/// A house whose plans grace and ada may approve in issue 1; what the client asks for, ada asks for.
async fn house() -> GitHubHouse {
    let house = GitHubHouse::new(&[]).await;
    for who in ["grace", "ada", "eve"] {
        key(&house.house.path(who));
    }
    let uid = std::fs::metadata(house.house.path("data")).unwrap().uid();
    let of = |who: &str| fingerprint(&house.house.path(who));
    let (grace, ada) = (of("grace"), of("ada"));
    house.house.configure(|text| {
        let head = "[environments.production]\n";
        let rule = format!(
            "[environments.production.approval]\nrequired = true\n\
             [environments.production.approval.signed_comments]\nissue = 1\n\
             [environments.production.approval.signed_comments.approvers]\n\
             Grace = {{ keys = [\"{grace}\"] }}\nada = {{ keys = [\"{ada}\"], asks_as = [\"local:{uid}\"] }}\n"
        );
        let (before, after) = text.split_once(head).unwrap();
        let end = after.find("\n[").map_or(after.len(), |at| at + 1);
        format!("{before}{head}{}{rule}{}", &after[..end], &after[end..])
    });
    house.edit(|site, _| assert_eq!(site.issue("grace", "Approvals", &[]), 1));
    house
}

/// What `ssh-keygen -Y sign` makes of a line.
fn sign(key: &Path, namespace: &str, line: &str) -> String {
    let mut signer = Command::new("ssh-keygen");
    signer.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key);
    let (stdin, stdout) = (std::process::Stdio::piped(), std::process::Stdio::piped());
    let mut signer = signer.stdin(stdin).stdout(stdout).stderr(std::process::Stdio::null()).spawn().unwrap();
    signer.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    let output = signer.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A plan: its id, and the line that approves it, as a refusal gives it.
async fn plan(house: &GitHubHouse, client: &Client) -> (String, String) {
    let plan = house.dry_run(client).await;
    assert_eq!(plan.blockers(), ["APPROVAL_REQUIRED"], "{}", plan.text);
    let line = plan.text.split_once("comments in issue 1 on GitHub with the line `").unwrap().1;
    (plan.get("/plan/id").to_owned(), line.split_once('`').unwrap().0.to_owned())
}

/// A comment as a person writes it; its id.
fn comment(house: &GitHubHouse, who: &str, line: &str, signature: &str) -> u64 {
    house.edit(|site, _| site.comment(1, who, &format!("Looks good.\r\n\r\n{line}\r\n```\r\n{signature}```\r\n")))
}

#[tokio::test]
async fn each_comment_that_proves_nothing_is_refused_with_its_reason_and_one_good_one_is_enough() {
    let house = house().await;
    let client = house.house.server().await;
    let ((id, line), (_, other)) = (plan(&house, &client).await, plan(&house, &client).await);
    let signed = |who: &str, line: &str| sign(&house.house.path(who), NAMESPACE, line);
    let good = signed("grace", &line);
    let refused = async |wanted: &str| {
        let answer = client.execute("deploy_service", &id).await;
        assert_eq!(answer.code(), "APPROVAL_REQUIRED", "{wanted}: {}", answer.text);
        assert!(answer.text.contains(wanted), "{wanted}\n{}", answer.text);
        assert!(!answer.raw.contains("Looks good"), "nobody's words are needed");
    };
    refused("needs a human's approval").await;
    comment(&house, "grace", &other, &signed("grace", &other));
    comment(&house, "grace", "I do not approve this", &good);
    refused("needs a human's approval").await;
    comment(&house, "grace", &line, "");
    refused("it does not hold exactly one signature").await;
    comment(&house, "grace", &line, &format!("{good}{good}"));
    refused("it does not hold exactly one signature").await;
    comment(&house, "grace", &line, &good.replacen("\nU1NIU0lH", "\nU1NIU0lI", 1));
    refused("its signature cannot be read").await;
    comment(&house, "grace", &line, &signed("grace", &other));
    refused("its signature is of other words, as of another plan").await;
    comment(&house, "grace", &line, &signed("grace", &line.replace("approve", "deny")));
    refused("its signature is of other words").await;
    comment(&house, "grace", &line, &sign(&house.house.path("grace"), "git", &line));
    refused("its signature was made for another purpose").await;
    comment(&house, "grace", &line, &signed("eve", &line));
    refused("a key that deploy-ops.toml does not give to its author").await;
    comment(&house, "grace", &line, &signed("ada", &line));
    refused("a key that deploy-ops.toml does not give to its author").await;
    comment(&house, "eve", &line, &signed("eve", &line));
    refused("does not name its author among those who may approve").await;
    comment(&house, "grace[bot]", &line, &good);
    refused("does not name its author among those who may approve").await;
    comment(&house, "deploy-bot", &line, &good);
    refused("our own token's account wrote it").await;
    let altered = |field: &str, at: &str| {
        let id = comment(&house, "grace", &line, &good);
        house.edit(|site, _| site.issues.comments.find_mut("id", id).unwrap()[field] = at.into());
    };
    altered("updated_at", "2099-01-01T00:00:00Z");
    refused("it was edited").await;
    let hour_ago = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1)).strftime("%Y-%m-%dT%H:%M:%SZ");
    let old = comment(&house, "grace", &line, &good);
    house.edit(|site, _| {
        let comment = site.issues.comments.find_mut("id", old).unwrap();
        (comment["created_at"], comment["updated_at"]) = (hour_ago.to_string().into(), hour_ago.to_string().into());
    });
    refused("it is older than the plan").await;

    // Ada asked for the plan, so hers does not count; another one beside it does.
    comment(&house, "ada", &line, &signed("ada", &line));
    let own = client.execute("deploy_service", &id).await;
    assert_eq!(own.code(), "SELF_APPROVAL", "{}", own.text);
    assert!(!house.house.path("srv/site/deployed").exists(), "nothing ran");
    comment(&house, "Grace", &line, &good);
    let done = client.execute("deploy_service", &id).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let ledger = Command::new(program());
    let said = output(ledger, &house, &["ledger", "tail"]);
    assert!(said.contains("answer_on_github") && said.contains("github:grace"), "{said}");
}

fn output(mut command: Command, house: &GitHubHouse, arguments: &[&str]) -> String {
    let output = command.args(arguments).arg("--config").arg(&house.house.sandbox.config).output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_denial_counts_before_approvals_and_github_that_is_down_approves_nothing() {
    let house = house().await;
    let client = house.house.server().await;
    let (id, line) = plan(&house, &client).await;
    let deny = line.replace("approve", "deny");
    comment(&house, "grace", &line, &sign(&house.house.path("grace"), NAMESPACE, &line));
    comment(&house, "ada", &deny, &sign(&house.house.path("ada"), NAMESPACE, &deny));
    let denied = client.execute("deploy_service", &id).await;
    assert_eq!(denied.code(), "APPROVAL_DENIED", "{}", denied.text);

    let doctor = || output(Command::new(program()), &house, &["doctor"]);
    let what = "approvals for production by signed comments in issue 1 of acme/site — ";
    let good = doctor();
    assert!(good.contains(&format!("✓ {what}count: ")), "{good}");
    house.house.configure(|text| text.replace("Grace = {", "deploy-bot = {"));
    let bad = doctor();
    assert!(bad.contains(&format!("✗ {what}our own token's account is among the approvers")), "{bad}");

    let (id, line) = plan(&house, &client).await;
    comment(&house, "grace", &line, &sign(&house.house.path("grace"), NAMESPACE, &line));
    house.github.down();
    assert_eq!(client.execute("deploy_service", &id).await.code(), "GITHUB_UNAVAILABLE");
    assert!(!house.house.path("srv/site/deployed").exists(), "nothing ran");
}

#[tokio::test]
async fn a_signed_approval_begins_the_wait_and_can_be_taken_back_while_it_lasts() {
    let house = house().await;
    house
        .house
        .configure(|text| text.replace("approval]\nrequired = true\n", "approval]\nrequired = true\nwait_s = 600\n"));
    let client = house.house.server().await;
    let (id, line) = plan(&house, &client).await;
    let signed = |line: &str| sign(&house.house.path("grace"), NAMESPACE, line);
    comment(&house, "grace", &line, &signed(&line));
    let early = client.execute("deploy_service", &id).await;
    assert_eq!(early.code(), "WAIT_NOT_OVER", "{}", early.text);
    let deny = line.replace("approve", "deny");
    comment(&house, "grace", &deny, &signed(&deny));
    let denied = client.execute("deploy_service", &id).await;
    assert_eq!(denied.code(), "APPROVAL_DENIED", "{}", denied.text);
    assert!(!house.house.path("srv/site/deployed").exists(), "nothing ran");
}
