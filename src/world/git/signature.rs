//! Who signed a tag, as git and ssh-keygen say: nobody in between has to be believed.

use std::path::Path;

use super::Repository;
use crate::{
    domain::version::Version,
    world::{WorldError, process},
};

/// Why a tag object is not what one of the allowed signers made; in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// There is no signature in it.
    NoSignature,
    /// It is signed in a way that is not verified here.
    OtherKind,
    /// It was made for another name, and a reference of this name leads to it.
    OtherName,
    /// The signature is of other words, or of nobody who is allowed.
    NotAllowed,
}

impl Unsigned {
    /// For a sentence about the tag.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::NoSignature => "the tag is not signed",
            Self::OtherKind => "the tag is not signed with an SSH key, which is what is verified here",
            Self::OtherName => "the tag object was made for another name",
            Self::NotAllowed => "the signature is of nobody among the allowed signers, or of another text",
        }
    }
}

impl Repository {
    /// Whether one of the signers made this tag object, for this name. `signers` is a file in the format of ssh-keygen(1),
    /// ALLOWED SIGNERS.
    pub(crate) async fn signed(
        &self,
        tag: &str,
        name: &Version,
        signers: &Path,
    ) -> Result<Result<(), Unsigned>, WorldError> {
        let object = self.text(&["cat-file", "tag", tag], None).await?;
        let (header, body) = object.split_once("\n\n").unwrap_or((&object, ""));
        // A signature stays good under whatever name its object is referred to.
        if !header.lines().any(|line| line.strip_prefix("tag ") == Some(name.as_str())) {
            return Ok(Err(Unsigned::OtherName));
        }
        if !body.lines().any(|line| line == "-----BEGIN SSH SIGNATURE-----") {
            let other = body.lines().any(|line| line.starts_with("-----BEGIN "));
            return Ok(Err(if other { Unsigned::OtherKind } else { Unsigned::NoSignature }));
        }
        let signers = format!("gpg.ssh.allowedSignersFile={}", signers.display());
        // What the repository's own configuration says about programs and trust does not count.
        let arguments = [
            "-c",
            "gpg.minTrustLevel=fully",
            "-c",
            "gpg.program=false",
            "-c",
            "gpg.x509.program=false",
            "-c",
            "gpg.ssh.program=ssh-keygen",
            "-c",
            "gpg.ssh.revocationFile=",
            "-c",
            &signers,
            "verify-tag",
            "--",
            tag,
        ];
        let finished = process::run(self.invocation(&self.path, &arguments)).await?;
        Ok(if finished.ending.is_success() { Ok(()) } else { Err(Unsigned::NotAllowed) })
    }
}
