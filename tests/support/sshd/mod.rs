//! A shared web host for the tests: a real OpenSSH server, in a file system and process world of its own above the machine's.
//!
//! The user `web1` owns the web root and nothing else; there is no root login, no service manager and no package manager. A second
//! login, `rehearsal`, may read the web root. Nothing of the machine is altered, and everything is gone with the test process,
//! however it went.

mod client;
mod keys;
mod network;
mod shape;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

pub(crate) use client::{Client, Ran};
pub(crate) use keys::{KeyType, certify_host, certify_user, fingerprint, make_key, public_key};
pub(crate) use shape::Shape;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdin, Command},
    time::timeout,
};

use self::{
    network::Relay,
    shape::{Jail, Network},
};
use super::{home::Home, port::lasting_port, wait::until};

/// Where the web root is for those who log in with a shell.
const ROOT: &str = "/www/htdocs/w0000001";
const SCRIPT: &str = include_str!("host.sh");
/// Signals every sshd of the host: the listener and the sessions.
const SIGNAL: &str = r#"for process in /proc/[0-9]*; do
  read -r name <"$process/comm" || continue
  case $name in sshd*) kill "-$0" "${process#/proc/}" || :;; esac
done 2>/dev/null"#;
/// A host that is not up by then will not be; a crowded machine is slow.
const UP_WITHIN: Duration = Duration::from_mins(1);

/// A shared host. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Sshd {
    shape: Shape,
    port: u16,
    /// The first process of the host, as the machine numbers it.
    pid: u32,
    relay: Option<Relay>,
    child: Child,
    /// Its end is the end of the host.
    _input: ChildStdin,
    /// Last: the directory goes after the host.
    home: Home,
}

impl Sshd {
    /// A host of the usual shape.
    pub(crate) async fn start() -> Self {
        Shape::default().start().await
    }

    /// A host with more words about it, to be started.
    pub(crate) fn shape() -> Shape {
        Shape::default()
    }

