//! A tag that one of the operator's signers made, as the repository here holds it.

use super::{super::Reader, Judged, Unseen};
use crate::domain::{
    evidence::Outcome,
    inventory::{Service, SignedTagGate},
    version::Revision,
};

impl Reader<'_> {
    /// Verifies the tag that the version names.
    pub(super) async fn signature_of(
        &self,
        service: &Service,
        gate: &SignedTagGate,
        revision: &Revision,
    ) -> Result<Judged, Unseen> {
        let Some(tag) = &revision.tag_object else {
            return Ok(Judged::fail("the version is no annotated tag"));
        };
        if !gate.allowed_signers.is_file() {
            return Ok(Judged::unclear("the file of the allowed signers is not there"));
        }
        let repository = self.repository(service);
        match repository.signed(tag, &revision.version, &gate.allowed_signers).await? {
            Ok(()) => Ok(Judged::new(Outcome::Pass, "")),
            Err(unsigned) => Ok(Judged::fail(unsigned.why())),
        }
    }
}
