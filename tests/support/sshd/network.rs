//! The one way into the network of a host that has one of its own.

use std::{
    net::TcpListener,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{process::Command, task::JoinHandle};

/// Listens on this machine, and gives each connection to a server of the host.
#[derive(Debug)]
pub(super) struct Relay {
    task: JoinHandle<()>,
}

impl Relay {
    pub(super) fn start(port: u16, pid: u32, merged: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let stream = stream.into_std().unwrap();
                stream.set_nonblocking(false).unwrap();
                serve(pid, &merged, stream.into());
            }
        });
        Self { task }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// sshd for one connection. It ends with the connection, or with the host.
fn serve(pid: u32, merged: &Path, stream: OwnedFd) {
    let mut sshd = Command::new("nsenter");
    sshd.arg(format!("--target={pid}")).args(["--mount", "--pid", "--net", "--wd", "--", "chroot", "."]);
    sshd.args(["/usr/sbin/sshd", "-i", "-f", "/etc/fixture/sshd_config", "-E", "/etc/fixture/log"]);
    let input = stream.try_clone().unwrap();
    sshd.stdin(Stdio::from(input)).stdout(Stdio::from(stream)).stderr(Stdio::null()).current_dir(merged);
    let mut sshd = sshd.spawn().unwrap();
    tokio::spawn(async move { sshd.wait().await });
}
