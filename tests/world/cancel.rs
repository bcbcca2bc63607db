//! Scripts that are told to end because their operation is cancelled.

use std::path::Path;

use deploy_ops_mcp::{
    domain::{
        refusal::Code,
        step::{PruneReleases, Step},
    },
    policy::Permit,
    world::{
        detached::{ScriptRun, ScriptState, Site},
        process::Ending,
    },
};

use crate::support::{permit::permit, sandbox::Sandbox, wait::until};

/// A script that is running.
struct Begun {
    sandbox: Sandbox,
    permit: Permit,
    site: Site,
}

impl Begun {
    /// Starts a script and waits until it has made the file `begun`.
    async fn new(script: &str) -> Self {
        let sandbox = Sandbox::new(&[]);
        let permit = permit(vec![Step::PruneReleases(PruneReleases { keep: 1, protect: None })], None, None);
        let directory = sandbox.path("data/operations/x/do-0");
        let site = Site { directory, host: None, secrets: vec![], timeout_s: 60 };
        let run = ScriptRun {
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            directory: sandbox.directory.path().to_owned(),
            environment: std::collections::BTreeMap::new(),
            secrets: vec![],
            timeout_s: 60,
            script: None,
        };
        sandbox.world.start_run(&permit, &site, &run).await.unwrap();
        until(|| sandbox.path("begun").exists().then_some(())).await;
        Self { sandbox, permit, site }
    }

    /// Ends it and says how it ended, and what it wrote.
    async fn end(&self) -> (Ending, String) {
        self.sandbox.world.end_run(&self.permit, &self.site).await.unwrap();
        let reader = self.sandbox.world.reader();
        let ScriptState::Exited(result) = reader.run_state(&self.site).await else { panic!() };
        (result.ending, reader.script_log_end(&self.site.directory, 10_000).unwrap())
    }

    /// The process that runs it: the leader of its session.
    fn runner(&self) -> String {
        let text = std::fs::read(self.site.directory.join("claim/runner")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()["pid"].to_string()
    }
}

/// Who lives in a session.
fn session(leader: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        if fields.get(3) == Some(&leader) && fields[0] != "Z" {
            found.push(stat);
        }
    }
    found
}

#[tokio::test]
async fn a_script_that_is_told_to_end_ends_with_all_that_it_began() {
    // `timeout` makes a process group of its own.
    let begun = Begun::new(
        "trap 'echo told; exit 0' TERM; sleep 601 & timeout 500 sleep 602 & echo begun; sleep 0.2; touch begun; wait",
    )
    .await;
    let runner = begun.runner();
    assert!(session(&runner).len() >= 5, "{:?}", session(&runner));
    assert_eq!(begun.end().await, (Ending::Cancelled, "begun\ntold\n".to_owned()));
    until(|| session(&runner).is_empty().then_some(())).await;
    // Asking again changes nothing.
    assert_eq!(begun.end().await.0, Ending::Cancelled);
}

#[tokio::test]
async fn whoever_does_not_heed_it_is_killed_after_ten_seconds() {
    let begun =
        Begun::new("trap '' TERM; (trap '' TERM; exec sleep 603) & touch begun; while :; do sleep 1; done").await;
    let (runner, told) = (begun.runner(), std::time::Instant::now());
    assert_eq!(begun.end().await.0, Ending::Cancelled);
    assert!((10..20).contains(&told.elapsed().as_secs()), "{:?}", told.elapsed());
    until(|| session(&runner).is_empty().then_some(())).await;
}

#[tokio::test]
async fn others_have_time_when_the_script_itself_has_ended() {
    let tidy = "sh -c 'trap \"sleep 1; touch tidied; exit\" TERM; touch begun; while :; do sleep 0.1; done' & wait";
    let begun = Begun::new(tidy).await;
    assert_eq!(begun.end().await.0, Ending::Cancelled);
    assert!(begun.sandbox.path("tidied").exists());
}

#[tokio::test]
async fn a_script_that_has_ended_keeps_its_outcome() {
    let begun = Begun::new("sleep 604 & touch begun; exit 3").await;
    let runner = begun.runner();
    until(|| begun.site.directory.join("rc").exists().then_some(())).await;
    assert_eq!(begun.end().await.0, Ending::Code(3));
    let left = session(&runner);
    assert_eq!(left.len(), 1, "what it left on purpose stays: {left:?}");
    kill(left[0].split(' ').next().unwrap());
}

#[tokio::test]
async fn whoever_was_overtaken_ends_nothing() {
    let begun = Begun::new("touch begun; exec sleep 605").await;
    std::fs::write(begun.site.directory.join("fence"), "7").unwrap();
    let error = begun.sandbox.world.end_run(&begun.permit, &begun.site).await.unwrap_err();
    assert_eq!(error.code, Code::Locked, "{error}");
    assert_eq!(begun.sandbox.world.reader().run_state(&begun.site).await, ScriptState::Running);
    assert!(!begun.site.directory.join("over").exists());
    std::fs::write(begun.site.directory.join("fence"), "1").unwrap();
    begun.end().await;
}

fn kill(pid: &str) {
    assert!(Path::new("/proc").join(pid).exists());
    assert!(std::process::Command::new("kill").args(["-9", pid]).status().unwrap().success());
}
