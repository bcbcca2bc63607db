//! Scripts on a host: at most once, watched over broken connections, told apart when lost.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
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
        detached::{ScriptResult, ScriptState},
        process::Ending,
    },
};

use super::web::{file, run_directory, shell, site, world};
use crate::support::{
    cut::{Cut, Way},
    permit::permit,
    sandbox::{Sandbox, TOKEN},
    sshd::Sshd,
    wait::until,
};

fn any_permit() -> Permit {
    permit(vec![Step::PruneReleases(PruneReleases { keep: 1, protect: None })], None, None)
}

/// Starts a script on the host and waits for its end.
async fn run(host: &Sshd, sandbox: &Sandbox, permit: &Permit, tag: &str, script: &str) -> ScriptResult {
    let site = site(sandbox, permit, tag);
    sandbox.world.start_run(permit, &site, &shell(host, script)).await.unwrap();
    exited(sandbox.world.reader().wait_for_run(&site, &|_| {}).await)
}

fn exited(state: ScriptState) -> ScriptResult {
    let ScriptState::Exited(result) = state else { panic!("{state:?}") };
    result
}

fn log(sandbox: &Sandbox, permit: &Permit, tag: &str) -> String {
    sandbox.world.reader().script_log_end(&site(sandbox, permit, tag).directory, 100_000).unwrap()
}

/// The words of a link in the run's directory on the host.
fn words(host: &Sshd, permit: &Permit, tag: &str, link: &str) -> Vec<String> {
    let text = std::fs::read_link(host.path(run_directory(permit, tag)).join(link)).unwrap();
    text.to_str().unwrap().split(' ').map(str::to_owned).collect()
}

/// Every file and link below a path, with what it holds or says.
fn walk(path: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let kind = std::fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            walk(&path, found);
        } else if kind.is_symlink() {
            found.push((path.clone(), std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()));
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
}

#[tokio::test]
async fn a_script_gets_its_secrets_and_nobody_else_does() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    let site = site(&sandbox, &permit, "do-0");
    let script = "printf '%s' \"$GREETING\"; echo \"${#APP_TOKEN}\"; echo token $APP_TOKEN; umask; id -un
        case $(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ') in *\"$APP_TOKEN\"*) echo SEEN ;; *) echo unseen ;; esac
        env | cut -d= -f1; while [ ! -e go ]; do sleep 0.05; done; exit 3";
    sandbox.world.start_run(&permit, &site, &shell(&host, script)).await.unwrap();
    let reader = sandbox.world.reader();
    assert_eq!(reader.run_state(&site).await, ScriptState::Running);
    for path in [
        ".deploy-ops",
        ".deploy-ops/runs",
        &run_directory(&permit, "do-0"),
        &format!("{}/log", run_directory(&permit, "do-0")),
    ] {
        let mode = std::fs::metadata(host.path(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path} {mode:o}");
    }
    host.plant("go", "");
    let lines = Arc::new(Mutex::new(Vec::new()));
    let told = lines.clone();
    let result = exited(reader.wait_for_run(&site, &move |line| told.lock().unwrap().push(line)).await);
    assert_eq!(result.ending, Ending::Code(3));
    let log = log(&sandbox, &permit, "do-0");
    let wanted = format!("hello\nit's $(id)\n{}\ntoken [redacted]\n0022\nweb1\nunseen\n", TOKEN.len());
    assert!(log.starts_with(&wanted), "{log}");
    let mut names: Vec<&str> = log.lines().skip(7).collect();
    names.sort_unstable();
    names.retain(|name| !["PWD", "SHLVL", "_", "", "it's $(id)"].contains(name));
    assert_eq!(names, ["APP_TOKEN", "GREETING", "HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TZ", "USER"]);
    assert_eq!(lines.lock().unwrap().join("\n") + "\n", log);
    let mut found = Vec::new();
    walk(&host.path(".deploy-ops"), &mut found);
    walk(&sandbox.path("data"), &mut found);
    assert!(found.len() > 5);
    for (path, bytes) in found {
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{}", path.display());
    }
    assert_eq!(reader.run_state(&site).await, ScriptState::Exited(result), "it needs no host any more");
}

#[tokio::test]
async fn of_fifty_starts_one_wins() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    let (site, run) = (site(&sandbox, &permit, "do-0"), shell(&host, "echo ran >>effect; sleep 0.2"));
    let starts = (0..50).map(|_| sandbox.world.start_run(&permit, &site, &run));
    for started in futures::future::join_all(starts).await {
        started.unwrap();
    }
    exited(sandbox.world.reader().wait_for_run(&site, &|_| {}).await);
    sandbox.world.start_run(&permit, &site, &run).await.unwrap();
    assert_eq!(std::fs::read_to_string(host.path("effect")).unwrap(), "ran\n");
}

