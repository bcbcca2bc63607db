//! The line is cut at every place of every kind of exchange.
//!
//! Whatever the moment: an answer is whole or there is none, "cannot be reached" means that nothing was begun on the host, and the
//! next word opens the connection anew.

use std::{fmt::Debug, path::PathBuf, time::Duration};

use tokio::time::timeout;

use super::{
    Alone,
    support::{
        cut::{Cut, Way},
        sshd::Sshd,
    },
};
use crate::{
    domain::refusal::Code,
    world::{
        WorldError,
        ssh::{Command, Remote},
    },
};

/// Cuts of one exchange each way.
const CUTS: u64 = 26;
/// Far more than any of it needs, and less than a test may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than sshd's window and any buffer on the way, bytes.
const LARGE: usize = 300_000;

/// The host, the line, and the world at its other end.
struct Bench {
    host: Sshd,
    line: Cut,
    alone: Alone,
    /// What was begun on the host although it could not be reached.
    begun: Vec<PathBuf>,
}

impl Bench {
    async fn new() -> Self {
        let host = Sshd::start().await;
        let line = Cut::before(host.port()).await;
        let alone = Alone::with(&host.toml_at("web", line.port()));
        Self { host, line, alone, begun: vec![] }
    }

    /// Opens the connection when it is not open.
    async fn connect(&self) {
        let host = self.alone.host();
        let greet = || async move { host.text("greet", Command::sh("echo hello")).await };
        assert_eq!(timeout(PATIENCE, host.patiently(PATIENCE, greet)).await.unwrap().unwrap(), "hello");
    }

    /// Does `act` once whole, to see how many bytes it takes, and then with a cut at places spread over them. `act` gets a path on the
    /// host that has to be there afterwards, and is nowhere when the host could not be reached. With `login` the connection is opened
    /// within the exchange, else before.
    async fn cut_everywhere<T: Debug + PartialEq>(
        mut self,
        login: bool,
        expected: T,
        act: impl for<'a> AsyncFn(Remote<'a>, PathBuf) -> Result<T, WorldError>,
    ) {
        self.prepare(login).await;
        let before = [self.line.passed(Way::ToServer), self.line.passed(Way::ToClient)];
        assert_eq!(act(self.alone.host(), self.there("whole")).await.unwrap(), expected);
        let mut seen = [0, 0, 0];
        for way in [Way::ToServer, Way::ToClient] {
            let bytes = self.line.passed(way) - before[way as usize];
            for cut in 0..CUTS {
                self.prepare(login).await;
                let name = format!("{way:?}-{cut}");
                self.line.cut_after_bytes(way, bytes * cut / CUTS);
                let done = timeout(PATIENCE, act(self.alone.host(), self.there(&name))).await;
                let done = done.unwrap_or_else(|_| panic!("{name} of {bytes}: no end"));
                self.line.disarm();
                match done {
                    Ok(answer) => {
                        assert_eq!(answer, expected, "{name} of {bytes}: half an answer");
                        assert!(self.host.path(&name).exists(), "{name} of {bytes}: an answer without the deed");
                        seen[0] += 1;
                    }
                    Err(error) if error.code == Code::HostUnreachable => {
                        self.begun.push(self.host.path(&name));
                        seen[1] += 1;
                    }
                    Err(error) => {
                        assert_eq!(error.code, Code::ConnectionLost, "{name} of {bytes}: {error}");
                        seen[2] += 1;
                    }
                }
            }
        }
        self.connect().await;
        let begun: Vec<_> = self.begun.iter().filter(|path| path.exists()).collect();
        assert!(begun.is_empty(), "said to be unreachable, and begun: {begun:?}");
        let [whole, unreachable, lost] = seen;
        assert!(lost > 0 || login, "no cut was felt: {whole} whole, {unreachable} unreachable, {lost} lost");
        assert!(unreachable > 0 || !login, "no cut was felt: {whole} whole, {unreachable} unreachable, {lost} lost");
    }

    /// Makes the connection open, or one that was never opened.
    async fn prepare(&mut self, login: bool) {
        if login {
            // A world that remembers no failure, or it would not even try for a while.
            self.alone = Alone::with(&self.host.toml_at("web", self.line.port()));
        } else {
            self.connect().await;
        }
    }

    /// A path on the host, as the host sees it.
    fn there(&self, name: &str) -> PathBuf {
        PathBuf::from(self.host.root()).join(name)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_and_a_command() {
    let bench = Bench::new().await;
    let act = async |host: Remote<'_>, path: PathBuf| {
        host.text("make a directory", Command::sh("mkdir \"$1\" && echo done").arg(&path)).await
    };
    bench.cut_everywhere(true, "done".to_owned(), act).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_with_a_short_answer() {
    let bench = Bench::new().await;
    let act = async |host: Remote<'_>, path: PathBuf| {
        host.text("make a directory", Command::sh("mkdir \"$1\" && echo done").arg(&path)).await
    };
    bench.cut_everywhere(false, "done".to_owned(), act).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_with_a_long_answer() {
    let bench = Bench::new().await;
    let act = async |host: Remote<'_>, path: PathBuf| {
        let script = "mkdir \"$1\" && head -c 300000 /dev/zero";
        Ok(host.run("read", Command::sh(script).arg(&path)).await?.output.len())
    };
    bench.cut_everywhere(false, LARGE, act).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_with_a_long_input() {
    let bench = Bench::new().await;
    let act = async |host: Remote<'_>, path: PathBuf| {
        let command = Command::sh("mkdir \"$1\" && cat | wc -c").arg(&path);
        host.text("count", command.input(vec![b'x'; LARGE])).await
    };
    bench.cut_everywhere(false, LARGE.to_string(), act).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file() {
    let bench = Bench::new().await;
    let act = async |host: Remote<'_>, path: PathBuf| {
        let files = host.files().await?;
        files.create(&path, 0o644, &vec![b'x'; LARGE][..]).await?;
        Ok(files.stat(&path).await?.map(|stat| stat.size))
    };
    bench.cut_everywhere(false, Some(LARGE as u64), act).await;
}
