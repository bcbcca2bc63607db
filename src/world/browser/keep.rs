//! What is kept of a look: its record, its pictures, and beside each picture what can be read on it, because a secret may become known
//! later.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    super::{Paths, Reader, WorldError, blocking::blocking, kept::Filling},
    Image, Picture, Shot,
};
use crate::{
    domain::{
        digest::Digest,
        inventory::{Page, Service},
        look::{KeptPicture, Look, SeenPage},
        name::{EnvironmentName, ViewportName},
    },
    redact::Redactor,
};

/// How many looks are kept.
const LOOKS: usize = 100;
/// The record in the directory of a look.
const RECORD: &str = "look.json";

impl Reader<'_> {
    /// Keeps what was seen of `wanted`; the digest is that of the record.
    pub(super) async fn keep_look(
        &self,
        service: &Service,
        environment: &EnvironmentName,
        wanted: &[(&Page, &ViewportName)],
        shots: &[Shot],
    ) -> Result<Digest, WorldError> {
        let mut pictures = Vec::new();
        let mut kept = |image: &Option<Image>| {
            let image = image.as_ref()?;
            let digest = Digest::of(&image.png);
            pictures.push((digest, image.clone()));
            let bytes = image.png.len() as u64;
            Some(KeptPicture { digest, bytes, width: image.width, height: image.height })
        };
        let pages = wanted.iter().zip(shots).map(|((page, _), shot)| SeenPage {
            page: shot.page.clone(),
            viewport: shot.viewport.clone(),
            outcome: shot.outcome,
            found: shot.detail.clone(),
            changed_permille: shot.changed_permille,
            threshold_permille: page.threshold_permille,
            accepted: kept(&shot.accepted),
            now: kept(&shot.shown),
            difference: kept(&shot.difference),
        });
        let look = Look {
            service: service.name.clone(),
            environment: environment.clone(),
            seen_at: self.now(),
            pages: pages.collect(),
        };
        let store = self.world.paths.looks();
        blocking(move || {
            let io = |error| WorldError::io("keep a look at pages", error);
            let record = look.record().map_err(|error| io(io::Error::other(error)))?;
            let filling = Filling::begin(&store).map_err(io)?;
            for (digest, image) in pictures {
                fs::write(file(filling.path(), &digest, "png"), &image.png).map_err(io)?;
                fs::write(file(filling.path(), &digest, "txt"), &image.text).map_err(io)?;
            }
            filling.keep(RECORD, record.as_bytes(), LOOKS).map_err(io)
        })
        .await
    }

    /// A look that was kept; `None` when it is not there any more, or is not what it was.
    pub async fn look(&self, digest: &Digest) -> Option<Look> {
        let (path, wanted) = (self.world.paths.looks().join(digest.to_string()).join(RECORD), *digest);
        let read = blocking(move || {
            let record = fs::read(path).unwrap_or_default();
            Ok(if Digest::of(&record) == wanted { serde_json::from_slice(&record).ok() } else { None })
        });
        read.await.ok().flatten()
    }
}

/// The pictures of looks that are still kept and may still be shown, by their digests.
pub(in crate::world) fn pictures(paths: &Paths, redactor: &Redactor, looks: &[Look]) -> BTreeMap<Digest, Image> {
    let mut found = BTreeMap::new();
    for look in looks {
        let Ok(record) = look.record() else { continue };
        let directory = paths.looks().join(Digest::of(record.as_bytes()).to_string());
        for kept in look.pictures() {
            let read = |ending| fs::read(file(&directory, &kept.digest, ending)).ok();
            let picture = read("png").filter(|png| Digest::of(png) == kept.digest);
            let text = read("txt").and_then(|text| String::from_utf8(text).ok());
            let (Some(png), Some(text)) = (picture, text) else { continue };
            let picture = Picture { png, width: kept.width, height: kept.height, text: text.clone() };
            if let Some(image) = redactor.vouch(picture, &text, "") {
                found.insert(kept.digest, image);
            }
        }
    }
    found
}

fn file(directory: &Path, digest: &Digest, ending: &str) -> PathBuf {
    directory.join(format!("{digest}.{ending}"))
}