#[tokio::test]
async fn what_was_altered_or_overtaken_does_not_begin() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    let reader = sandbox.world.reader();
    host.plant("deploy.sh", "echo altered >>effect\n");
    let run = file(&host, "deploy.sh", "echo planned >>effect\n");
    let error = sandbox.world.start_run(&permit, &site(&sandbox, &permit, "do-0"), &run).await.unwrap_err();
    assert_eq!(error.code, Code::PlanStale, "{error}");
    assert_eq!(reader.run_state(&site(&sandbox, &permit, "do-0")).await, ScriptState::NotStarted);
    host.plant("deploy.sh", "echo planned >>effect\n");
    sandbox.world.start_run(&permit, &site(&sandbox, &permit, "do-0"), &run).await.unwrap();
    exited(reader.wait_for_run(&site(&sandbox, &permit, "do-0"), &|_| {}).await);
    assert_eq!(std::fs::read_to_string(host.path("effect")).unwrap(), "planned\n");

    let at = run_directory(&permit, "do-1");
    assert_eq!(host.run(&format!("mkdir -m 700 {at} && ln -s . {at}/fence.7")).await.code, Some(0));
    let error = sandbox.world.start_run(&permit, &site(&sandbox, &permit, "do-1"), &run).await.unwrap_err();
    assert_eq!(error.code, Code::Locked, "{error}");
    assert_eq!(reader.run_state(&site(&sandbox, &permit, "do-1")).await, ScriptState::NotStarted);
    assert_eq!(std::fs::read_to_string(host.path("effect")).unwrap(), "planned\n");
}

#[tokio::test]
async fn a_killed_runner_leaves_a_lost_run_that_never_begins_again() {
    let permit = any_permit();
    let mut host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    let (site, reader) = (site(&sandbox, &permit, "do-0"), sandbox.world.reader());
    let run = shell(&host, "echo ran >>effect; exec sleep 600");
    sandbox.world.start_run(&permit, &site, &run).await.unwrap();
    let child = host.path(run_directory(&permit, "do-0")).join("child");
    until(|| child.is_symlink().then_some(())).await;
    assert_eq!(reader.run_state(&site).await, ScriptState::Running);
    host.run(&format!("kill -9 {}", words(&host, &permit, "do-0", "claim")[0])).await;
    assert_eq!(reader.wait_for_run(&site, &|_| {}).await, ScriptState::Lost { script_runs: true });
    host.run(&format!("kill -9 {}", words(&host, &permit, "do-0", "child")[0])).await;
    let gone = host.outside("/proc").join(&words(&host, &permit, "do-0", "child")[0]);
    until(|| (!gone.exists()).then_some(())).await;
    let lost = ScriptState::Lost { script_runs: false };
    assert_eq!(reader.run_state(&site).await, lost);
    sandbox.world.start_run(&permit, &site, &run).await.unwrap();
    assert_eq!(reader.run_state(&site).await, lost);
    assert_eq!(std::fs::read_to_string(host.path("effect")).unwrap(), "ran\n");
    // What was seen to begin and is gone with its directory is lost, too, not new.
    std::fs::remove_dir_all(host.path(".deploy-ops")).unwrap();
    assert_eq!(reader.run_state(&site).await, lost);

    let site = super::web::site(&sandbox, &permit, "do-1");
    sandbox.world.start_run(&permit, &site, &shell(&host, "exec sleep 600")).await.unwrap();
    host.reboot().await;
    assert_eq!(reader.wait_for_run(&site, &|_| {}).await, lost);
}

