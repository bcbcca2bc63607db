//! The line that breaks and the server that lies do so as told, as OpenSSH's client sees them.

use std::time::{Duration, Instant};

use russh::Sig;

use crate::support::{
    cut::{Cut, Way},
    liar_ssh::{Act, Liar, Lies, honest, storm},
    sshd::Sshd,
    wait::until,
};

#[tokio::test]
async fn a_line_is_cut_where_it_is_told_and_lets_the_next_connection_through() {
    let host = Sshd::start().await;
    let line = Cut::before(host.port()).await;
    let client = host.client().at(line.port());
    assert_eq!(client.run("echo whole").await.stdout, "whole\n");
    line.cut_after_bytes(Way::ToClient, 100_000);
    let before = line.passed(Way::ToClient);
    let ran = client.run("head -c 1000000 /dev/zero").await;
    assert_eq!(ran.code, Some(255), "{}", ran.stderr);
    assert!((50_000..100_000).contains(&ran.stdout.len()), "{}", ran.stdout.len());
    assert_eq!(line.passed(Way::ToClient) - before, 100_000);
    assert_eq!(client.run("echo whole").await.stdout, "whole\n");
    assert_eq!((line.connections(), line.disarm()), (3, false));
    until(|| (line.open() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_line_that_went_down_refuses_until_it_is_up() {
    let host = Sshd::start().await;
    let line = Cut::before(host.port()).await;
    let client = host.client().at(line.port());
    line.down_after_bytes(Way::ToServer, 0);
    let ran = client.run("true").await;
    assert_eq!(ran.code, Some(255), "{}", ran.stderr);
    line.until_cut().await;
    let ran = client.run("true").await;
    assert!(ran.stderr.contains("Connection refused"), "{}", ran.stderr);
    line.up().await;
    assert_eq!(client.run("echo up").await.stdout, "up\n");
}

#[tokio::test]
async fn a_stalled_line_passes_nothing_and_loses_nothing() {
    let host = Sshd::start().await;
    let line = Cut::before(host.port()).await;
    let client = host.client().at(line.port());
    let running =
        tokio::spawn(async move { client.run("touch began; until [ -e go ]; do sleep 0.01; done; echo gone").await });
    until(|| host.path("began").exists().then_some(())).await;
    line.stall();
    let before = line.passed(Way::ToClient);
    host.plant("go", "");
    let ran = host.run("echo not by this line").await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(line.passed(Way::ToClient), before);
    assert!(!running.is_finished());
    line.up().await;
    assert_eq!(running.await.unwrap().stdout, "gone\n");
}

#[tokio::test]
async fn latency_is_added_to_each_way() {
    let host = Sshd::start().await;
    let line = Cut::before(host.port()).await;
    line.latency(Duration::from_millis(50));
    let begun = Instant::now();
    assert_eq!(host.client().at(line.port()).run("echo late").await.stdout, "late\n");
    // At least: versions, key exchange, authentication, session.
    assert!(begun.elapsed() > Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_liar_ends_commands_as_told() {
    let liar = Liar::start(|command| match command {
        "fails" => honest(7, "some\n", "wrong\n"),
        "unknown" => vec![Act::Out(b"some\n".into()), Act::Eof, Act::Close],
        "killed" => vec![Act::Signal(Sig::KILL), Act::Eof, Act::Close],
        "leaves" => vec![
            Act::Out(b"some\n".into()),
            Act::Wait(Duration::from_millis(200)),
            Act::Disconnect("enough".to_owned()),
        ],
        "cut" => vec![Act::Out(b"some\n".into()), Act::Wait(Duration::from_millis(200)), Act::Cut],
        _ => vec![],
    })
    .await;
    let client = liar.client();
    let expected = [
        ("fails", 7, "some\n", "wrong\n"),
        ("unknown", 255, "some\n", ""),
        ("killed", 255, "", ""),
        ("leaves", 255, "some\n", "enough"),
        ("cut", 255, "some\n", ""),
    ];
    for (command, code, out, err) in expected {
        let ran = client.run(command).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), out), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains(err), "{command}: {}", ran.stderr);
    }
    assert_eq!(liar.heard(), ["fails", "unknown", "killed", "leaves", "cut"]);
    let mut hangs = Box::pin(client.run("hangs"));
    let wait = tokio::time::timeout(Duration::from_secs(1), &mut hangs).await;
    assert!(wait.is_err() && liar.heard().contains(&"hangs".to_owned()), "{wait:?}");
}

#[tokio::test]
async fn a_liar_writes_without_end_and_storms_as_told() {
    let liar = Liar::start(|command| match command {
        "endless" => vec![Act::Endless(vec![b'x'; 4096])],
        _ => vec![Act::Out(storm()), Act::Status(0), Act::Eof, Act::Close],
    })
    .await;
    let ran = liar.client().run("storm").await;
    assert_eq!((ran.code, ran.stdout.matches("\x1b[2J").count()), (Some(0), 500), "{}", ran.stderr);
    let mut ssh = liar.client().command("ssh");
    ssh.args(["-p", &liar.port().to_string(), "web1@127.0.0.1", "endless"]);
    let mut ssh = ssh.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut some = vec![0; 20 << 20];
    tokio::io::AsyncReadExt::read_exact(&mut ssh.stdout.take().unwrap(), &mut some).await.unwrap();
    assert!(some.iter().all(|&byte| byte == b'x'));
}

#[tokio::test]
async fn a_liar_has_banners_as_told() {
    let answer = |_: &str| honest(0, "in\n", "");
    let polite = Lies::of(answer).preamble("Welcome\r\n".repeat(20)).banner("be nice\n").start().await;
    let ran = polite.client().option("LogLevel=INFO").run("x").await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "in\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("be nice"), "{}", ran.stderr);
    let endless = Lies::of(answer).endless_preamble("Welcome\r\n".repeat(1000)).start().await;
    let ran = endless.client().run("x").await;
    assert_eq!(ran.code, Some(255), "{}", ran.stderr);
    assert!(endless.heard().is_empty());
}
