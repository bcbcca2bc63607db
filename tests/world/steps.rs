//! Steps: each does, proves and undoes one thing, also when the server ended in between.

use deploy_ops_mcp::{
    domain::{
        evidence::{EvidenceKind, Outcome},
        inventory::Deploy,
        release::ReleaseId,
        step::{
            CheckSmoke, ExportCommit, PlaceRelease, RestoreDatabase, RunScript, ScriptRole, Step, SwitchRelease,
            TakeSnapshot,
        },
    },
    policy::Permit,
    steps::{self, Failure, Probe},
};

use crate::support::{
    permit::permit,
    sandbox::{Sandbox, context},
};

const DEPLOY: &str = "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"\nsay deployed \"$1\"\necho \"$1\" >> \"$2/live\"\n";
const LIB: &str = "say() { echo \"said: $*\"; }\n";

fn scripts() -> Sandbox {
    Sandbox::with(
        &[("x:ops/deploy.sh", DEPLOY), ("ops/lib.sh", LIB), ("x:ops/fail.sh", "#!/bin/sh\necho PASS\nexit 1\n")],
        |inventory| {
            for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
                target.databases = vec!["main".parse().unwrap()];
            }
        },
    )
}

async fn run_script(sandbox: &Sandbox, path: &str, argument: &str) -> RunScript {
    let root = sandbox.path("target");
    let root = root.to_str().unwrap();
    RunScript {
        role: ScriptRole::Deploy,
        call: sandbox.call("v1", path, &[argument, root]).await,
        undo: Some(sandbox.call("v1", "ops/deploy.sh", &["back", root]).await),
        in_release: None,
    }
}

fn permit_for(step: &Step) -> Permit {
    permit(vec![step.clone()], None, None)
}

#[tokio::test]
async fn a_script_runs_once_is_probed_and_is_taken_back_by_its_undo() {
    let sandbox = scripts();
    sandbox.fill(10, "WAL").await;
    let step = Step::RunScript(run_script(&sandbox, "ops/deploy.sh", "v1").await);
    let permit = permit_for(&step);
    let context = context(&sandbox, &permit, 0);
    assert_eq!(steps::probe(&step, &context).await, Probe::NotStarted);
    assert!(steps::undo(&step, &context).await.unwrap().summary.contains("never ran"));
    let done = steps::run(&step, &context).await.unwrap();
    assert_eq!(done.untrusted_text.as_deref(), Some("said: deployed v1\n"), "its helper was found beside it");
    let migrations = done.evidence.iter().find(|e| e.kind == EvidenceKind::Migrations).unwrap();
    assert_eq!((migrations.outcome, migrations.counters["applied"]), (Outcome::Pass, 0));
    // As after a crash: looking finds the same, running again does nothing again.
    let Probe::Done(found) = steps::probe(&step, &context).await else { panic!() };
    assert_eq!(found.summary, done.summary);
    steps::run(&step, &context).await.unwrap();
    assert_eq!(std::fs::read_to_string(sandbox.path("target/live")).unwrap(), "v1\n");
    assert_eq!(steps::probe_undo(&step, &context).await, Probe::NotStarted);
    steps::undo(&step, &context).await.unwrap();
    assert!(matches!(steps::probe_undo(&step, &context).await, Probe::Done(_)));
    steps::undo(&step, &context).await.unwrap();
    assert_eq!(std::fs::read_to_string(sandbox.path("target/live")).unwrap(), "v1\nback\n");
}

#[tokio::test]
async fn a_script_that_says_pass_and_exits_with_1_failed() {
    let sandbox = scripts();
    sandbox.fill(10, "WAL").await;
    let step = Step::RunScript(run_script(&sandbox, "ops/fail.sh", "v1").await);
    let permit = permit_for(&step);
    let context = context(&sandbox, &permit, 0);
    let Err(Failure::Failed(done)) = steps::run(&step, &context).await else { panic!() };
    assert!(done.summary.contains("exit code 1"), "{}", done.summary);
    assert_eq!(done.untrusted_text.as_deref(), Some("PASS\n"));
    assert!(matches!(steps::probe(&step, &context).await, Probe::Failed(_)));
}

