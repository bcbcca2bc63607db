//! Searching a log, here or on a host.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use rustix::fs::OFlags;

use super::{
    Budget, Forbidden, Found, LogFile, Query, keys_only, lines::for_each_line, matching::Before, matching::Search,
    open, refuse_private, remote, rotation,
};
use crate::{
    domain::{
        inventory::{RelativePath, Root},
        refusal::Code,
        time::Time,
    },
    redact::Redactor,
    world::{Reader, WorldError, blocking::blocking, host::Place},
};

impl Reader<'_> {
    /// The log `path` with its rotated parts, or every log directly below the root; the last written first.
    pub async fn logs(&self, root: &Root, path: Option<&RelativePath>) -> Result<Vec<LogFile>, WorldError> {
        let Some(path) = path else {
            let mut entries = self.list_directory(root, None).await?;
            entries.retain(|entry| rotation::is_log(&entry.name));
            return Ok(rotation::newest_first(entries, ""));
        };
        let directory = path.as_str().strip_suffix(path.file_name()).unwrap_or_default();
        let mut entries = self.list_directory(root, directory.parse().ok().as_ref()).await?;
        let name = path.file_name();
        entries.retain(|entry| entry.name == name || rotation::is_rotated(&entry.name, name));
        let mut found = rotation::newest_first(entries, directory);
        // It may stand behind the entries that are listed of a very full directory; if it is no file, opening it says so.
        if found.is_empty() || (found.iter().all(|file| file.path != *path) && self.exists(root, path).await) {
            found.insert(0, LogFile { path: path.clone(), modified: None });
        }
        Ok(found)
    }

    async fn exists(&self, root: &Root, path: &RelativePath) -> bool {
        match self.root_place(root) {
            Ok(Place::Here) => {
                let (root, path) = (root.path.clone(), path.clone());
                blocking(move || open::beneath(&root, Some(&path), OFlags::PATH).map(drop)).await.is_ok()
            }
            Ok(Place::There(host)) => remote::exists(host, &root.path, path).await,
            Err(_) => false,
        }
    }

    /// Searches one file; one whose name ends with `.gz` is decompressed on the way. Matching happens on the redacted text: a search
    /// can never tell what a mask hides.
    pub async fn search_file(
        &self,
        root: &Root,
        path: &RelativePath,
        query: &Query,
        budget: Budget,
    ) -> Result<Found, WorldError> {
        refuse_private(path)?;
        if keys_only(path) {
            let problem = "its values may be secrets";
            let fix = "read_file shows which of its keys are set.";
            return Err(WorldError::new(Code::PathRefused, "search an .env file", problem, fix));
        }
        let (redactor, forbidden) = (self.world.redactor.clone(), Forbidden::of(self.world));
        match self.root_place(root)? {
            Place::Here => {
                let (root, path, query, now) = (root.path.clone(), path.clone(), query.clone(), self.now());
                blocking(move || {
                    let (file, bytes, _) = open::regular(&forbidden, &root, &path)?;
                    let packed = path.as_str().ends_with(".gz");
                    let text: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
                    whole(text, packed, &redactor, &query, now, budget).map(|found| Found { bytes, ..found })
                })
                .await
            }
            Place::There(host) => {
                let file = remote::File::below(host, &root.path, path, &forbidden)?;
                remote::search(&file, query, &redactor, self.now(), budget).await
            }
        }
    }
}

/// Searches a text from its begin.
pub(super) fn whole(
    text: impl Read,
    packed: bool,
    redactor: &Redactor,
    query: &Query,
    now: Time,
    budget: Budget,
) -> Result<Found, WorldError> {
    let mut text = budget.limit(text);
    let mut search = Search::new(query, now, Before::Nothing);
    let searched = for_each_line(&mut text, redactor, 1, &mut |line| {
        search.line(line);
        true
    });
    let mut found = search.found;
    found.problem = match searched {
        Ok(false) => Some(NOT_TEXT),
        Ok(true) if text.is_cut => Some(CUT),
        Ok(true) => None,
        Err(_) if packed => Some("it is damaged: only what stands before was searched"),
        Err(error) => return Err(error),
    };
    found.read = text.read;
    Ok(found)
}

pub(super) const NOT_TEXT: &str = "it is not text";
pub(super) const CUT: &str = "only its begin was searched: give path, or a later since";