    async fn of(shape: Shape) -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "the tests' shared host needs root, for mounts and users of its own: run the tests as root, as CI does"
        );
        let home = Home::empty();
        let port = lasting_port();
        for directory in ["host", "etc", "etc/keys"] {
            fs::create_dir(home.path().join(directory)).unwrap();
        }
        make_keys(&shape, home.path());
        fs::write(home.path().join("etc/sshd_config"), config(&shape, port)).unwrap();
        let mut child = first_process(&shape, home.path()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let input = child.stdin.take().unwrap();
        let Ok(Ok(Some(line))) = timeout(UP_WITHIN, said.next_line()).await else {
            let _ = child.start_kill();
            let mut wrong = String::new();
            let _ = child.stderr.take().unwrap().read_to_string(&mut wrong).await;
            panic!("the shared host is not up: {wrong}");
        };
        let pid = line.parse().unwrap();
        let mut host = Self { shape, port, pid, relay: None, child, _input: input, home };
        host.write_known_hosts();
        if host.shape.network == Network::Own {
            host.relay = Some(Relay::start(port, pid, host.merged()));
        } else {
            host.until_listening(0).await;
        }
        host
    }

    /// The port of the server on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The user who owns the web root.
    pub(crate) fn user(&self) -> &'static str {
        "web1"
    }

    /// The user who can read the web root and write nothing there.
    pub(crate) fn rehearsal_user(&self) -> &'static str {
        "rehearsal"
    }

    /// The key of [`user`](Self::user).
    pub(crate) fn identity_file(&self) -> PathBuf {
        self.home.path().join("id_ed25519")
    }

    /// The key of [`rehearsal_user`](Self::rehearsal_user).
    pub(crate) fn rehearsal_identity_file(&self) -> PathBuf {
        self.home.path().join("rehearsal_ed25519")
    }

    /// The certificate of the user's key, on a host that wants one.
    pub(crate) fn certificate_file(&self) -> PathBuf {
        self.home.path().join("id_ed25519-cert.pub")
    }

    /// The private key that signs users' certificates, on a host that wants them.
    pub(crate) fn user_authority_file(&self) -> PathBuf {
        self.home.path().join("user_authority")
    }

    /// The web root as a login sees it.
    pub(crate) fn root(&self) -> &'static str {
        if self.shape.sftp == Some(Jail::Htdocs) { "/w0000001" } else { ROOT }
    }

    /// A path below the web root, as this machine sees it.
    pub(crate) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.merged().join(&ROOT[1..]).join(below)
    }

    /// A path of the host, as this machine sees it. A symbolic link to an absolute path leads elsewhere from here.
    pub(crate) fn outside(&self, path: impl AsRef<Path>) -> PathBuf {
        self.merged().join(path.as_ref().strip_prefix("/").unwrap())
    }

    /// Makes a file below the web root that belongs to the user, with its directories.
    pub(crate) fn plant(&self, below: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(below);
        let mut missing: Vec<&Path> = path.ancestors().skip(1).take_while(|path| !path.exists()).collect();
        while let Some(directory) = missing.pop() {
            fs::create_dir(directory).unwrap();
            give(directory);
        }
        fs::write(&path, content).unwrap();
        give(&path);
        path
    }

    /// The first process of the host, as this machine numbers it: its namespaces are the host's.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The fingerprint of the first host key, as `SHA256:…`.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.host_key(self.shape.host_keys[0]))
    }

    /// The fingerprints of all host keys.
    pub(crate) fn fingerprints(&self) -> Vec<String> {
        self.shape.host_keys.iter().map(|&kind| fingerprint(&self.host_key(kind))).collect()
    }

    /// The private host key of a kind.
    pub(crate) fn host_key(&self, kind: KeyType) -> PathBuf {
        self.home.path().join("etc").join(host_key_name(kind))
    }

    /// The line of the first host key in a file of known hosts.
    pub(crate) fn known_hosts_line(&self) -> String {
        self.line_of(&self.host_key(self.shape.host_keys[0]))
    }

    /// The line of the authority that signed the host's key.
    pub(crate) fn authority_line(&self) -> String {
        format!("@cert-authority {}", self.line_of(&self.home.path().join("host_authority")))
    }

    /// What sshd has logged so far.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.outside("/etc/fixture/log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// `[hosts.<name>]` of a configuration.
    pub(crate) fn toml(&self, name: &str) -> String {
        self.toml_at(name, self.port)
    }

    /// The same at another port, for example that of a proxy.
    pub(crate) fn toml_at(&self, name: &str, port: u16) -> String {
        format!(
            "[hosts.{name}]\nkind = \"ssh\"\naddress = \"127.0.0.1\"\nport = {port}\nuser = \"{}\"\nroot = \"{}\"\n\
             host_keys = {:?}\nidentity_file = \"{}\"\n",
            self.user(),
            self.root(),
            self.fingerprints(),
            self.identity_file().display(),
        )
    }

    /// OpenSSH's client as the user.
    pub(crate) fn client(&self) -> Client {
        self.client_of(self.user(), self.identity_file())
    }

    /// OpenSSH's client as the rehearsal user.
    pub(crate) fn rehearsal_client(&self) -> Client {
        self.client_of(self.rehearsal_user(), self.rehearsal_identity_file())
    }

    /// Runs a command as the user, by OpenSSH's client.
    pub(crate) async fn run(&self, command: &str) -> Ran {
        self.client().run(command).await
    }

    /// Runs a script of bash as root in the host's namespaces, with the machine's programs, in the host's `/`.
    pub(crate) async fn as_root(&self, script: &str, argument: &str) -> Ran {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={}", self.pid))
            .args(["--mount", "--pid", "--net", "--wd", "--", "bash", "-c", script, argument]);
        client::ran(command, "").await
    }

    /// Ends the server and all sessions, as a crash of sshd would. Processes that the sessions began go on.
    pub(crate) async fn stop(&mut self) {
        self.relay = None;
        self.as_root(SIGNAL, "KILL").await;
    }

    /// Starts the server after [`stop`](Self::stop), at the same port with the same host keys.
    pub(crate) async fn start_again(&mut self) {
        if self.shape.network == Network::Own {
            self.relay = Some(Relay::start(self.port, self.pid, self.merged()));
            return;
        }
        let begun = self.listened();
        let started = self.as_root("chroot . /usr/sbin/sshd -f /etc/fixture/sshd_config -E /etc/fixture/log", "").await;
        assert_eq!(started.code, Some(0), "{}", started.stderr);
        self.until_listening(begun).await;
    }

    /// [`stop`](Self::stop), and [`start_again`](Self::start_again).
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// Ends all processes of the host, and starts the server again.
    pub(crate) async fn reboot(&mut self) {
        self.relay = None;
        self.as_root("kill -KILL -1", "").await;
        self.start_again().await;
    }

    /// The server and all sessions stand still: connections are accepted and nobody answers.
    pub(crate) async fn pause(&self) {
        self.as_root(SIGNAL, "STOP").await;
    }

    /// The server and all sessions go on.
    pub(crate) async fn resume(&self) {
        self.as_root(SIGNAL, "CONT").await;
    }

    /// From now on the host has one host key, a new one of this kind. The server is restarted.
    pub(crate) async fn replace_host_key(&mut self, kind: KeyType) {
        self.shape.host_keys = vec![kind];
        let key = make_key(&self.host_key(kind), kind);
        fs::copy(&key, self.outside("/etc/fixture").join(host_key_name(kind))).unwrap();
        fs::write(self.outside("/etc/fixture/sshd_config"), config(&self.shape, self.port)).unwrap();
        self.write_known_hosts();
        self.restart().await;
    }

    fn client_of(&self, user: &str, identity: PathBuf) -> Client {
        let known_hosts = self.home.path().join("known_hosts");
        Client { port: self.port, user: user.to_owned(), identity, known_hosts, options: vec![] }
    }

    fn line_of(&self, key: &Path) -> String {
        format!("[127.0.0.1]:{} {}", self.port, public_key(key))
    }

    fn write_known_hosts(&self) {
        let keys = self.shape.host_keys.iter().map(|&kind| self.line_of(&self.host_key(kind)));
        client::known_hosts(&self.home.path().join("known_hosts"), &keys.collect::<Vec<_>>());
    }

    /// The `/` of the host, as this machine sees it.
    fn merged(&self) -> PathBuf {
        let home = self.home.path().strip_prefix("/").unwrap();
        Path::new("/proc").join(self.pid.to_string()).join("root").join(home).join("host/merged")
    }

    fn listened(&self) -> usize {
        self.log().matches("Server listening on ").count()
    }

    async fn until_listening(&self, begun: usize) {
        until(|| {
            let log = self.log();
            assert!(!log.contains("Cannot bind any address"), "{log}");
            (self.listened() > begun).then_some(())
        })
        .await;
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // `unshare` takes the first process along, and that one all others.
        let _ = self.child.start_kill();
        while let Ok(None) = self.child.try_wait() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The program that becomes the host's first process.
fn first_process(shape: &Shape, home: &Path) -> Command {
    let mut words: Vec<String> = vec![];
    if let Network::Of(pid) = shape.network {
        words.extend(["nsenter".to_owned(), format!("--target={pid}"), "--net".to_owned(), "--".to_owned()]);
    }
    words.extend(["unshare", "--mount", "--pid", "--fork", "--kill-child"].map(str::to_owned));
    if shape.network == Network::Own {
        words.push("--net".to_owned());
    }
    words.extend(["--", "bash", "-c", SCRIPT].map(str::to_owned));
    let flag = |set: bool| if set { "1" } else { "" };
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("FIXTURE", home).env("ROOT", ROOT).env("HIDDEN", shape.hidden.join(" "));
    command.env("BUSYBOX", flag(shape.busybox)).env("SHELL_NAME", if shape.busybox { "sh" } else { "bash" });
    command.env("DISK", shape.disk.map(|bytes| bytes.to_string()).unwrap_or_default());
    command.env("NETWORK", flag(shape.network == Network::Own)).env("LISTENS", flag(shape.network != Network::Own));
    command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn host_key_name(kind: KeyType) -> String {
    format!("host_{}", kind.name())
}

fn make_keys(shape: &Shape, home: &Path) {
    let etc = home.join("etc");
    for &kind in &shape.host_keys {
        let key = make_key(&etc.join(host_key_name(kind)), kind);
        if shape.host_authority {
            let authority = home.join("host_authority");
            if !authority.exists() {
                make_key(&authority, KeyType::Ed25519);
            }
            certify_host(&authority, &key, "127.0.0.1,localhost");
        }
    }
    for (user, name) in [("web1", "id_ed25519"), ("rehearsal", "rehearsal_ed25519")] {
        let key = make_key(&home.join(name), KeyType::Ed25519);
        if shape.user_authority {
            let authority = home.join("user_authority");
            if !authority.exists() {
                make_key(&authority, KeyType::Ed25519);
                fs::write(etc.join("user_authority.pub"), public_key(&authority) + "\n").unwrap();
            }
            certify_user(&authority, &key, user);
        } else {
            fs::write(etc.join("keys").join(user), public_key(&key) + "\n").unwrap();
        }
    }
}

/// The configuration of the server. The first value of a key counts.
fn config(shape: &Shape, port: u16) -> String {
    let at = shape.extra.iter().position(|line| line.starts_with("Match")).unwrap_or(shape.extra.len());
    let (first, last) = shape.extra.split_at(at);
    let mut lines = first.to_vec();
    let mut add = |line: &str| lines.push(line.to_owned());
    add(&format!("ListenAddress 127.0.0.1\nPort {port}"));
    for &kind in &shape.host_keys {
        add(&format!("HostKey /etc/fixture/{}", host_key_name(kind)));
        if shape.host_authority {
            add(&format!("HostCertificate /etc/fixture/{}-cert.pub", host_key_name(kind)));
        }
    }
    if shape.user_authority {
        add("TrustedUserCAKeys /etc/fixture/user_authority.pub");
    }
    add("PidFile none\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no");
    add("AllowUsers web1 rehearsal\nAuthorizedKeysFile /etc/fixture/keys/%u\nSubsystem sftp internal-sftp");
    add("MaxStartups 200:30:300\nLogLevel VERBOSE");
    if let Some(jail) = shape.sftp {
        add("ForceCommand internal-sftp");
        if jail == Jail::Htdocs {
            add("ChrootDirectory /www/htdocs");
        }
    }
    lines.extend(last.iter().cloned());
    lines.join("\n") + "\n"
}

/// Makes a path the user's.
fn give(path: &Path) {
    std::os::unix::fs::chown(path, Some(61_001), Some(61_001)).unwrap();
}