#[tokio::test]
async fn bytes_that_are_not_the_planned_ones_do_not_run() {
    let sandbox = scripts();
    sandbox.fill(10, "WAL").await;
    let mut script = run_script(&sandbox, "ops/deploy.sh", "v1").await;
    script.call.digest = deploy_ops_mcp::domain::digest::Digest::of(b"other bytes");
    let step = Step::RunScript(script);
    let permit = permit_for(&step);
    let Err(Failure::Failed(done)) = steps::run(&step, &context(&sandbox, &permit, 0)).await else { panic!() };
    assert!(done.summary.contains("not the planned ones"), "{}", done.summary);
    assert!(!sandbox.path("target/live").exists());
}

#[tokio::test]
async fn an_export_that_an_earlier_script_changed_does_not_change_what_runs() {
    let sandbox = scripts();
    sandbox.fill(10, "WAL").await;
    let step = Step::RunScript(run_script(&sandbox, "ops/deploy.sh", "v1").await);
    let permit = permit_for(&step);
    let commit = sandbox.revision("v1").await.commit;
    let export = sandbox.world.export_commit(&permit, &sandbox.service, &commit, None).await.unwrap();
    std::fs::write(export.join("ops/deploy.sh"), "#!/bin/sh\ntouch \"$2/evil\"\n").unwrap();
    steps::run(&step, &context(&sandbox, &permit, 0)).await.unwrap();
    assert!(sandbox.path("target/live").exists() && !sandbox.path("target/evil").exists());
}

#[tokio::test]
async fn a_killed_script_is_unknown_and_is_not_begun_again() {
    let sandbox = Sandbox::new(&[("x:slow.sh", "#!/bin/sh\necho x >> effect\ntouch begun\nexec sleep 600\n")]);
    let call = sandbox.call("v1", "slow.sh", &[]).await;
    let step = Step::RunScript(RunScript { role: ScriptRole::Deploy, call, undo: None, in_release: None });
    let permit = permit_for(&step);
    let context = context(&sandbox, &permit, 0);
    let at = sandbox.path("data/operations").join(permit.operation().as_str()).join("do-0");
    let killer = async {
        while !at.join("claim/script").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(steps::probe(&step, &context).await, Probe::Running);
        for who in ["runner", "script"] {
            let text = std::fs::read(at.join("claim").join(who)).unwrap();
            let process: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let pid = process["pid"].to_string();
            std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
        }
    };
    let (ran, ()) = tokio::join!(steps::run(&step, &context), killer);
    assert!(matches!(ran, Err(Failure::Unknown(_))), "{ran:?}");
    assert!(matches!(steps::probe(&step, &context).await, Probe::Unknown(_)));
}

#[tokio::test]
async fn exports_and_snapshots_are_found_again() {
    let sandbox = scripts();
    sandbox.fill(300, "WAL").await;
    let revision = sandbox.revision("v1").await;
    let export = Step::ExportCommit(ExportCommit { commit: revision.commit, tree: revision.tree });
    let take = TakeSnapshot { database: "main".parse().unwrap(), snapshot: "main-s1".parse().unwrap() };
    let take = Step::TakeSnapshot(take);
    let permit = permit(vec![export.clone(), take.clone()], None, None);
    for (index, step) in [export, take].iter().enumerate() {
        let context = context(&sandbox, &permit, index);
        assert_eq!(steps::probe(step, &context).await, Probe::NotStarted);
        let done = steps::run(step, &context).await.unwrap();
        assert_eq!(steps::probe(step, &context).await, Probe::Done(done.clone()));
        assert_eq!(steps::run(step, &context).await.unwrap(), done);
        steps::undo(step, &context).await.unwrap();
        if step.name() == "take_snapshot" {
            let evidence = &done.evidence[0];
            assert_eq!((evidence.kind, evidence.subject.as_str()), (EvidenceKind::Snapshot, "main"));
            assert!(evidence.holds(sandbox.world.now()));
            assert_eq!(evidence.counters["rows"], 300 + 10 + 1);
        }
    }
}

