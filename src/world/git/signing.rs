//! Tags that are signed as `git tag -s` does it with `gpg.format=ssh`: the signature is of the object's text before it, and ends the message.

use russh::keys::{HashAlg, PrivateKey, ssh_key::LineEnding};

use super::{super::github::TagObject, tags::text_of};
use crate::{
    domain::{
        inventory::TagSigner,
        refusal::Code,
        step::{CreateTag, Tagger},
        time::Time,
    },
    world::{Reader, WorldError, ssh},
};

/// What git's signatures are made for.
const NAMESPACE: &str = "git";
const DOING: &str = "sign a tag";

impl Reader<'_> {
    /// Who signs new tags; nothing when they are not signed.
    ///
    /// # Errors
    /// The key cannot be read.
    pub async fn tagger(&self) -> Result<Option<Tagger>, WorldError> {
        let access = self.world.inventory.github.as_ref();
        let Some(signer) = access.and_then(|access| access.sign_tags.as_ref()) else { return Ok(None) };
        let key = fingerprint(&*key_of(*self, signer).await?);
        Ok(Some(Tagger { name: signer.name.clone(), email: signer.email.clone(), key }))
    }
}

/// The object of a new tag with its signature, made now. Only its name is missing: that is of what GitHub keeps of it.
///
/// # Errors
/// The key cannot be read, or is another one than the plan's.
pub(in crate::world) async fn sign(
    reader: Reader<'_>,
    step: &CreateTag,
    tagger: &Tagger,
) -> Result<TagObject, WorldError> {
    let Some(signer) = reader.world.inventory.github.as_ref().and_then(|access| access.sign_tags.as_ref()) else {
        return Err(refused("deploy-ops.toml names no key any more", "Run the dry run again."));
    };
    let key = key_of(reader, signer).await?;
    if fingerprint(&key) != tagger.key {
        return Err(refused("the key is another one than the plan's", "Run the dry run again."));
    }
    let second = reader.now().as_millis() / 1000;
    let mut object = TagObject {
        name: String::new(),
        tag: step.tag.to_string(),
        commit: step.commit.clone(),
        tagger: tagger.name.clone(),
        email: tagger.email.clone(),
        at: Time::from_millis(second * 1000),
        message: format!("{}\n", step.message.trim_end_matches('\n')),
    };
    let text = text_of(&object, &object.message);
    let signature = key.sign(NAMESPACE, HashAlg::Sha512, text.as_bytes());
    let signature = signature
        .and_then(|signature| signature.to_pem(LineEnding::LF))
        .map_err(|error| refused("the key does not sign", "Use an ed25519 key.").because(error.to_string()))?;
    object.message.push_str(signature.trim_end());
    object.message.push('\n');
    Ok(object)
}

async fn key_of(reader: Reader<'_>, signer: &TagSigner) -> Result<std::sync::Arc<PrivateKey>, WorldError> {
    ssh::key_in_secret(reader, DOING, &signer.key, signer.passphrase.as_ref()).await
}

fn fingerprint(key: &PrivateKey) -> String {
    key.public_key().fingerprint(HashAlg::Sha256).to_string()
}

fn refused(problem: &str, fix: &str) -> WorldError {
    WorldError::new(Code::TagRefused, DOING, problem, fix)
}
