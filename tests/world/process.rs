//! Children: environment, limits, output.

use std::time::{Duration, Instant};

use deploy_ops_mcp::{
    domain::{
        evidence::Outcome,
        inventory::{CommandGate, Gate, GateKind},
    },
    world::gates::GateRun,
};

use crate::support::sandbox::Sandbox;

async fn gate(command: &[&str], timeout_s: u32) -> GateRun {
    let sandbox = Sandbox::new(&[("README", "hello\n")]);
    let gate = Gate {
        name: "unit".parse().unwrap(),
        kind: GateKind::Command(CommandGate::new(command.iter().map(|c| (*c).to_owned()).collect(), timeout_s)),
    };
    let revision = sandbox.revision("v1").await;
    sandbox.world.reader().run_gate(&sandbox.service, &gate, &revision, None, 60).await.unwrap()
}

#[tokio::test]
async fn the_exit_code_decides_and_nothing_else() {
    let green = gate(&["sh", "-c", "cat README"], 20).await;
    assert_eq!(green.evidence.outcome, Outcome::Pass);
    assert_eq!(green.output.unwrap().text(), "hello\n");
    assert_eq!(gate(&["sh", "-c", "echo PASS; exit 1"], 20).await.evidence.outcome, Outcome::Fail);
    assert_eq!(gate(&["no-such-program-at-all"], 20).await.evidence.outcome, Outcome::Inconclusive);
    assert_eq!(gate(&["sh", "-c", "kill -9 $$"], 20).await.evidence.outcome, Outcome::Fail);
}

#[tokio::test]
async fn what_a_gate_counts_is_evidence() {
    let tap = r"printf 'TAP version 14\n1..3\nok 1\nok 2\nok 3 # SKIP\n'";
    let counters = gate(&["sh", "-c", tap], 20).await.evidence.counters;
    let of = |name: &str| counters.get(name).copied();
    assert_eq!((of("tests"), of("passed"), of("failed"), of("skipped")), (Some(3), Some(2), Some(0), Some(1)));
}

#[tokio::test]
async fn a_child_gets_a_small_fixed_environment() {
    let text = gate(&["env"], 20).await.output.unwrap().text();
    let mut names: Vec<&str> = text.lines().map(|line| line.split('=').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "PATH", "TMPDIR", "TZ"], "{text}");
}

#[tokio::test]
async fn a_time_limit_ends_the_whole_group() {
    let begin = Instant::now();
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("survivor");
    let command = format!("(sleep 4; touch {}) & sleep 60", mark.display());
    let run = gate(&["sh", "-c", &command], 1).await;
    assert_eq!(run.evidence.outcome, Outcome::Inconclusive);
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!mark.exists(), "a process of the group lived on");
}

#[tokio::test]
async fn what_a_gate_leaves_behind_neither_blocks_nor_lives_on() {
    let begin = Instant::now();
    let run = gate(&["sh", "-c", "sleep 300 & echo done"], 200).await;
    assert_eq!(run.evidence.outcome, Outcome::Pass);
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_gibibyte_of_output_is_drained_and_only_its_ends_are_kept() {
    let before = peak_kib();
    let command = "echo first; head -c 1073741824 /dev/zero; echo; echo last";
    let output = gate(&["sh", "-c", command], 120).await.output.unwrap();
    assert_eq!(output.bytes, 1_073_741_824 + 6 + 1 + 5);
    assert!(output.truncated);
    assert!(output.head.starts_with(b"first\n"));
    assert!(output.tail.ends_with(b"\nlast\n"));
    assert!(output.head.len() + output.tail.len() <= 128 * 1024);
    assert!(peak_kib() - before < 200 * 1024, "memory grew by {} KiB", peak_kib() - before);
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}
