//! What hosts can do: looked at when asked, and remembered until they are looked at again.
//!
//! The last look at each host is a small file in `hosts/` of the data directory, so that nobody has to be contacted to be told of it.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt},
};

use super::{Reader, WorldError, blocking::blocking, detached::write_durably, host::Place, ssh::Role};
use crate::domain::{capabilities::Capabilities, name::HostName};

impl Reader<'_> {
    /// Looks at what a host over SSH can do, and remembers it. `None` for this machine.
    pub async fn look_at_host(&self, name: &HostName) -> Result<Option<Capabilities>, WorldError> {
        let (Place::There(remote), Some(host)) = (self.place(name, Role::Deploy)?, self.inventory().hosts.get(name))
        else {
            return Ok(None);
        };
        let seen = remote.probe(&host.root).await?;
        let (file, remembered) = (self.world.paths.host(name), serde_json::to_vec(&seen));
        // A look that cannot be remembered was a look all the same.
        let kept = blocking(move || {
            let io = |error| WorldError::io("remember what a host can do", error);
            let bytes = remembered.map_err(|error| io(error.into()))?;
            let Some(directory) = file.parent() else { return Ok(()) };
            // Before the first start of a server there is no data directory, and no reason to make one.
            match fs::DirBuilder::new().mode(0o700).create(directory) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(io(error)),
                _ => {}
            }
            write_durably(&file, &bytes)
        });
        if let Err(error) = kept.await {
            tracing::warn!(error = &error as &dyn std::error::Error, host = %name, "what was seen of a host is not remembered");
        }
        Ok(Some(seen))
    }

    /// What was last seen of a host; nothing is contacted.
    pub fn last_seen(&self, name: &HostName) -> Option<Capabilities> {
        serde_json::from_slice(&fs::read(self.world.paths.host(name)).ok()?).ok()
    }

    /// Another number after any host was looked at, by whatever process.
    pub fn hosts_seen(&self) -> Option<(i64, i64)> {
        let found = fs::metadata(self.world.paths.hosts()).ok()?;
        Some((found.mtime(), found.mtime_nsec()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        domain::{inventory::Inventory, time::Time},
        world::{Paths, SystemClock, World},
    };

    #[test]
    fn what_was_seen_is_remembered_and_damage_is_nothing_seen() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths { data: directory.path().to_owned(), reports: directory.path().to_owned() };
        let world = World::new(Arc::new(Inventory::default()), Arc::new(SystemClock), paths.clone(), "/none".into());
        let (reader, name) = (world.reader(), "web".parse().unwrap());
        assert_eq!((reader.hosts_seen(), reader.last_seen(&name)), (None, None));
        let seen = Capabilities {
            seen_at: Time::from_millis(1),
            fingerprint: "SHA256:x".to_owned(),
            round_trip_ms: 1,
            shell: None,
            sftp: None,
            forwards: None,
            space: None,
        };
        fs::create_dir(paths.hosts()).unwrap();
        write_durably(&paths.host(&name), &serde_json::to_vec(&seen).unwrap()).unwrap();
        assert_eq!(reader.last_seen(&name), Some(seen));
        assert!(reader.hosts_seen().is_some());
        fs::write(paths.host(&name), "{").unwrap();
        assert_eq!(reader.last_seen(&name), None);
    }
}
