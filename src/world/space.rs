//! How much room is left below a target's root.

use std::{os::unix::fs::MetadataExt, path::Path, time::Duration};

use super::{
    Reader, WorldError,
    blocking::blocking,
    host::Place,
    process::{self, Invocation},
    ssh::{Role, is_transient, quotas},
};
use crate::domain::{inventory::Target, space::Space};

/// How long `quota` may take: it asks file servers.
const PATIENCE: Duration = Duration::from_secs(5);

impl Reader<'_> {
    /// The room below a target's root, or below the nearest directory above it that is there.
    pub async fn space(&self, target: &Target) -> Result<Space, WorldError> {
        match self.place(&target.host, Role::Deploy)? {
            Place::Here => here(&target.root).await,
            Place::There(remote) => match remote.space(&target.root).await {
                // Before the first deployment its directory may not be there.
                Err(error) if !is_transient(&error) => match self.inventory().hosts.get(&target.host) {
                    Some(host) => remote.space(&host.root).await,
                    None => Err(error),
                },
                found => found,
            },
        }
    }
}

/// The room below a directory of this machine, or below the nearest one above it that is there.
pub(in crate::world) async fn here(root: &Path) -> Result<Space, WorldError> {
    let owned = root.ancestors().find(|path| path.exists()).unwrap_or(root).to_owned();
    let found = blocking(move || {
        let io = |error: std::io::Error| WorldError::io("look at the space of a target", error);
        let device = std::fs::metadata(&owned).map_err(io)?.dev();
        Ok((device, rustix::fs::statvfs(&owned).map_err(|error| io(error.into()))?))
    });
    let (found, said) = tokio::join!(found, own_quotas());
    let (device, found) = found?;
    let quotas = blocking(move || {
        let is_it = |name: &str| std::fs::metadata(name).is_ok_and(|found| found.rdev() == device);
        Ok(quotas(&said, &is_it))
    });
    let quotas = quotas.await?;
    Ok(Space {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
        free_files: (found.f_files > 0).then_some(found.f_favail),
        quotas,
    })
}

/// Most machines have no quotas, and no program that tells them.
async fn own_quotas() -> String {
    let invocation = Invocation::new("quota", Path::new("/"), PATIENCE).args(&["-w"]);
    match process::run(invocation).await {
        Ok(finished) => finished.output.last(16 * 1024),
        Err(_) => String::new(),
    }
}
