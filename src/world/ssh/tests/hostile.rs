//! A host that lies is found out, or what it says stays small and harmless.

use std::time::{Duration, Instant};

use russh::Sig;
use tokio::time::timeout;

use super::{
    Alone,
    support::liar_ssh::{Act, Liar, Lies, honest, storm},
};
use crate::{
    domain::refusal::Code,
    world::{process::Ending, ssh::Command},
};

/// Far more than any of it needs, and less than a test may take.
const PATIENCE: Duration = Duration::from_secs(45);

#[tokio::test]
async fn how_a_command_ended_is_told_or_not_known() {
    let liar = Liar::start(|command| match command {
        command if command.contains("first") => honest(1, "out", "err"),
        command if command.contains("huge") => honest(u32::MAX, "", ""),
        command if command.contains("killed") => vec![Act::Signal(Sig::KILL), Act::Eof, Act::Close],
        command if command.contains("odd") => {
            vec![Act::Signal(Sig::Custom("\x1b[2J$(reboot)".to_owned())), Act::Eof, Act::Close]
        }
        command if command.contains("early") => {
            vec![Act::Status(0), Act::Wait(Duration::from_millis(100)), Act::Out(b"late".into()), Act::Eof, Act::Close]
        }
        command if command.contains("silent") => vec![Act::Out(b"0\n".into()), Act::Eof, Act::Close],
        command if command.contains("leaves") => {
            vec![Act::Out(b"0\n".into()), Act::Disconnect("\x1b]0;all is well\x07".to_owned())]
        }
        command if command.contains("cut") => {
            vec![Act::Out(b"0\n".into()), Act::Wait(Duration::from_millis(100)), Act::Cut]
        }
        _ => honest(0, "0\n", ""),
    })
    .await;
    let alone = Alone::with(&liar.toml("web"));
    let run = async |script| timeout(PATIENCE, alone.host().run("try", Command::sh(script))).await.unwrap();

    let ran = run("first").await.unwrap();
    assert_eq!((ran.ending, &ran.output[..], &ran.complaint[..]), (Ending::Code(1), &b"out"[..], &b"err"[..]));
    assert!(!run("huge").await.unwrap().is_success());
    assert_eq!(run("killed").await.unwrap().ending, Ending::Signal(9));
    let odd = run("odd").await.unwrap();
    assert!(!odd.is_success() && !odd.ending.describe().contains('\x1b'), "{:?}", odd.ending);
    assert_eq!(run("early").await.unwrap().output, b"late");
    for script in ["silent", "leaves", "cut"] {
        let lost = run(script).await.unwrap_err();
        assert_eq!(lost.code, Code::ConnectionLost, "{script}: {lost}");
        assert!(!lost.to_string().contains("all is well"), "{script}: {lost}");
        assert!(run("honest").await.unwrap().is_success(), "after {script}");
    }
}

#[tokio::test]
async fn what_a_failing_command_complains_is_not_in_the_message() {
    let liar = Liar::start(|_| {
        let mut acts = vec![Act::Err(storm()), Act::Err(b"password=canary-5Hq8".to_vec())];
        acts.extend(honest(3, "", ""));
        acts
    })
    .await;
    let alone = Alone::with(&liar.toml("web"));
    let error = alone.host().text("try", Command::sh("true")).await.unwrap_err();
    assert_eq!(error.code, Code::WorldFailed);
    assert!(!error.to_string().contains(['\x1b', '\u{202e}']) && !error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn an_answer_without_end_is_ended() {
    let liar = Liar::start(|command| {
        if command.contains("honest") { honest(0, "0\n", "") } else { vec![Act::Endless(vec![b'x'; 32 << 10])] }
    })
    .await;
    let alone = Alone::with(&liar.toml("web"));
    let host = alone.host();
    let endless = host.run("try", Command::sh("endless").at_most(1 << 20));
    let error = timeout(PATIENCE, endless).await.unwrap().unwrap_err();
    assert!(error.code == Code::WorldFailed && error.problem.contains("1048576 bytes"), "{error}");
    let mut seen = 0;
    let each = &mut |bytes: bytes::Bytes| {
        seen += bytes.len();
        seen < 5 << 20
    };
    let streamed = host.stream("try", Command::sh("endless"), each);
    assert!(!timeout(PATIENCE, streamed).await.unwrap().unwrap().0.is_success());
    // The same connection goes on.
    let honest = timeout(PATIENCE, host.run("try", Command::sh("honest"))).await.unwrap().unwrap();
    assert_eq!(honest.output, b"0\n");
}

#[tokio::test]
async fn complaints_without_end_take_no_memory_and_end_with_the_time() {
    let liar = Liar::start(|_| std::iter::repeat_n(Act::Err(vec![b'x'; 1 << 20]), 64).collect()).await;
    let alone = Alone::with(&liar.toml("web"));
    let begun = Instant::now();
    let host = alone.host();
    let run = host.run("try", Command::sh("complain").within(Duration::from_secs(3)));
    let error = timeout(PATIENCE, run).await.unwrap().unwrap_err();
    assert!(error.code == Code::ConnectionLost && error.problem.contains("within 3 s"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_greeting_without_end_is_no_host() {
    let endless = Lies::of(|_| vec![]).endless_preamble("Welcome to the machine\r\n".repeat(500)).start().await;
    let line = Lies::of(|_| vec![]).endless_preamble([b'x'; 16 << 10]).start().await;
    for liar in [endless, line] {
        let alone = Alone::with(&liar.toml("web"));
        let before = resident_kib();
        let error = timeout(PATIENCE, alone.host().run("try", Command::sh("true"))).await.unwrap().unwrap_err();
        assert_eq!(error.code, Code::HostUnreachable, "{error}");
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 64 << 10, "{grown} KiB more for a greeting");
        assert!(liar.heard().is_empty());
    }
}

#[tokio::test]
async fn a_long_greeting_and_a_long_banner_are_put_up_with() {
    let liar = Lies::of(|_| honest(0, "0\n", ""));
    let liar = liar.preamble("Welcome\r\n".repeat(20)).banner("be nice\n".repeat(1000)).start().await;
    let alone = Alone::with(&liar.toml("web"));
    let ran = timeout(PATIENCE, alone.host().run("try", Command::sh("true"))).await.unwrap().unwrap();
    assert_eq!(ran.output, b"0\n");
}

/// How much memory this process has, KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
