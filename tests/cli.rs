//! The command line, from outside: the real program, real files, and a real pseudo terminal where a human is wanted.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;
use totp_rs::{Builder, Secret, Totp};

use crate::support::terminal;

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// A service that is deployed by a script, in a directory of its own.
struct Site {
    directory: TempDir,
}

impl Site {
    fn new(approval: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir_all(at("repo/scripts")).unwrap();
        fs::create_dir_all(at("target/app")).unwrap();
        let script = "#!/bin/sh\nset -e\nfor word in \"$@\"; do [ \"$word\" != --dry-run ] || exit 0; done\necho \"$1\" > \"$2/version.txt\"\n";
        fs::write(at("repo/scripts/deploy.sh"), script).unwrap();
        fs::set_permissions(at("repo/scripts/deploy.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        for arguments in [
            &["init", "-q"][..],
            &["add", "-A"],
            &["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "one"],
            &["tag", "v1"],
        ] {
            assert!(Command::new("git").args(arguments).current_dir(at("repo")).status().unwrap().success());
        }
        fs::write(at("totp"), KEY).unwrap();
        fs::set_permissions(at("totp"), fs::Permissions::from_mode(0o600)).unwrap();
        let (root, login) = (directory.path().display(), login());
        let config = format!(
            r#"
[environments.production]
tier = "production"
approval = {{ {approval} }}
[hosts.here]
kind = "local"
root = "{root}/target"
[secrets]
ALICE_TOTP = "file:{root}/totp"
[[approvers]]
name = "{login}"
totp = "ALICE_TOTP"
[services.app]
description = "An application"
repository = "{root}/repo"
[services.app.deploy]
kind = "script"
script = {{ path = "scripts/deploy.sh", arguments = ["{{version}}", "{{root}}"] }}
dry_run_argument = "--dry-run"
rollback = {{ path = "scripts/deploy.sh", arguments = ["{{previous_version}}", "{{root}}"] }}
[services.app.targets.production]
host = "here"
root = "app"
[[services.app.smoke]]
name = "file"
kind = "script"
script = {{ path = "scripts/deploy.sh", arguments = ["--dry-run"] }}
"#
        );
        fs::write(at("deploy-ops.toml"), config).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(arguments, self.directory.path())
    }

    /// On a pseudo terminal; each pair is a text that has to come, and what is typed then.
    fn talk(&self, arguments: &[&str], talk: &[(&str, &str)]) -> (i32, String) {
        terminal::talk(self.directory.path(), arguments, talk)
    }

    /// A plan that waits for an approval.
    fn plan(&self) -> String {
        let output = self.run(&[
            "call",
            "deploy_service",
            "service=app",
            "version=v1",
            "wait_s=40",
            "--wait",
            "--output",
            "json",
        ]);
        assert_eq!(code(&output), 4, "{}{}", text(&output.stdout), text(&output.stderr));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answer.pointer("/plan/id").and_then(|id| id.as_str()).unwrap().to_owned()
    }

    fn execute(&self, plan: &str) -> Output {
        self.run(&["call", "deploy_service", "mode=execute", &format!("plan={plan}"), "--wait"])
    }
}

fn run(arguments: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deploy-ops"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("DEPLOY_OPS_CONFIG")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn login() -> String {
    text(&Command::new("id").arg("-un").output().unwrap().stdout).trim().to_owned()
}

fn totp() -> Totp {
    Builder::new().with_secret(Secret::try_from_base32(KEY).unwrap()).build().unwrap()
}

/// The code of the present step, or of another that is accepted too.
fn totp_code(steps: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    totp().generate(now.saturating_add_signed(30 * steps)).to_string()
}

#[test]
fn nobody_approves_without_a_terminal() {
    let site = Site::new("same_user = \"totp\"");
    let plan = site.plan();
    for command in ["approve", "deny"] {
        let output = site.run(&[command, &plan]);
        assert_eq!(code(&output), 1);
        assert!(text(&output.stderr).contains("human at a terminal"));
    }
    assert_eq!(code(&site.execute(&plan)), 4);
    let operation = "op_00000000-0000-0000-0000-000000000000";
    for arguments in [
        &["resume"][..],
        &["unfreeze", operation, "--why", "x"],
        &["decide", operation, "accept", "--why", "x"],
        &["snapshot", "prune", "--execute"],
    ] {
        assert!(text(&site.run(arguments).stderr).contains("human at a terminal"), "{arguments:?}");
    }
}

#[test]
fn one_person_does_not_approve_their_own_plan() {
    let site = Site::new("totp = true");
    let plan = site.plan();
    let (exit, shown) = site.talk(&["approve", &plan], &[]);
    assert!(exit == 1 && shown.contains("SELF_APPROVAL"), "{shown}");
    assert_eq!(code(&site.execute(&plan)), 4);
    let (exit, shown) = site.talk(&["deny", &plan], &[("type deny: ", "deny")]);
    assert_eq!(exit, 0, "{shown}");
    let denied = site.execute(&plan);
    assert!(code(&denied) == 1 && text(&denied.stdout).contains("APPROVAL_DENIED"), "{}", text(&denied.stdout));
}

#[test]
fn the_right_word_and_a_fresh_code_approve_a_plan() {
    let site = Site::new("same_user = \"totp\"");
    let plan = site.plan();
    let (exit, shown) = site.talk(&["approve", &plan], &[("type app: ", "production")]);
    assert!(exit == 1 && shown.contains("not the word"), "{shown}");
    for seen in ["\"requester\": \"local:", "reversible", "digest", "no database is changed", "Nothing is live"] {
        assert!(shown.contains(seen), "{seen} in {shown}");
    }
    let code_now = totp_code(0);
    let (exit, shown) =
        site.talk(&["approve", &plan], &[("type app: ", "app"), ("6 digits): ", "000000"), ("6 digits): ", &code_now)]);
    assert!(exit == 0 && shown.contains("not right") && shown.contains("Approved"), "{shown}");
    assert!(!shown.contains(&code_now), "the code is not echoed");
    let done = site.execute(&plan);
    assert_eq!(code(&done), 0, "{}{}", text(&done.stdout), text(&done.stderr));
    assert_eq!(fs::read_to_string(site.path("target/app/version.txt")).unwrap(), "v1\n");

    // The same code again, then the next step's.
    let plan = site.plan();
    let next = totp_code(1);
    let (exit, shown) =
        site.talk(&["approve", &plan], &[("type app: ", "app"), ("6 digits): ", &code_now), ("6 digits): ", &next)]);
    assert!(exit == 0 && shown.contains("used already"), "{shown}");
    assert_eq!(code(&site.run(&["ledger", "verify"])), 0);
}

#[test]
fn who_approves_is_told_how_long_the_plan_waits() {
    let site = Site::new("same_user = \"totp\", wait_s = 300");
    let plan = site.plan();
    let (exit, shown) = site.talk(&["approve", &plan], &[("type app: ", "app"), ("6 digits): ", &totp_code(0))]);
    assert!(exit == 0 && shown.contains("300 s after its approval"), "{shown}");
    assert!(shown.contains(&format!("in 300 s; until then `deploy-ops deny {plan}`")), "{shown}");
    let early = site.execute(&plan);
    assert!(code(&early) == 1 && text(&early.stdout).contains("WAIT_NOT_OVER"), "{}", text(&early.stdout));
}

#[test]
fn after_five_wrong_codes_nobody_is_asked() {
    let site = Site::new("same_user = \"totp\"");
    let plan = site.plan();
    let wrong = ("6 digits): ", "12345");
    let (exit, shown) = site.talk(&["approve", &plan], &[("type app: ", "app"), wrong, wrong, wrong, wrong, wrong]);
    assert!(exit == 1 && shown.contains("RATE_LIMITED"), "{shown}");
    let (exit, shown) = site.talk(&["approve", &plan], &[("type app: ", "app")]);
    assert!(exit == 1 && shown.contains("RATE_LIMITED"), "{shown}");
}

#[test]
fn halt_needs_no_terminal_and_resume_does() {
    let site = Site::new("totp = true");
    assert_eq!(code(&site.run(&["halt", "--reason", "fire"])), 0);
    let dry_run = site.run(&["call", "deploy_service", "service=app", "version=v1", "wait_s=40", "--wait"]);
    assert!(code(&dry_run) != 0 && text(&dry_run.stdout).contains("HALTED"), "{}", text(&dry_run.stdout));
    assert!(text(&site.run(&["doctor"]).stdout).contains("halted: fire"));
    let (exit, shown) = site.talk(&["resume"], &[("type resume: ", "resume")]);
    assert_eq!(exit, 0, "{shown}");
    site.plan();
}

#[test]
fn a_file_halts_when_the_ledger_cannot() {
    let site = Site::new("totp = true");
    fs::create_dir_all(site.path("deploy-ops-data")).unwrap();
    fs::set_permissions(site.path("deploy-ops-data"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(site.path("deploy-ops-data/state.db"), "this is not a ledger, and long enough to be looked at").unwrap();
    let output = site.run(&["halt", "--reason", "fire"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(site.path("deploy-ops-data/HALT")).unwrap(), "fire\n");
}

#[test]
fn check_config_names_the_place_and_the_fix() {
    let site = Site::new("totp = true");
    assert_eq!(code(&site.run(&["check-config"])), 0);
    fs::write(site.path("deploy-ops.toml"), "[environments.production]\ntierr = \"hunter2\"\n").unwrap();
    let output = site.run(&["check-config"]);
    let said = text(&output.stderr);
    assert_eq!(code(&output), 1);
    assert!(
        said.contains("deploy-ops.toml:2:1: error:") && said.contains("Fix:") && !said.contains("hunter2"),
        "{said}"
    );
    assert_eq!(code(&site.run(&["plans"])), 2);
    assert_eq!(code(&site.run(&["serve"])), 2);
}

#[test]
fn doctor_finds_what_is_wrong_and_shows_no_secret() {
    let site = Site::new("totp = true");
    let good = site.run(&["doctor"]);
    let said = text(&good.stdout);
    assert!(code(&good) == 0 && said.contains("ALICE_TOTP") && !said.contains(KEY), "{said}");
    fs::remove_file(site.path("totp")).unwrap();
    let bad = site.run(&["doctor"]);
    assert!(code(&bad) == 1 && text(&bad.stdout).contains("✗ secret ALICE_TOTP"), "{}", text(&bad.stdout));
}

#[test]
fn redact_masks_what_the_configuration_knows() {
    let site = Site::new("totp = true");
    // Words that no pattern takes for a secret: only who knows the value masks it.
    fs::write(site.path("totp"), "correct horse battery staple").unwrap();
    fs::write(site.path("in"), "a line\nit said correct horse battery staple, and more\n").unwrap();
    let filter = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploy-ops"));
        let input = fs::File::open(site.path("in")).unwrap();
        text(&command.args(arguments).current_dir(site.directory.path()).stdin(input).output().unwrap().stdout)
    };
    assert_eq!(filter(&["redact", "--config", "deploy-ops.toml"]), "a line\nit said [redacted], and more\n");
    assert_eq!(filter(&["redact"]), "a line\nit said correct horse battery staple, and more\n");
}

#[test]
fn an_operation_that_is_waited_for_is_told_in_the_shape_of_its_tool() {
    let site = Site::new("totp = true");
    let told = |wait_s: &str, more: &[&str]| {
        let arguments = ["call", "deploy_service", "service=app", "version=v1", wait_s, "--output", "json"];
        let output = site.run(&[&arguments[..], more].concat());
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer.pointer("/operation/state").and_then(|state| state.as_str()), Some("succeeded"), "{answer}");
        let names = answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        (names, answer.pointer("/operation/id").and_then(|id| id.as_str()).unwrap().to_owned())
    };
    let (at_once, operation) = told("wait_s=40", &[]);
    assert_eq!(told("wait_s=0", &["--wait"]).0, at_once);
    let output =
        site.run(&["call", "operation_status", &format!("operation={operation}"), "--wait", "--output", "json"]);
    assert!(text(&output.stdout).contains("{\"detail\":"), "{}", text(&output.stdout));
}

#[test]
fn exit_codes_tell_what_happened() {
    let site = Site::new("totp = true");
    for (arguments, wanted) in [
        (&["call", "list_services"][..], 0),
        (&["call", "no_such_tool"], 2),
        (&["call", "list_services", "nonsense"], 2),
        (&["call", "deploy_service", "service=ap", "version=v1"], 1),
        (&["call", "deploy_service", "--read-only", "service=app", "version=v1"], 1),
        // Asked about later, an operation ends with the same code as one that was waited for.
        (&["call", "deploy_service", "service=app", "version=v1", "wait_s=0"], 4),
        (&["call", "deploy_service", "service=app", "version=v1", "wait_s=0", "--wait"], 4),
        (&["call", "verify_secret", "secrets=NO_SUCH_SECRET"], 1),
        (&["serve", "--toolsets", "deploi"], 2),
        (&["call", "deploy_service", "mode=execute", "plan=plan_00000000-0000-0000-0000-000000000000"], 1),
        (&["no-such-command"], 2),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["schema", "deploy_service"], 0),
        (&["plans"], 0),
        (&["operations"], 0),
        (&["snapshot", "list"], 0),
        (&["snapshot", "prune"], 0),
        (&["ledger", "tail"], 0),
        (&["ledger", "verify", "--contains", "999999/000000000000"], 1),
    ] {
        let output = site.run(arguments);
        assert_eq!(code(&output), wanted, "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    }
    let nowhere = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(&["call", "list_services"], nowhere.path())), 1);
    assert_eq!(code(&run(&["plans"], nowhere.path())), 2);
}
