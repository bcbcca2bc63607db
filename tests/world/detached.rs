//! Detached scripts: at most once, found again, told apart when lost.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use deploy_ops_mcp::{
    domain::{
        refusal::Code,
        step::{PruneReleases, Step},
    },
    policy::Permit,
    world::{
        detached::{ScriptRun, ScriptState},
        process::Ending,
    },
};

use crate::support::{
    permit::permit,
    sandbox::{Sandbox, TOKEN},
};

fn any_permit() -> Permit {
    permit(vec![Step::PruneReleases(PruneReleases { keep: 1, protect: None })], None, None)
}

fn shell(sandbox: &Sandbox, script: &str) -> ScriptRun {
    ScriptRun {
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        directory: sandbox.directory.path().to_owned(),
        environment: BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]),
        secrets: vec![],
        timeout_s: 60,
        script: None,
    }
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never happened: {what}");
}

#[tokio::test]
async fn a_script_gets_its_secrets_and_its_log_does_not() {
    let sandbox = Sandbox::new(&[]);
    let at = sandbox.path("data/operations/x/do-0");
    let mut run = shell(&sandbox, "echo \"$GREETING ${#APP_TOKEN}\"; echo token $APP_TOKEN; env | cut -d= -f1; exit 3");
    run.secrets = vec!["APP_TOKEN".parse().unwrap()];
    sandbox.world.start_script(&any_permit(), &at, &run).await.unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let told = lines.clone();
    let reader = sandbox.world.reader();
    let state = reader.wait_for_script(&at, &move |line| told.lock().unwrap().push(line)).await;
    let ScriptState::Exited(result) = state else { panic!("{state:?}") };
    assert_eq!(result.ending, Ending::Code(3));
    let log = reader.script_log_end(&at, 10_000).unwrap();
    assert!(log.starts_with(&format!("hello {}\ntoken [redacted]\n", TOKEN.len())), "{log}");
    assert_eq!(lines.lock().unwrap().join("\n") + "\n", log);
    let mut names: Vec<&str> = log.lines().skip(2).collect();
    names.sort_unstable();
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    assert_eq!(names, ["APP_TOKEN", "GREETING", "HOME", "LANG", "PATH", "TZ"]);
    // The value is in no file of the run.
    for file in walk(&at) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{}", file.display());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
    }
}

#[tokio::test]
async fn however_often_it_is_started_it_runs_once() {
    let sandbox = Sandbox::new(&[]);
    let at = sandbox.path("data/operations/x/do-0");
    let run = shell(&sandbox, "echo ran >> effect; sleep 0.2");
    let permit = any_permit();
    let starts = (0..8).map(|_| sandbox.world.start_script(&permit, &at, &run));
    for started in futures::future::join_all(starts).await {
        started.unwrap();
    }
    let state = sandbox.world.reader().wait_for_script(&at, &|_| {}).await;
    assert!(matches!(state, ScriptState::Exited(_)));
    sandbox.world.start_script(&permit, &at, &run).await.unwrap();
    // Runners that were started by hand find it claimed, too.
    let status = Command::new(env!("CARGO_BIN_EXE_deploy-ops")).arg("detached-run").arg(&at).status().unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(sandbox.path("effect")).unwrap(), "ran\n");
}

#[tokio::test]
async fn a_killed_runner_leaves_a_lost_run_that_never_begins_again() {
    let sandbox = Sandbox::new(&[]);
    let at = sandbox.path("data/operations/x/do-0");
    let run = shell(&sandbox, "echo ran >> effect; echo $$ > script-pid; exec sleep 600");
    let permit = any_permit();
    sandbox.world.start_script(&permit, &at, &run).await.unwrap();
    let reader = sandbox.world.reader();
    assert_eq!(reader.script_state(&at), ScriptState::Running);
    until("the script runs", || sandbox.path("script-pid").exists() && at.join("claim/script").exists()).await;
    kill(pid_of(&at.join("claim/runner")));
    until("the runner is gone", || reader.script_state(&at) != ScriptState::Running).await;
    assert_eq!(reader.script_state(&at), ScriptState::Lost { script_runs: true });
    kill(pid_of(&at.join("claim/script")));
    until("the script is gone", || reader.script_state(&at) == ScriptState::Lost { script_runs: false }).await;
    sandbox.world.start_script(&permit, &at, &run).await.unwrap();
    assert_eq!(reader.script_state(&at), ScriptState::Lost { script_runs: false });
    assert_eq!(std::fs::read_to_string(sandbox.path("effect")).unwrap(), "ran\n");
}