#[tokio::test]
async fn a_used_again_process_id_a_zombie_and_another_boot_are_not_running() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    let reader = sandbox.world.reader();
    let alive = host.run("sleep 300 >/dev/null 2>&1 </dev/null & echo $!").await.stdout.trim().to_owned();
    // The shell becomes a program that does not wait for what the shell began; what ends before that, the shell itself may reap.
    let after = "until [ \"$(cat /proc/$$/comm)\" = sleep ]; do sleep 0.05; done";
    let zombie = format!(
        "sh -c '({after}) & echo $! >child; exec sleep 300' >/dev/null 2>&1 </dev/null &
        until [ -s child ]; do sleep 0.05; done; cat child"
    );
    let zombie = host.run(&zombie).await.stdout.trim().to_owned();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned();
    let space = host.run("readlink /proc/self/ns/pid | tr -dc 0-9").await.stdout;
    let start = |pid: &str| {
        let stat = std::fs::read_to_string(host.outside("/proc").join(pid).join("stat")).unwrap();
        let fields: Vec<String> = stat.rsplit(')').next().unwrap().split_whitespace().map(str::to_owned).collect();
        (fields[0].clone(), fields[19].clone())
    };
    until(|| (start(&zombie).0 == "Z").then_some(())).await;
    let (alive_since, zombie_since) = (start(&alive).1, start(&zombie).1);
    let lost = ScriptState::Lost { script_runs: false };
    for (tag, pid, since, boot, space, wanted) in [
        ("alive", &alive, alive_since.as_str(), boot.as_str(), space.as_str(), ScriptState::Running),
        ("reused", &alive, "1", &boot, &space, lost.clone()),
        ("rebooted", &alive, &alive_since, "another-boot", &space, lost.clone()),
        ("zombie", &zombie, &zombie_since, &boot, &space, lost.clone()),
        // From another process space nobody can tell.
        ("unseen", &alive, "1", &boot, "1", ScriptState::Running),
    ] {
        let at = host.path(run_directory(&permit, tag));
        let made = format!(
            "mkdir -p {at} && ln -s '{pid} {since} {pid} {boot}:{space}' {at}/claim",
            at = run_directory(&permit, tag)
        );
        assert_eq!(host.run(&made).await.code, Some(0), "{}", at.display());
        assert_eq!(reader.run_state(&site(&sandbox, &permit, tag)).await, wanted, "{tag}");
    }
}

#[tokio::test]
async fn a_time_limit_ends_all_processes_of_the_script_without_us() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let cut = Cut::before(host.port()).await;
    let sandbox = world(&host, cut.port(), &[]);
    let site = site(&sandbox, &permit, "do-0");
    let mut run = shell(&host, "sleep 601 & echo begun; trap 'echo told; exit 9' TERM; sleep 602 & wait");
    run.timeout_s = 1;
    sandbox.world.start_run(&permit, &site, &run).await.unwrap();
    cut.down().await;
    until(|| host.path(run_directory(&permit, "do-0")).join("rc").is_symlink().then_some(())).await;
    cut.up().await;
    let result = exited(sandbox.world.reader().wait_for_run(&site, &|_| {}).await);
    assert_eq!(result.ending, Ending::TimedOut);
    assert_eq!(log(&sandbox, &permit, "do-0"), "begun\ntold\n");
    assert_eq!(host.run("ps -eo args | grep -c '^sleep 60'").await.stdout, "0\n");
}

#[tokio::test]
async fn where_programs_or_space_are_missing_it_works_or_says_why() {
    let permit = any_permit();
    for shape in [Sshd::shape().without(&["setsid"]), Sshd::shape().busybox_only()] {
        let host = shape.start().await;
        let sandbox = world(&host, host.port(), &[]);
        let result = run(&host, &sandbox, &permit, "do-0", "sleep 601 & echo \"$GREETING\"; exit 4").await;
        assert_eq!(result.ending, Ending::Code(4));
        assert_eq!(log(&sandbox, &permit, "do-0"), "hello\nit's $(id)\n\n");
        let left = host.run("ps -o args | grep -c '^sleep 601' || ps -eo args | grep -c '^sleep 601'").await;
        assert!(left.stdout.starts_with('1') || left.stdout.ends_with("1\n"), "what it began stays: {}", left.stdout);
        let mut limited = shell(&host, "sleep 603 & sleep 602");
        limited.timeout_s = 1;
        let site = site(&sandbox, &permit, "do-1");
        sandbox.world.start_run(&permit, &site, &limited).await.unwrap();
        let result = exited(sandbox.world.reader().wait_for_run(&site, &|_| {}).await);
        assert_eq!(result.ending, Ending::TimedOut);
        let left =
            host.run("ls /proc | grep '^[0-9]' | while read -r p; do tr '\\0' ' ' </proc/$p/cmdline; echo; done").await;
        assert!(!left.stdout.contains("sleep 602") && !left.stdout.contains("sleep 603"), "{}", left.stdout);
    }
    let host = Sshd::shape().disk(1 << 20).start().await;
    let sandbox = world(&host, host.port(), &[]);
    let result =
        run(&host, &sandbox, &permit, "do-0", "echo begun; head -c 2000000 /dev/zero >big; echo $?; exit 5").await;
    assert_eq!(result.ending, Ending::Code(5), "a full disk does not hide how it ended");
    assert!(log(&sandbox, &permit, "do-0").starts_with("begun\n"));
}

