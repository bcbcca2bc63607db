//! The host as OpenSSH's own client sees it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The client's exit code: the command's, or 255.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A login as OpenSSH's client is told of it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) identity: PathBuf,
    pub(crate) known_hosts: PathBuf,
    pub(crate) options: Vec<String>,
}

impl Client {
    /// With `-o option`.
    pub(crate) fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// At another port, for example that of a proxy. The host key is still looked up as that of the host.
    pub(crate) fn at(mut self, port: u16) -> Self {
        let alias = format!("HostKeyAlias=[127.0.0.1]:{}", self.port);
        self.port = port;
        self.option(&alias)
    }

    /// Runs a command on the host.
    pub(crate) async fn run(&self, command: &str) -> Ran {
        self.give(command, "").await
    }

    /// Runs a command on the host with that input.
    pub(crate) async fn give(&self, command: &str, input: &str) -> Ran {
        let mut ssh = self.command("ssh");
        ssh.args(["-p", &self.port.to_string(), &format!("{}@127.0.0.1", self.user), "--", command]);
        ran(ssh, input).await
    }

    /// Runs SFTP commands, one a line.
    pub(crate) async fn sftp(&self, batch: &str) -> Ran {
        let mut sftp = self.command("sftp");
        sftp.args(["-q", "-b", "-", "-P", &self.port.to_string(), &format!("{}@127.0.0.1", self.user)]);
        ran(sftp, batch).await
    }

    /// A client program of this login, to which the address is to be added. Nothing of the machine's configuration is read.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-F", "none"]).arg("-i").arg(&self.identity);
        // The first value of an option counts.
        for option in &self.options {
            command.args(["-o", option]);
        }
        let known = format!("UserKnownHostsFile={}", self.known_hosts.display());
        for option in ["BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=yes", &known]
        {
            command.args(["-o", option]);
        }
        for option in ["GlobalKnownHostsFile=/dev/null", "LogLevel=ERROR"] {
            command.args(["-o", option]);
        }
        command.kill_on_drop(true);
        command
    }
}

/// Writes the input and waits for the end.
pub(crate) async fn ran(mut command: Command, input: &str) -> Ran {
    use tokio::io::AsyncWriteExt;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let write = async move {
        // A command that reads nothing may be gone already.
        let _ = pipe.write_all(input.as_bytes()).await;
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    let output = output.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A file of known hosts with these lines.
pub(super) fn known_hosts(path: &Path, lines: &[String]) {
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}
