//! How long a command on a host takes, beside OpenSSH's client. Measures, and proves nothing:
//! `CARGO_PROFILE_RELEASE_LTO=off cargo test --release --lib ssh::tests::speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::{
    Alone,
    support::{sshd::Sshd, wait::until},
};
use crate::world::ssh::Command;

const COLD: usize = 15;
const WARM: u32 = 200;

fn row(name: &str, mut times: Vec<Duration>) {
    times.sort();
    eprintln!("{name:44} {:>8.2} ms", times[times.len() / 2].as_secs_f64() * 1000.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; to be run alone on a quiet machine, optimised"]
async fn speed() {
    let host = Sshd::start().await;
    let hosts = host.toml("web");
    let nothing = || Command::sh("exit 0");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..COLD {
        let alone = Alone::with(&hosts);
        let start = Instant::now();
        assert!(alone.host().run("do nothing", nothing()).await.unwrap().is_success());
        ours.push(start.elapsed());
        let start = Instant::now();
        assert_eq!(host.run("exit 0").await.code, Some(0));
        theirs.push(start.elapsed());
    }
    row("connect, log in, run a command: ours", ours);
    row("connect, log in, run a command: ssh", theirs);

    let alone = Alone::with(&hosts);
    alone.host().run("do nothing", nothing()).await.unwrap();
    let control = host.identity_file().with_file_name("control");
    let path = format!("ControlPath={}", control.display());
    let mut master = host.client().option("ControlMaster=yes").option(&path).command("ssh");
    master.args(["-N", "-p", &host.port().to_string(), &format!("{}@127.0.0.1", host.user())]);
    let _master = master.spawn().unwrap();
    until(|| control.exists().then_some(())).await;
    let shared = host.client().option(&path);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..WARM {
        let start = Instant::now();
        alone.host().run("do nothing", nothing()).await.unwrap();
        ours.push(start.elapsed());
        let start = Instant::now();
        assert_eq!(shared.run("exit 0").await.code, Some(0));
        theirs.push(start.elapsed());
    }
    row("a command on the open connection: ours", ours);
    row("a command on the open connection: ssh", theirs);

    let start = Instant::now();
    let remote = alone.host();
    let all = (0..WARM).map(|_| remote.run("do nothing", nothing()));
    for ran in futures::future::join_all(all).await {
        assert!(ran.unwrap().is_success());
    }
    eprintln!("{:44} {:>8.0} /s", "commands at once: ours", f64::from(WARM) / start.elapsed().as_secs_f64());
}