#[tokio::test]
async fn output_of_any_size_comes_whole_and_redacted() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    let size = 24 * 1024 * 1024;
    let script = format!(
        "echo first; head -c {size} /dev/zero | tr '\\0' x; echo; printf '\\377\\033[31m'; echo last $APP_TOKEN"
    );
    let result = run(&host, &sandbox, &permit, "do-0", &script).await;
    let last = 6 + 5 + 1 + TOKEN.len() as u64;
    assert_eq!((result.ending, result.bytes), (Ending::Code(0), size + 6 + 1 + last));
    assert!(log(&sandbox, &permit, "do-0").ends_with("last [redacted]\n"));
    assert!(!host.path(run_directory(&permit, "do-0")).join("log").exists());
}

/// Cuts the connection at some byte of one way, while a script is started and watched to its end.
#[tokio::test]
async fn a_connection_cut_anywhere_neither_repeats_nor_loses_a_script() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let cut = Cut::before(host.port()).await;
    let sandbox = world(&host, cut.port(), &[]);
    let (mut cases, mut cuts) = (0, 0);
    for way in [Way::ToServer, Way::ToClient] {
        for bytes in [1, 40, 900, 2_000, 3_000, 4_500, 6_000, 7_000, 8_000, 9_000, 9_500, 10_000, 11_000, 12_500] {
            let tag = format!("do-{cases}");
            let site = site(&sandbox, &permit, &tag);
            let run = shell(&host, &format!("echo {tag} >>effect; echo one; sleep 0.1; echo two; exit 6"));
            // Every second case begins on a connection that is open already.
            if cases % 2 == 0 {
                cut.cut();
            }
            cut.cut_after_bytes(way, bytes);
            sandbox.world.start_run(&permit, &site, &run).await.unwrap();
            let result = exited(sandbox.world.reader().wait_for_run(&site, &|_| {}).await);
            assert_eq!((result.ending, result.bytes), (Ending::Code(6), 8), "{way:?} {bytes}");
            assert_eq!(log(&sandbox, &permit, &tag), "one\ntwo\n", "{way:?} {bytes}");
            cuts += usize::from(!cut.disarm());
            cases += 1;
        }
    }
    let effect = std::fs::read_to_string(host.path("effect")).unwrap();
    let wanted: String = (0..cases).map(|case| format!("do-{case}\n")).collect();
    assert_eq!(effect, wanted);
    assert!(cuts > 15, "only {cuts} of {cases} were cut");
}

#[tokio::test]
async fn a_script_outlives_the_server_the_host_s_sshd_and_the_network() {
    let permit = any_permit();
    let mut host = Sshd::start().await;
    let cut = Cut::before(host.port()).await;
    let first = world(&host, cut.port(), &[]);
    let site = site(&first, &permit, "do-0");
    let script = "echo begun; echo ran >>effect; while [ ! -e go ]; do sleep 0.05; done; echo ended; exit 7";
    first.world.start_run(&permit, &site, &shell(&host, script)).await.unwrap();
    let local = site.directory.join("log");
    {
        let reader = first.world.reader();
        let watching = reader.wait_for_run(&site, &|_| {});
        // Half of it is here when the watching server ends.
        let half = async {
            until(|| {
                let told = std::fs::read_to_string(&local).unwrap_or_default();
                local.exists().then_some(told)
            })
            .await
        };
        tokio::select! {
            state = watching => panic!("{state:?}"),
            _ = half => {}
        }
    }
    // Another process with the same data directory.
    let second = Sandbox::with(&[], |inventory| super::web::move_to(&host, cut.port(), inventory));
    let reader = second.world.reader();
    assert_eq!(reader.run_state(&site).await, ScriptState::Running);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let told = lines.clone();
    let line = move |line| told.lock().unwrap().push(line);
    let disturb = async {
        let said = |text: &str| lines.lock().unwrap().iter().any(|line| *line == text);
        until(|| said("begun").then_some(()).or_else(|| local.exists().then_some(()))).await;
        cut.down().await;
        until(|| said("host web cannot be reached; the script runs on without us").then_some(())).await;
        host.restart().await;
        cut.up().await;
        until(|| said("host web is back").then_some(())).await;
        host.plant("go", "");
    };
    let (state, ()) = tokio::join!(reader.wait_for_run(&site, &line), disturb);
    let result = exited(state);
    assert_eq!((result.ending, result.bytes), (Ending::Code(7), 12));
    assert_eq!(std::fs::read_to_string(&local).unwrap(), "begun\nended\n");
    assert_eq!(std::fs::read_to_string(host.path("effect")).unwrap(), "ran\n");
}

