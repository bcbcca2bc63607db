//! A real mail server for the tests: IMAP and submission by Dovecot, with a relay behind it that takes no mail.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use rustix::process::Signal;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{
    daemon::{Daemon, free_port, program, run, template},
    home::Home,
};

/// The user of every mailbox.
pub(crate) const USER: &str = "info@example.org";
/// Its password: whoever leaks it is seen.
pub(crate) const PASSWORD: &str = "mail-canary-5Hq8sT2vXw9LpZ3k";
/// The address with a certificate of our authority that is for it.
pub(crate) const GOOD: &str = "127.0.0.1";
/// The address with one that is for it and has expired.
pub(crate) const EXPIRED: &str = "127.0.0.2";
/// The address with one that is for another name.
pub(crate) const OTHER_NAME: &str = "127.0.0.3";

/// The server's certificates: name, for whom, from when, until when.
const CERTIFICATES: [(&str, &str, &str, &str); 3] = [
    ("good", "DNS:localhost,IP:127.0.0.1", "20250101000000Z", "21250101000000Z"),
    ("expired", "DNS:localhost,IP:127.0.0.2", "20200101000000Z", "20210101000000Z"),
    ("other-name", "DNS:other.example.org", "20250101000000Z", "21250101000000Z"),
];

/// A server. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Dovecot {
    home: Home,
    daemon: Option<Daemon>,
    pub(crate) imap: u16,
    pub(crate) imaps: u16,
    pub(crate) submission: u16,
    pub(crate) submissions: u16,
    relay: Relay,
}

impl Dovecot {
    pub(crate) async fn start() -> Self {
        Self::of(None).await
    }

    /// One in the network of a process, where no relay is: nothing but logins works.
    pub(crate) async fn in_network(pid: u32) -> Self {
        Self::of(Some(pid)).await
    }

