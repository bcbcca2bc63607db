//! How fast a tree of 5,000 files and 200 MB gets to a host, against rsync on an open connection of OpenSSH's client. Measures, and
//! proves nothing: `CARGO_PROFILE_RELEASE_LTO=off cargo test --release --test it transfer_speed -- --ignored --nocapture`.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tokio::process::Command;

use super::releases::{any_permit, built, world_on};
use crate::support::{sandbox::Sandbox, sshd::Sshd};

const ROUNDS: usize = 3;

/// 5,000 files in 100 directories, one half of each random; the version changes ten of them.
fn commit_tree(sandbox: &Sandbox, version: &str) {
    let public = sandbox.service.repository.join("public");
    for number in 0..5000_u32 {
        let path = public.join(format!("d{}/f{number}", number % 100));
        let changes = number % 500 == 0;
        if path.exists() && !changes {
            continue;
        }
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut content = vec![0; 20_000];
        getrandom::fill(&mut content).unwrap();
        content.extend("<p>a line of a page</p>\n".bytes().cycle().take(20_000));
        std::fs::write(path, content).unwrap();
    }
    sandbox.commit(&[], version);
}

/// rsync over a connection that is open.
async fn rsync(host: &Sshd, control: &Path, flags: &[&str], from: &Path, to: &str) -> Duration {
    let ssh = host.client().option(&format!("ControlPath={}", control.display())).command("ssh");
    let words: Vec<String> = ssh.as_std().get_args().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let mut command = Command::new("rsync");
    command.args(flags).args(["-e", &format!("ssh -p {} {}", host.port(), words.join(" "))]);
    command.arg(format!("{}/", from.display())).arg(format!("{}@127.0.0.1:{to}/", host.user()));
    let start = Instant::now();
    assert!(command.status().await.unwrap().success());
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; to be run alone on a quiet machine, optimised"]
async fn transfer_speed() {
    let host = Sshd::start().await;
    let sandbox = world_on(&host, host.port());
    commit_tree(&sandbox, "v2");
    let two = built(&sandbox, "v2", &[]).await;
    commit_tree(&sandbox, "v3");
    let three = built(&sandbox, "v3", &[]).await;
    let store = |digest| sandbox.path("data/artifacts").join(format!("{digest}"));
    let (old, new) = (store(two.artifact), store(three.artifact));

    let control = sandbox.path("control");
    let mut master =
        host.client().option("ControlMaster=yes").option(&format!("ControlPath={}", control.display())).command("ssh");
    master.args(["-N", "-p", &host.port().to_string(), &format!("{}@127.0.0.1", host.user())]);
    let _master = master.spawn().unwrap();
    crate::support::wait::until(|| control.exists().then_some(())).await;

    let (target, permit) = (sandbox.target(), any_permit());
    sandbox.world.reader().releases(&target).await.unwrap();
    let mut rows: Vec<(&str, Vec<Duration>)> = [
        "rsync -az, first",
        "rsync -a, first",
        "ours, first",
        "rsync -a, 10 files in place",
        "rsync -a --link-dest, 10 files",
        "ours, 10 files",
    ]
    .into_iter()
    .map(|name| (name, Vec::new()))
    .collect();
    for _ in 0..ROUNDS {
        host.run("rm -rf z a b site/releases").await;
        let placed = async |place| {
            let start = Instant::now();
            sandbox.world.place_release(&permit, &target, place).await.unwrap();
            start.elapsed()
        };
        let root = |name: &str| format!("{}/{name}", host.root());
        let times = [
            rsync(&host, &control, &["-az"], &old, &root("z")).await,
            rsync(&host, &control, &["-a"], &old, &root("a")).await,
            placed(&two).await,
            rsync(&host, &control, &["-a"], &new, &root("z")).await,
            rsync(&host, &control, &["-a", &format!("--link-dest={}", root("a"))], &new, &root("b")).await,
            placed(&three).await,
        ];
        rows.iter_mut().zip(times).for_each(|((_, all), time)| all.push(time));
    }
    for (name, mut times) in rows {
        times.sort();
        eprintln!("{name:32} {:>7} ms", times[times.len() / 2].as_millis());
    }
}