#[tokio::test]
async fn a_switch_is_undone_to_what_was_live_and_never_touches_what_it_does_not_know() {
    let sandbox = Sandbox::new(&[("public/index.html", "one\n")]);
    let Deploy::Release(deploy) = sandbox.service.deploy.clone() else { panic!() };
    let mut releases: Vec<ReleaseId> = Vec::new();
    for version in ["v1", "v2", "v3"] {
        if version != "v1" {
            sandbox.commit(&[("public/index.html", version)], version);
        }
        let revision = sandbox.revision(version).await;
        let artifact = sandbox.world.reader().build_artifact(&sandbox.service, &deploy, &revision).await.unwrap();
        let release = ReleaseId::new(&revision.version, &artifact.digest);
        let place = PlaceRelease { release: release.clone(), artifact: artifact.digest, shared: vec![] };
        let step = Step::PlaceRelease(place);
        let permit = permit_for(&step);
        let context = context(&sandbox, &permit, 0);
        assert_eq!(steps::probe(&step, &context).await, Probe::NotStarted);
        steps::run(&step, &context).await.unwrap();
        assert!(matches!(steps::probe(&step, &context).await, Probe::Done(_)));
        steps::undo(&step, &context).await.unwrap();
        releases.push(release);
    }
    let first = Step::SwitchRelease(SwitchRelease { to: releases[0].clone(), from: None, reset_opcache: None });
    let second = Step::SwitchRelease(SwitchRelease {
        to: releases[1].clone(),
        from: Some(releases[0].clone()),
        reset_opcache: None,
    });
    let stranger = Step::SwitchRelease(SwitchRelease { to: releases[2].clone(), from: None, reset_opcache: None });
    let permit = permit(vec![first.clone(), second.clone(), stranger.clone()], None, None);
    let context = context(&sandbox, &permit, 0);
    for step in [&first, &second] {
        assert_eq!(steps::probe(step, &context).await, Probe::NotStarted);
        let done = steps::run(step, &context).await.unwrap();
        assert_eq!(steps::run(step, &context).await.unwrap(), done);
        assert_eq!(steps::probe(step, &context).await, Probe::Done(done));
    }
    assert!(matches!(steps::run(&stranger, &context).await, Err(Failure::Failed(_))));
    assert!(matches!(steps::probe(&stranger, &context).await, Probe::Unknown(_)));
    assert!(matches!(steps::undo(&stranger, &context).await, Err(Failure::Failed(_))));
    for step in [&second, &first] {
        assert_eq!(steps::probe_undo(step, &context).await, Probe::NotStarted);
        let done = steps::undo(step, &context).await.unwrap();
        assert_eq!(steps::undo(step, &context).await.unwrap(), done);
        assert_eq!(steps::probe_undo(step, &context).await, Probe::Done(done));
    }
    assert!(!sandbox.path("target/current").exists());
}

#[tokio::test]
async fn a_restore_is_probed_and_taken_back() {
    let sandbox = scripts();
    sandbox.fill(50, "WAL").await;
    let take = TakeSnapshot { database: "main".parse().unwrap(), snapshot: "main-s1".parse().unwrap() };
    let taken = permit_for(&Step::TakeSnapshot(take.clone()));
    let manifest = sandbox.world.take_snapshot(&taken, &take).await.unwrap();
    let restore = Step::RestoreDatabase(RestoreDatabase {
        database: take.database.clone(),
        snapshot: manifest.id,
        digest: manifest.digest,
    });
    let mut connection = sandbox.database().await;
    sqlx::raw_sql("DELETE FROM member").execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let permit = permit(vec![Step::TakeSnapshot(take), restore.clone()], None, None);
    let context = context(&sandbox, &permit, 1);
    assert_eq!(steps::probe(&restore, &context).await, Probe::NotStarted);
    steps::run(&restore, &context).await.unwrap();
    assert!(matches!(steps::probe(&restore, &context).await, Probe::Done(_)));
    assert_eq!(sandbox.count("SELECT count(*) FROM member").await, 50);
    steps::undo(&restore, &context).await.unwrap();
    assert!(matches!(steps::probe_undo(&restore, &context).await, Probe::Done(_)));
    assert_eq!(sandbox.count("SELECT count(*) FROM member").await, 0);
}

#[tokio::test]
async fn a_failed_smoke_check_is_an_observation() {
    let sandbox = Sandbox::with(&[("public/index.html", "one\n")], |inventory| {
        for target in inventory.services.values_mut().flat_map(|service| service.targets.values_mut()) {
            // Port 9 of the loopback address: nothing listens there.
            target.url = Some("http://127.0.0.1:9/".parse().unwrap());
        }
    });
    let step = Step::CheckSmoke(CheckSmoke { version: "v1".parse().unwrap() });
    let permit = permit_for(&step);
    let done = steps::run(&step, &context(&sandbox, &permit, 0)).await.unwrap();
    assert_eq!(done.evidence[0].outcome, Outcome::Fail);
    assert_eq!(done.evidence[0].subject, "app@v1");
}
