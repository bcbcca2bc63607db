//! A real server program of this machine, in a directory of its own, that never outlives the test process.

use std::{
    fs::{self, File, Permissions},
    future::Future,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::home::{Home, public_directory};

/// Who runs the server when the tests run as root: "nobody". Servers of databases refuse root.
const NOBODY: u32 = 65_534;
/// A server that is not ready by then will not be; a crowded machine is slow.
const READY_WITHIN: Duration = Duration::from_mins(1);
const STOPPED_WITHIN: Duration = Duration::from_secs(20);

/// Names itself before it becomes the server. Without its directory, because its guard was faster, it does not.
const RUN: &str = r#"echo $$ >"$1/pid" && shift && exec "$@""#;

/// The directory of a server: `data/`, `run/` for sockets, `log`.
impl Home {
    /// A new directory that holds a copy of `template` as its `data`.
    pub(super) fn of(template: &Path) -> Self {
        let home = Self::empty();
        for name in ["run", "tmp"] {
            make(&home.path().join(name));
        }
        copy(template, &home.data());
        home
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(super) fn run(&self) -> PathBuf {
        self.path().join("run")
    }

    /// What the server said last.
    fn log(&self) -> String {
        let log = fs::read(self.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(4000)..]).into_owned()
    }
}

/// A running server.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts `command`, in the network of a process when one is given, and waits until `ready` says so.
    pub(super) async fn start<F>(home: &Home, network: Option<u32>, command: Command, ready: impl Fn() -> F) -> Self
    where
        F: Future<Output = bool>,
    {
        let program = Path::new(command.get_program());
        let log = File::options().create(true).append(true).open(home.path().join("log")).unwrap();
        let mut run = network.map_or_else(|| unprivileged("/bin/sh"), shell_in);
        run.args(["-c", RUN, "run"]).arg(home.path()).arg(command.get_program()).args(command.get_args());
        // The guard and the shell write `pid` as different users.
        let pid = home.path().join("pid");
        File::create(&pid).unwrap();
        give(&pid);
        run.current_dir(home.run()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        let mut daemon = Self { child: run.spawn().unwrap() };
        let begun = Instant::now();
        while !ready().await {
            if let Some(status) = daemon.child.try_wait().unwrap() {
                panic!("{} ended with {status} before it was ready: {}", program.display(), home.log());
            }
            assert!(begun.elapsed() < READY_WITHIN, "{} is not ready: {}", program.display(), home.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        daemon
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // A server that is gone has what was wanted.
        let _ = rustix::process::kill_process(pid, signal);
    }

    /// Sends `signal` and waits for the end.
    pub(super) fn stop(&mut self, home: &Home, signal: rustix::process::Signal) {
        self.signal(signal);
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if begun.elapsed() > STOPPED_WITHIN {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // The number may soon be another process's.
        let _ = fs::remove_file(home.path().join("pid"));
    }
}

/// A program in the directories where Debian keeps it.
pub(super) fn program(directories: &[PathBuf], name: &str) -> PathBuf {
    let found = directories.iter().map(|directory| directory.join(name)).find(|path| path.is_file());
    found
        .unwrap_or_else(|| panic!("{name} is not in {directories:?}: run tests/run --setup as root, which installs it"))
}

/// The data directory that `make` fills, made once for all test processes of this build; `version` says when to make it anew.
pub(super) fn template(name: &str, version: &str, make_it: impl FnOnce(&Path)) -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("templates");
    fs::create_dir_all(&all).unwrap();
    let version: String = version.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let template = all.join(format!("{name}-{version}"));
    let lock = File::create(all.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !template.exists() {
        // Below target/ there may be no way for an unprivileged user, so it is made elsewhere and moved when it is whole.
        let elsewhere = public_directory();
        make(&elsewhere.join("data"));
        make_it(&elsewhere.join("data"));
        let whole = all.join(format!("{name}.new"));
        let _ = fs::remove_dir_all(&whole);
        copy(&elsewhere.join("data"), &whole);
        fs::rename(&whole, &template).unwrap();
        fs::remove_dir_all(&elsewhere).unwrap();
    }
    template
}

/// A command that runs as an unprivileged user.
pub(super) fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C").current_dir("/");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// The shell of an unprivileged user, in the network of a process.
fn shell_in(network: u32) -> Command {
    let mut command = Command::new("nsenter");
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
    command.arg(format!("--setuid={NOBODY}")).arg(format!("--setgid={NOBODY}"));
    command.arg(format!("--target={network}")).args(["--net", "--", "/bin/sh"]);
    command
}

/// Runs a command to its good end.
pub(super) fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn make(directory: &Path) {
    fs::create_dir(directory).unwrap();
    fs::set_permissions(directory, Permissions::from_mode(0o700)).unwrap();
    give(directory);
}

fn give(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to));
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A process of its own for the next test.
#[tokio::test]
#[ignore = "waits to be killed"]
async fn waits_to_be_killed() {
    let [postgres, mariadb] =
        [super::postgres::Postgres::start().await.pid(), super::mariadb::MariaDb::start().await.pid()];
    println!("\nservers {postgres} {mariadb}");
    std::future::pending::<()>().await;
}

#[test]
fn servers_do_not_outlive_a_test_process_that_is_killed() {
    use std::io::{BufRead, BufReader};
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "support::daemon::waits_to_be_killed", "--ignored", "--nocapture"]);
    let mut test = test.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(test.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("servers ")).expect("the servers start");
    let servers: Vec<PathBuf> = line.split(' ').skip(1).map(|pid| Path::new("/proc").join(pid)).collect();
    // Each runs in a directory directly below its home.
    let homes: Vec<PathBuf> = servers
        .iter()
        .map(|process| fs::read_link(process.join("cwd")).unwrap().parent().unwrap().to_owned())
        .collect();
    assert!(homes.iter().all(|home| home.exists()), "{homes:?}");
    test.kill().unwrap();
    test.wait().unwrap();
    let begun = Instant::now();
    while servers.iter().chain(&homes).any(|path| path.exists()) {
        assert!(begun.elapsed() < STOPPED_WITHIN, "left: {servers:?} {homes:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