    async fn of(network: Option<u32>) -> Self {
        let home = Home::of(&template("dovecot", "1", certify));
        let relay = Relay::start().await;
        let [imap, imaps, submission, submissions] = std::array::from_fn(|_| free_port());
        let mut server = Self { home, daemon: None, imap, imaps, submission, submissions, relay };
        let data = server.home.data();
        fs::write(data.join("users"), format!("{USER}:{{PLAIN}}{PASSWORD}\n")).unwrap();
        fs::write(data.join("dovecot.conf"), server.configuration()).unwrap();
        let mut command = Command::new(program(&["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from), "dovecot"));
        command.arg("-F").arg("-c").arg(data.join("dovecot.conf"));
        let log = server.home.path().join("log");
        let daemon = Daemon::start(&server.home, network, command, || async {
            let begun = fs::read_to_string(&log).is_ok_and(|log| log.contains("starting up for imap, submission"));
            begun && (network.is_some() || TcpStream::connect((GOOD, submissions)).await.is_ok())
        });
        server.daemon = Some(daemon.await);
        server
    }

    /// The authority of the certificates.
    pub(crate) fn authority(&self) -> PathBuf {
        self.home.data().join("authority.crt")
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap()
    }

    /// What the relay was told, line by line.
    pub(crate) fn relayed(&self) -> Vec<String> {
        self.relay.heard.lock().unwrap().clone()
    }

    fn configuration(&self) -> String {
        let (data, run) = (self.home.data(), self.home.run());
        let (data, run) = (data.display(), run.display());
        let Self { imap, imaps, submission, submissions, .. } = self;
        let (user, group) = if rustix::process::geteuid().is_root() {
            ("nobody".to_owned(), "nogroup".to_owned())
        } else {
            (said("id", "-un"), said("id", "-gn"))
        };
        let mut text = format!(
            "base_dir = {run}/base\nstate_dir = {run}/state\ninstance_name = test\nlog_path = /dev/stderr\n\
             listen = {GOOD}, {EXPIRED}, {OTHER_NAME}\nprotocols = imap submission\nhostname = mail.example.org\n\
             default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n\
             default_vsz_limit = 0\nfirst_valid_uid = 1\nauth_failure_delay = 0\nauth_mechanisms = plain login\n\
             disable_plaintext_auth = yes\nssl = required\nmail_location = maildir:{data}/mail/%u\n\
             submission_relay_host = 127.0.0.1\nsubmission_relay_port = {relay}\n\
             passdb {{\n driver = passwd-file\n args = scheme=PLAIN username_format=%u {data}/users\n}}\n\
             userdb {{\n driver = static\n args = uid={user} gid={group} home={data}/mail/%u\n}}\n\
             service imap-login {{\n inet_listener imap {{\n  port = {imap}\n }}\n \
             inet_listener imaps {{\n  port = {imaps}\n  ssl = yes\n }}\n chroot =\n}}\n\
             service submission-login {{\n inet_listener submission {{\n  port = {submission}\n }}\n \
             inet_listener submissions {{\n  port = {submissions}\n  ssl = yes\n }}\n chroot =\n}}\n\
             service anvil {{\n unix_listener anvil-auth-penalty {{\n  mode = 0\n }}\n chroot =\n}}\n\
             service stats {{\n chroot =\n}}\n",
            relay = self.relay.port,
        );
        let certificate = |name: &str| format!("ssl_cert = <{data}/{name}.crt\nssl_key = <{data}/server.key\n");
        text += &certificate("good");
        for (address, name) in [(EXPIRED, "expired"), (OTHER_NAME, "other-name")] {
            text += &format!("local {address} {{\n{}}}\n", certificate(name));
        }
        text
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.stop(&self.home, Signal::TERM);
        }
    }
}

/// Makes an authority and the server's certificates.
fn certify(data: &Path) {
    let openssl = |arguments: &[&str]| {
        run(Command::new("openssl").args(arguments).current_dir(data));
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let authority = [
        "req",
        "-x509",
        "-days",
        "36500",
        "-subj",
        "/CN=authority",
        "-keyout",
        "authority.key",
        "-out",
        "authority.crt",
    ];
    openssl(&[&authority[..], &key].concat());
    openssl(&[&["req", "-new", "-subj", "/CN=mail", "-keyout", "server.key", "-out", "server.csr"][..], &key].concat());
    for (name, who, from, until) in CERTIFICATES {
        // `openssl x509` cannot make a certificate that has ended; `openssl ca` can, and wants all this for it.
        let config = format!(
            "[ca]\ndefault_ca = d\n[d]\ndatabase = {name}.index\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\n\
             policy = p\nx509_extensions = e\nunique_subject = no\n[p]\ncommonName = supplied\n\
             [e]\nbasicConstraints = critical,CA:FALSE\nsubjectAltName = {who}\n"
        );
        fs::write(data.join("ca.conf"), config).unwrap();
        fs::write(data.join(format!("{name}.index")), "").unwrap();
        let out = format!("{name}.crt");
        openssl(&[
            "ca",
            "-batch",
            "-config",
            "ca.conf",
            "-cert",
            "authority.crt",
            "-keyfile",
            "authority.key",
            "-in",
            "server.csr",
            "-startdate",
            from,
            "-enddate",
            until,
            "-notext",
            "-out",
            &out,
        ]);
    }
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(data));
}

fn said(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Where Dovecot passes mail on: it writes down what it hears, and takes none for `gone@…` and, just now, for `later@…`.
#[derive(Debug)]
struct Relay {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self { port: listener.local_addr().unwrap().port(), heard: Arc::default() };
        let heard = relay.heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, heard.clone()));
            }
        });
        relay
    }
}

async fn take(stream: TcpStream, heard: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay ESMTP\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let said = std::mem::take(&mut line).trim_end().to_owned();
        let answer = match said.to_ascii_uppercase() {
            said if said.starts_with("EHLO") => "250-relay\r\n250 8BITMIME",
            said if said.starts_with("RCPT") && said.contains("GONE@") => "550 5.1.1 nobody",
            said if said.starts_with("RCPT") && said.contains("LATER@") => "450 4.2.0 greylisted",
            said if said.starts_with("DATA") => "354 go on",
            said if said.starts_with("QUIT") => "221 bye",
            _ => "250 2.0.0 fine",
        };
        heard.lock().unwrap().push(said);
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