#[tokio::test]
async fn a_used_again_process_id_a_zombie_and_another_boot_are_not_running() {
    let sandbox = Sandbox::new(&[]);
    let reader = sandbox.world.reader();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned();
    let me = std::process::id();
    let write = |name: &str, boot: &str, pid: u32, start: &str| {
        let at = sandbox.path(name);
        std::fs::create_dir_all(at.join("claim")).unwrap();
        let text = format!(r#"{{"boot":"{boot}","pid":{pid},"start":{start}}}"#);
        std::fs::write(at.join("claim/runner"), text).unwrap();
        at
    };
    let lost = ScriptState::Lost { script_runs: false };
    assert_eq!(reader.script_state(&write("alive", &boot, me, &start_of(me))), ScriptState::Running);
    assert_eq!(reader.script_state(&write("reused", &boot, me, "1")), lost);
    assert_eq!(reader.script_state(&write("rebooted", "another-boot", me, &start_of(me))), lost);
    let mut zombie = Command::new("true").spawn().unwrap();
    let pid = zombie.id();
    until("it is a zombie", || stat(pid).first().is_some_and(|state| state == "Z")).await;
    assert_eq!(reader.script_state(&write("zombie", &boot, pid, &start_of(pid))), lost);
    zombie.wait().unwrap();
    assert_eq!(reader.script_state(&sandbox.path("nothing")), ScriptState::NotStarted);
}

#[tokio::test]
async fn a_time_limit_ends_the_script_and_says_so() {
    let sandbox = Sandbox::new(&[]);
    let at = sandbox.path("data/operations/x/do-0");
    let mut run = shell(&sandbox, "echo begun; sleep 600");
    run.timeout_s = 1;
    sandbox.world.start_script(&any_permit(), &at, &run).await.unwrap();
    let state = sandbox.world.reader().wait_for_script(&at, &|_| {}).await;
    let ScriptState::Exited(result) = state else { panic!("{state:?}") };
    assert_eq!(result.ending, Ending::TimedOut);
}

#[tokio::test]
async fn whoever_was_overtaken_starts_nothing() {
    let sandbox = Sandbox::new(&[]);
    let at = sandbox.path("data/operations/x/do-0");
    std::fs::create_dir_all(&at).unwrap();
    std::fs::write(at.join("fence"), "7").unwrap();
    let run = shell(&sandbox, "echo ran >> effect");
    let error = sandbox.world.start_script(&any_permit(), &at, &run).await.unwrap_err();
    assert_eq!(error.code, Code::Locked);
    assert!(!sandbox.path("effect").exists());
    // A runner that was started before the fence rose stands back, too.
    let spec = serde_json::json!({ "run": run, "fence": 3 });
    std::fs::write(at.join("spec.json"), spec.to_string()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_deploy-ops")).arg("detached-run").arg(&at).status().unwrap();
    assert_eq!(sandbox.world.reader().script_state(&at), ScriptState::NotStarted);
    assert!(!sandbox.path("effect").exists());
}

#[tokio::test]
async fn a_flood_of_output_neither_stops_the_script_nor_fills_memory_or_disk() {
    let sandbox = Sandbox::new(&[]);
    let at = sandbox.path("data/operations/x/do-0");
    let size = 192 * 1024 * 1024;
    let run = shell(&sandbox, &format!("echo first; head -c {size} /dev/zero; echo; echo last"));
    sandbox.world.start_script(&any_permit(), &at, &run).await.unwrap();
    let reader = sandbox.world.reader();
    let mut peak = 0;
    while reader.script_state(&at) == ScriptState::Running {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid_of(&at.join("claim/runner"))));
        let line = status.unwrap_or_default().lines().find(|l| l.starts_with("VmHWM:")).map(str::to_owned);
        let kib = line.and_then(|l| l.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ScriptState::Exited(result) = reader.script_state(&at) else { panic!() };
    assert_eq!((result.ending, result.bytes), (Ending::Code(0), size + 6 + 1 + 5));
    assert!(std::fs::metadata(at.join("log")).unwrap().len() < 66 * 1024 * 1024);
    assert!(reader.script_log_end(&at, 100).unwrap().ends_with("last\n"));
    assert!(peak > 0 && peak < 64 * 1024, "the runner used {peak} KiB");
}

#[tokio::test]
async fn a_script_outlives_the_kill_of_its_server_and_is_found_again() {
    let notes = tempfile::tempdir().unwrap();
    let note = notes.path().join("note");
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "world::detached::the_server_that_is_killed", "--ignored", "--nocapture"])
        .env("DEPLOY_OPS_TEST_NOTE", &note)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the server has started its script", || note.exists()).await;
    let at = PathBuf::from(std::fs::read_to_string(&note).unwrap());
    server.kill().unwrap();
    server.wait().unwrap();

    let next = Sandbox::new(&[]);
    let reader = next.world.reader();
    assert_eq!(reader.script_state(&at), ScriptState::Running, "it runs on without its server");
    let directory = at.parent().unwrap().to_owned();
    std::fs::write(directory.join("go"), "").unwrap();
    let state = reader.wait_for_script(&at, &|_| {}).await;
    let ScriptState::Exited(result) = state else { panic!("{state:?}") };
    assert_eq!(result.ending, Ending::Code(0));
    assert_eq!(reader.script_log_end(&at, 1000).unwrap(), "begun\nended\n");
    assert_eq!(std::fs::read_to_string(directory.join("effect")).unwrap(), "ran\n");
    std::fs::remove_dir_all(&directory).unwrap();
}

/// Not a test of its own: the process that the test above kills.
#[tokio::test]
#[ignore = "run by a_script_outlives_the_kill_of_its_server_and_is_found_again"]
async fn the_server_that_is_killed() {
    let Some(note) = std::env::var_os("DEPLOY_OPS_TEST_NOTE") else { return };
    let sandbox = Sandbox::new(&[]);
    let directory = tempfile::tempdir().unwrap().keep();
    let at = directory.join("do-0");
    let mut run = shell(&sandbox, "echo begun; echo ran >> effect; while [ ! -e go ]; do sleep 0.02; done; echo ended");
    run.directory = directory;
    sandbox.world.start_script(&any_permit(), &at, &run).await.unwrap();
    let partial = PathBuf::from(&note).with_extension("partial");
    std::fs::write(&partial, at.to_str().unwrap()).unwrap();
    std::fs::rename(partial, note).unwrap();
    drop(sandbox);
    std::future::pending::<()>().await;
}

fn pid_of(file: &Path) -> u32 {
    let process: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file).unwrap_or_default()).unwrap_or_default();
    u32::try_from(process["pid"].as_u64().unwrap_or(0)).unwrap()
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

/// The fields of `/proc/<pid>/stat` behind the name.
fn stat(pid: u32) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit(')').next().unwrap().split_ascii_whitespace().map(str::to_owned).collect()
}

fn start_of(pid: u32) -> String {
    stat(pid)[19].clone()
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}
