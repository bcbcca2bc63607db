//! Many files of a commit at once.

use std::io::{BufReader, Read};

use super::{Entry, FILE_LIMIT, Repository, export};
use crate::{
    domain::refusal::Code,
    world::{WorldError, blocking::blocking},
};

/// What is read at once is not larger in all, bytes.
const ALL_LIMIT: u64 = 64 * 1024 * 1024;

impl Repository {
    /// The regular files of a commit whose paths are `wanted`, with their contents, in the order of their paths. Files larger than
    /// 4 MiB are left out.
    pub(crate) async fn files(
        &self,
        commit: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(String, Vec<u8>)>, WorldError> {
        let regular = |e: &Entry| e.kind == "blob" && e.mode != "120000" && e.size <= FILE_LIMIT;
        let mut entries = self.entries(commit).await?;
        entries.retain(|e| regular(e) && e.path.to_str().is_some_and(&wanted));
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        if entries.iter().map(|entry| entry.size).sum::<u64>() > ALL_LIMIT {
            return Err(WorldError::new(
                Code::WorldFailed,
                "read files of the commit",
                "they are larger than 64 MiB in all",
                "Keep generated files out of the repository.",
            ));
        }
        let oids = export::lines(entries.iter().map(|entry| entry.oid.clone()));
        let blobs = self.output(&["cat-file", "--batch"], Some(oids.as_bytes())).await?;
        blocking(move || {
            let mut blobs = BufReader::with_capacity(64 * 1024, blobs);
            let mut found = Vec::with_capacity(entries.len());
            for entry in entries {
                let size = export::blob_size(&mut blobs, &entry)?;
                // Each is followed by a line end.
                let mut bytes = Vec::new();
                (&mut blobs)
                    .take(size.saturating_add(1))
                    .read_to_end(&mut bytes)
                    .map_err(|e| WorldError::io("read what git wrote", e))?;
                bytes.pop();
                found.push((entry.path.to_string_lossy().into_owned(), bytes));
            }
            Ok(found)
        })
        .await
    }
}