#[tokio::test]
async fn a_script_that_cannot_be_asked_for_is_not_called_done_or_failed() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let cut = Cut::before(host.port()).await;
    let sandbox = world(&host, cut.port(), &[]);
    let mut site = site(&sandbox, &permit, "do-0");
    sandbox.world.start_run(&permit, &site, &shell(&host, "sleep 600")).await.unwrap();
    // A host whose key is another one is not asked any more.
    let other = Sandbox::with(&[], |inventory| {
        super::web::move_to(&host, cut.port(), inventory);
        for host in inventory.hosts.values_mut() {
            if let deploy_ops_mcp::domain::inventory::HostKind::Ssh(ssh) = &mut host.kind {
                let fingerprints = vec![format!("SHA256:{}", "A".repeat(43))];
                ssh.trust = deploy_ops_mcp::domain::inventory::HostTrust::Pinned { fingerprints };
            }
        }
    });
    let state = other.world.reader().wait_for_run(&site, &|_| {}).await;
    assert!(matches!(&state, ScriptState::Unseen { begun: true, .. }), "{state:?}");
    site.directory = site.directory.with_file_name("do-1");
    let state = other.world.reader().wait_for_run(&site, &|_| {}).await;
    assert!(matches!(&state, ScriptState::Unseen { begun: false, .. }), "{state:?}");
}

#[tokio::test]
async fn what_ended_operations_left_is_removed_before_the_next_run() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    run(&host, &sandbox, &permit, "do-0", "true").await;
    run(&host, &sandbox, &permit, "do-1", "true").await;
    assert!(host.path(run_directory(&permit, "do-0")).exists());
    let next = any_permit();
    let site = site(&sandbox, &next, "do-0");
    sandbox.world.start_run(&next, &site, &shell(&host, "sleep 600")).await.unwrap();
    assert!(!host.path(run_directory(&permit, "")).exists());
    // What runs stays.
    run(&host, &sandbox, &any_permit(), "do-0", "true").await;
    assert!(host.path(run_directory(&next, "do-0")).join("claim").is_symlink());
}

#[tokio::test]
async fn a_host_that_ends_what_a_login_left_is_found_out_and_refused() {
    let permit = any_permit();
    let host = Sshd::start().await;
    let sandbox = world(&host, host.port(), &[]);
    let name = "web".parse().unwrap();
    assert_eq!(sandbox.world.reader().known_to_detach(&name), None);
    assert!(sandbox.world.reader().detaches(&name, Duration::from_secs(1)).await.unwrap());
    assert_eq!(sandbox.world.reader().known_to_detach(&name), Some(true));
    assert_eq!(std::fs::read_dir(host.path(".deploy-ops/runs")).unwrap().count(), 0);

    // As a service manager that kills the user's processes, in so far as a canary can see it.
    let kills = "ForceCommand sh -c \"$SSH_ORIGINAL_COMMAND\"; code=$?; pkill -KILL -x sleep; exit $code";
    let host = Sshd::shape().config(kills).start().await;
    let sandbox = world(&host, host.port(), &[]);
    let reader = sandbox.world.reader();
    assert!(!reader.detaches(&name, Duration::from_secs(5)).await.unwrap());
    assert_eq!(reader.known_to_detach(&name), Some(false));
    let refused = sandbox.world.start_run(&permit, &site(&sandbox, &permit, "do-0"), &shell(&host, "true")).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code, Code::Unsupported);
    assert!(error.problem.contains("ends every process"), "{error}");
}
