//! What kind of shared host it is.

use super::{KeyType, Sshd};

/// What no shared host has.
const NEVER: &[&str] = &["systemctl", "docker", "sudo", "su", "apt", "apt-get", "dpkg"];

/// A shared host to be started. Without more words it has the machine's own programs, an ed25519 host key, and files without limit.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(super) hidden: Vec<String>,
    pub(super) busybox: bool,
    pub(super) sftp: Option<Jail>,
    pub(super) disk: Option<u64>,
    pub(super) host_keys: Vec<KeyType>,
    pub(super) host_authority: bool,
    pub(super) user_authority: bool,
    pub(super) extra: Vec<String>,
    pub(super) network: Network,
}

/// What a login that has SFTP only sees as `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jail {
    None,
    Htdocs,
}

/// Which network the host is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// The machine's.
    Machine,
    /// One of its own, whose loopback nobody else reaches; its SSH port is reached from the machine.
    Own,
    /// The own network of the host whose first process this is. Its SSH port is reached from there only.
    Of(u32),
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            hidden: NEVER.iter().map(|&name| name.to_owned()).collect(),
            busybox: false,
            sftp: None,
            disk: None,
            host_keys: vec![KeyType::Ed25519],
            host_authority: false,
            user_authority: false,
            extra: vec![],
            network: Network::Machine,
        }
    }
}

impl Shape {
    /// Without these programs. The shell of busybox has its own applets all the same.
    pub(crate) fn without(mut self, programs: &[&str]) -> Self {
        self.hidden.extend(programs.iter().map(|&name| name.to_owned()));
        self
    }

    /// With busybox as its only program.
    pub(crate) fn busybox_only(mut self) -> Self {
        self.busybox = true;
        self
    }

    /// Nobody gets a shell; only SFTP.
    pub(crate) fn sftp_only(mut self) -> Self {
        self.sftp = Some(Jail::None);
        self
    }

    /// As [`sftp_only`](Self::sftp_only), and the login sees the directory of all web roots as `/`.
    pub(crate) fn sftp_jail(mut self) -> Self {
        self.sftp = Some(Jail::Htdocs);
        self
    }

    /// The web root is a disk of its own, of that many bytes.
    pub(crate) fn disk(mut self, bytes: u64) -> Self {
        self.disk = Some(bytes);
        self
    }

    /// With these host keys, most important first.
    pub(crate) fn host_keys(mut self, kinds: &[KeyType]) -> Self {
        self.host_keys = kinds.to_vec();
        self
    }

    /// The host shows a certificate of an authority, [`Sshd::authority_line`].
    pub(crate) fn host_certificate(mut self) -> Self {
        self.host_authority = true;
        self
    }

    /// Logins need a certificate of the host's user authority, [`Sshd::certificate_file`]; their keys alone are refused.
    pub(crate) fn user_certificates(mut self) -> Self {
        self.user_authority = true;
        self
    }

    /// A line of sshd_config. It wins over the fixture's own; from the first `Match` on, lines stand at the end.
    pub(crate) fn config(mut self, line: &str) -> Self {
        self.extra.push(line.to_owned());
        self
    }

    /// In a network of its own: what listens on its loopback is reached through the host only.
    pub(crate) fn own_network(mut self) -> Self {
        self.network = Network::Own;
        self
    }

    /// In the network of `other`, which has one of its own: reached by a jump over `other` only.
    pub(crate) fn behind(mut self, other: &Sshd) -> Self {
        self.network = Network::Of(other.pid());
        self
    }

    /// Starts it.
    pub(crate) async fn start(self) -> Sshd {
        Sshd::of(self).await
    }
}
