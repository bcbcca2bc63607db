//! Artifacts that others built, fetched from GitHub.

use super::{
    super::{Reader, WorldError, blocking::blocking, github::Offer},
    Artifact, keep,
    unpack::{Bounds, unpack},
};
use crate::domain::{
    inventory::{ReleaseDeploy, Service},
    refusal::Code,
};

/// How large an archive may be, bytes.
const ARCHIVE: u64 = 2 * 1024 * 1024 * 1024;

impl Reader<'_> {
    /// Fetches what GitHub offers, unpacks it, and keeps the artifact.
    ///
    /// # Errors
    /// The bytes that came have another digest than was promised, or the archive holds what no release may hold.
    pub async fn fetch_artifact(
        &self,
        service: &Service,
        deploy: &ReleaseDeploy,
        offer: &Offer,
    ) -> Result<Artifact, WorldError> {
        let scratch = self.scratch("fetch-")?;
        let (archive, unpacked) = (scratch.path().join("archive"), scratch.path().join("unpacked"));
        let doing = format!("fetch {}", offer.what);
        if offer.bytes > ARCHIVE {
            return Err(WorldError::new(
                Code::ArtifactRefused,
                doing,
                format!("it has {} bytes, which is more than is taken", offer.bytes),
                "Leave out of the archive what a release does not need.",
            ));
        }
        let digest =
            self.github(service)?.download(&doing, (offer.place.0, offer.place.1.as_str()), ARCHIVE, &archive).await?;
        if digest != offer.digest {
            return Err(WorldError::new(
                Code::ArtifactRefused,
                doing,
                format!("its digest is {digest}, and GitHub says that it is {}", offer.digest),
                "Find out who replaced it; publish it anew under a new version.",
            ));
        }
        let inside = deploy.artifact.as_ref().map_or_else(|| unpacked.clone(), |path| path.below(&unpacked));
        let store = self.world.paths.data.join("artifacts");
        let kept = blocking(move || {
            unpack(&archive, &unpacked, Bounds::USUAL)?;
            keep(&inside, &store)
        });
        let (digest, files, bytes) = kept.await?;
        Ok(Artifact { digest, files, bytes, build_ms: None, output: None })
    }
}
