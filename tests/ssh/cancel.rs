//! Scripts on a host that are told to end because their operation is cancelled.

use deploy_ops_mcp::{
    domain::{
        refusal::Code,
        step::{PruneReleases, Step},
    },
    policy::Permit,
    world::{detached::ScriptState, process::Ending},
};

use super::web::{run_directory, shell, site, world};
use crate::support::{cut::Cut, permit::permit, sandbox::Sandbox, sshd::Sshd, wait::until};

fn any_permit() -> Permit {
    permit(vec![Step::PruneReleases(PruneReleases { keep: 1, protect: None })], None, None)
}

/// Starts a script on the host and waits until it has made the file `begun`.
async fn begin(host: &Sshd, sandbox: &Sandbox, permit: &Permit, script: &str) {
    sandbox.world.start_run(permit, &site(sandbox, permit, "do-0"), &shell(host, script)).await.unwrap();
    until(|| host.path("begun").exists().then_some(())).await;
}

/// Ends it and says how it ended, and what it wrote.
async fn end(sandbox: &Sandbox, permit: &Permit) -> (Ending, String) {
    let site = site(sandbox, permit, "do-0");
    sandbox.world.end_run(permit, &site).await.unwrap();
    let ScriptState::Exited(result) = sandbox.world.reader().run_state(&site).await else { panic!() };
    (result.ending, sandbox.world.reader().script_log_end(&site.directory, 10_000).unwrap())
}

/// What still runs on the host of the programs that the scripts here begin.
async fn left(host: &Sshd) -> String {
    let each = "for each in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$each; echo; done 2>/dev/null";
    host.run(&format!("{each} | grep '^sleep 60[0-9]'")).await.stdout
}

#[tokio::test]
async fn a_script_that_is_told_to_end_ends_with_all_that_it_began() {
    // `timeout` makes a process group of its own.
    let script =
        "trap 'echo told; exit 0' TERM; sleep 601 & timeout 500 sleep 602 & echo begun; sleep 0.3; touch begun; wait";
    for shape in [Sshd::shape(), Sshd::shape().without(&["setsid"]), Sshd::shape().busybox_only()] {
        let (host, permit) = (shape.start().await, any_permit());
        let sandbox = world(&host, host.port(), &[]);
        begin(&host, &sandbox, &permit, script).await;
        assert_eq!(left(&host).await.lines().count(), 2);
        assert_eq!(end(&sandbox, &permit).await, (Ending::Cancelled, "begun\ntold\n".to_owned()));
        assert_eq!(left(&host).await, "");
        assert_eq!(end(&sandbox, &permit).await.0, Ending::Cancelled, "asking again changes nothing");
    }
}

#[tokio::test]
async fn whoever_does_not_heed_it_is_killed_after_ten_seconds() {
    let (host, permit) = (Sshd::start().await, any_permit());
    let sandbox = world(&host, host.port(), &[]);
    let script = "trap '' TERM; (exec sleep 603) & touch begun; while :; do sleep 1; done";
    begin(&host, &sandbox, &permit, script).await;
    let told = std::time::Instant::now();
    assert_eq!(end(&sandbox, &permit).await.0, Ending::Cancelled);
    assert!((10..20).contains(&told.elapsed().as_secs()), "{:?}", told.elapsed());
    assert_eq!(left(&host).await, "");
}

#[tokio::test]
async fn others_have_time_when_the_script_itself_has_ended() {
    let (host, permit) = (Sshd::start().await, any_permit());
    let sandbox = world(&host, host.port(), &[]);
    let tidy = "sh -c 'trap \"sleep 1; touch tidied; exit\" TERM; touch begun; while :; do sleep 0.1; done' & wait";
    begin(&host, &sandbox, &permit, tidy).await;
    assert_eq!(end(&sandbox, &permit).await.0, Ending::Cancelled);
    assert!(host.path("tidied").exists());
}

#[tokio::test]
async fn a_script_that_has_ended_keeps_its_outcome_and_what_it_left() {
    let (host, permit) = (Sshd::start().await, any_permit());
    let sandbox = world(&host, host.port(), &[]);
    begin(&host, &sandbox, &permit, "sleep 604 & touch begun; exit 3").await;
    until(|| host.path(run_directory(&permit, "do-0")).join("rc").is_symlink().then_some(())).await;
    assert_eq!(end(&sandbox, &permit).await.0, Ending::Code(3));
    assert_eq!(left(&host).await, "sleep 604 \n");
}

#[tokio::test]
async fn only_ours_is_ended_and_what_cannot_be_proven_is_not_claimed() {
    let (host, permit) = (Sshd::start().await, any_permit());
    let sandbox = world(&host, host.port(), &[]);
    let site = site(&sandbox, &permit, "do-0");
    let ended = async || sandbox.world.end_run(&permit, &site).await;
    begin(&host, &sandbox, &permit, "touch begun; exec sleep 605").await;
    let at = run_directory(&permit, "do-0");

    // Another server goes on with the operation.
    host.run(&format!("ln -s . {at}/fence.7")).await;
    assert_eq!(ended().await.unwrap_err().code, Code::Locked);
    host.run(&format!("rm {at}/fence.7")).await;

    // What the claim names is somebody else's by now, or cannot be seen from here.
    let claim = std::fs::read_link(host.path(&at).join("claim")).unwrap().display().to_string();
    let words: Vec<&str> = claim.split(' ').collect();
    let (boot, _) = words[3].split_once(':').unwrap();
    let reused = format!("{} 1 {} {}", words[0], words[2], words[3]);
    let unseen = format!("{} {} {} {boot}:1", words[0], words[1], words[2]);
    let keep = format!("mv {at}/claim {at}/kept; mv {at}/child {at}/kept.child");
    for text in [reused, unseen] {
        host.run(&format!("{keep}; ln -s '{text}' {at}/claim")).await;
        let error = ended().await.unwrap_err();
        assert!(error.problem.contains("could not be seen"), "{error}");
        assert_eq!(left(&host).await, "sleep 605 \n");
        host.run(&format!("rm {at}/claim; mv {at}/kept {at}/claim; mv {at}/kept.child {at}/child")).await;
    }
    assert_eq!(end(&sandbox, &permit).await.0, Ending::Cancelled);
    assert_eq!(left(&host).await, "");
}

#[tokio::test]
async fn a_host_that_is_away_is_asked_again() {
    let (host, permit) = (Sshd::start().await, any_permit());
    let cut = Cut::before(host.port()).await;
    let sandbox = world(&host, cut.port(), &[]);
    begin(&host, &sandbox, &permit, "touch begun; exec sleep 606").await;
    cut.down().await;
    let back = async {
        // It was asked in vain before.
        tokio::time::timeout(std::time::Duration::from_millis(500), std::future::pending::<()>()).await.unwrap_err();
        cut.up().await;
    };
    let ((ending, _), ()) = tokio::join!(end(&sandbox, &permit), back);
    assert_eq!(ending, Ending::Cancelled);
    assert_eq!(left(&host).await, "");
}
