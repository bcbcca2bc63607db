//! The connection against a real OpenSSH server, a line that breaks, and a server that lies.

mod cuts;
mod hostile;
mod refused;
mod speed;
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::unused_self,
    reason = "the hosts of all tests; they own processes and time"
)]
#[path = "../../../../tests/support"]
mod support {
    pub(crate) mod cut;
    mod home;
    pub(crate) mod liar_ssh;
    mod port;
    pub(crate) mod sshd;
    pub(crate) mod wait;
}

use std::{path::Path, sync::Arc};

use tempfile::TempDir;

use super::{Remote, Role};
use crate::{
    config,
    domain::name::HostName,
    world::{Paths, SystemClock, World},
};

/// A world with one host, `web`.
struct Alone {
    world: World,
    name: HostName,
    _directory: TempDir,
}

impl Alone {
    fn with(hosts: &str) -> Self {
        let config = config::parse(Path::new("/etc/deploy-ops/deploy-ops.toml"), hosts).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths { data: directory.path().join("data"), reports: directory.path().join("reports") };
        let world = World::new(Arc::new(config.inventory), Arc::new(SystemClock), paths, "/nothing".into());
        Self { world, name: "web".parse().unwrap(), _directory: directory }
    }

    fn host(&self) -> Remote<'_> {
        self.world.reader().remote(&self.name, Role::Deploy).unwrap()
    }
}
