//! Answers to plans in comments of an issue, each signed with an SSH key (OpenSSH, PROTOCOL.sshsig). Who wrote a comment is GitHub's
//! word; the signature proves that the person meant this plan, whatever a token may write.

use russh::keys::{Algorithm, HashAlg, PublicKey, ssh_key::SshSig};
use serde::Deserialize;

use super::{
    super::{Reader, WorldError},
    Listed, Repository,
    approval::{Account, Answer, Place},
    error::GitHubError,
    issues::{Us, since},
};
use crate::domain::{
    approval::Decision,
    digest::Digest,
    inventory::{Service, SignedComments, Signer},
    plan::Plan,
    signed_answer::{self, NAMESPACE},
    time::Time,
};

/// By how much GitHub's clock may be behind ours, s.
const CLOCKS_S: i64 = 5 * 60;
/// In the signature of a key that lives on a device: somebody touched it (OpenSSH, PROTOCOL.u2f).
const TOUCHED: u8 = 1;
/// Flags and a counter stand at the end of such a signature, bytes.
const DEVICE_TRAILER: usize = 5;

/// What was said about a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The answers that count.
    pub answers: Vec<Answer>,
    /// The last comment that gives an answer and does not count.
    pub uncounted: Option<(u64, Uncounted)>,
}

/// Why a comment does not count; in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncounted {
    /// The account of our own token wrote it: whoever can use the token could have.
    Ours,
    /// The inventory does not name who wrote it.
    Stranger,
    /// It is not as it was written.
    Edited,
    /// It was there before the plan.
    Older,
    /// There is no signature, or more than one.
    NotOneSignature,
    /// The signature is damaged, or of a kind that is not verified here.
    Unreadable,
    /// The signature was made for another purpose.
    OtherPurpose,
    /// The key is not one of those that the inventory gives to who wrote it.
    OtherKey,
    /// The signature is of other words: of another plan, for example.
    OtherWords,
    /// The key lives on a device that nobody touched.
    Untouched,
}

impl Uncounted {
    /// For a sentence about the comment.
    pub fn why(self) -> &'static str {
        match self {
            Self::Ours => "our own token's account wrote it",
            Self::Stranger => "deploy-ops.toml does not name its author among those who may approve",
            Self::Edited => "it was edited",
            Self::Older => "it is older than the plan",
            Self::NotOneSignature => "it does not hold exactly one signature",
            Self::Unreadable => "its signature cannot be read",
            Self::OtherPurpose => "its signature was made for another purpose",
            Self::OtherKey => "it is signed with a key that deploy-ops.toml does not give to its author",
            Self::OtherWords => "its signature is of other words, as of another plan",
            Self::Untouched => "the device that signed it was not touched",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<Account>,
    created_at: Time,
    updated_at: Time,
}

impl Reader<'_> {
    /// What was said about a plan in comments of the issue, over all its pages.
    pub async fn signed_answers(
        &self,
        service: &Service,
        rule: &SignedComments,
        plan: &Plan,
    ) -> Result<Said, WorldError> {
        Ok(Box::pin(self.github(service)?.signed_answers(rule, plan)).await?)
    }

    /// Whether the issue is there, and our own token's account is none of the approvers: it would be refused.
    pub async fn is_our_account_a_signer(&self, service: &Service, rule: &SignedComments) -> Result<bool, WorldError> {
        let there = self.github(service)?;
        there.issue(rule.issue.into()).await?;
        let us = there.us().await?;
        Ok(rule.approvers.keys().any(|login| is_us(&us, login)))
    }
}

impl Repository<'_> {
    async fn signed_answers(&self, rule: &SignedComments, plan: &Plan) -> Result<Said, GitHubError> {
        let doing = format!("read the comments of issue {} of {}", rule.issue, self.name());
        let below = format!("/issues/{}/comments?since={}", rule.issue, since(plan.body().created_at));
        let comments: Vec<Comment> = self.list(&doing, &below, Listed::Plain).await?;
        let us = self.us().await?;
        Ok(said(&comments, &us, rule, plan))
    }
}

fn said(comments: &[Comment], us: &Us, rule: &SignedComments, plan: &Plan) -> Said {
    let mut said = Said::default();
    for comment in comments {
        match judge(comment, us, rule, plan) {
            None => {}
            Some(Ok(answer)) => said.answers.push(answer),
            Some(Err(why)) => said.uncounted = Some((comment.id, why)),
        }
    }
    said
}

/// What a comment says about the plan; nothing when it gives no answer to it.
fn judge(comment: &Comment, us: &Us, rule: &SignedComments, plan: &Plan) -> Option<Result<Answer, Uncounted>> {
    let body = comment.body.as_deref().unwrap_or_default();
    let claimed = signed_answer::claimed(body, &plan.digest());
    if claimed.is_empty() {
        return None;
    }
    let answer = || {
        let author = comment.user.as_ref().ok_or(Uncounted::Stranger)?;
        let login = author.login.to_ascii_lowercase();
        if is_us(us, &login) {
            return Err(Uncounted::Ours);
        }
        let signer = rule.approvers.get(&login).filter(|_| author.kind == "User").ok_or(Uncounted::Stranger)?;
        if comment.updated_at != comment.created_at {
            return Err(Uncounted::Edited);
        }
        if comment.created_at.plus_s(CLOCKS_S) < plan.body().created_at {
            return Err(Uncounted::Older);
        }
        let found = signed_answer::signatures(body);
        let [signature] = found.as_slice() else { return Err(Uncounted::NotOneSignature) };
        let said = signed(signature, signer, &claimed, &plan.digest())?;
        let approved = said == Decision::Approve;
        Ok(Answer { login, approved, place: Place::Comment(comment.id), at: comment.created_at })
    };
    Some(answer())
}

/// Which of the answers the signer signed.
fn signed(signature: &str, signer: &Signer, claimed: &[Decision], plan: &Digest) -> Result<Decision, Uncounted> {
    let signature = SshSig::from_pem(signature).map_err(|_| Uncounted::Unreadable)?;
    let key = PublicKey::from(signature.public_key().clone());
    if !signer.keys.contains(&key.fingerprint(HashAlg::Sha256).to_string()) {
        return Err(Uncounted::OtherKey);
    }
    if signature.namespace() != NAMESPACE {
        return Err(Uncounted::OtherPurpose);
    }
    let is_of = |decision: &&Decision| {
        let words = signed_answer::line(**decision, plan) + "\n";
        key.verify(NAMESPACE, words.as_bytes(), &signature).is_ok()
    };
    let said = claimed.iter().find(is_of).ok_or(Uncounted::OtherWords)?;
    let on_device = matches!(signature.algorithm(), Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256);
    let flags = signature.signature_bytes().iter().rev().nth(DEVICE_TRAILER - 1);
    if on_device && flags.is_none_or(|flags| flags & TOUCHED == 0) {
        return Err(Uncounted::Untouched);
    }
    Ok(*said)
}

fn is_us(us: &Us, login: &str) -> bool {
    matches!(us, Us::User(ours) if ours.eq_ignore_ascii_case(login))
}

#[cfg(test)]
mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{Ed25519KeyPair, KeyPair},
    };
    use russh::keys::ssh_key::{
        LineEnding, Signature,
        public::{Ed25519PublicKey, KeyData, SkEd25519},
    };
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// The fingerprint of a key on a device, and what it makes of the words when it was touched or not.
    fn by_device(words: &str, flags: u8) -> (String, String) {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap();
        let public = Ed25519PublicKey(key.public_key().as_ref().try_into().unwrap());
        let public = KeyData::SkEd25519(SkEd25519::new(public, "ssh:"));
        let data = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, words.as_bytes()).unwrap();
        let trailer = [flags, 0, 0, 0, 7];
        let signed = [Sha256::digest("ssh:").as_slice(), &trailer, Sha256::digest(&data).as_slice()].concat();
        let signature = [key.sign(&signed).as_ref(), &trailer].concat();
        let signature = Signature::new(Algorithm::SkEd25519, signature).unwrap();
        let fingerprint = PublicKey::from(public.clone()).fingerprint(HashAlg::Sha256).to_string();
        let whole = SshSig::new(public, NAMESPACE, HashAlg::Sha512, signature).unwrap();
        (fingerprint, whole.to_pem(LineEnding::LF).unwrap())
    }

    #[test]
    fn a_device_has_to_be_touched() {
        let plan = Digest::of(b"plan");
        let check = |words: &str, flags: u8, wanted: Result<Decision, Uncounted>| {
            let (key, signature) = by_device(words, flags);
            let signer = Signer { keys: vec![key], asks_as: Vec::new() };
            let both = [Decision::Approve, Decision::Deny];
            assert_eq!(signed(&signature, &signer, &both, &plan), wanted, "{words} {flags}");
        };
        let (approve, deny) = (format!("approve {plan}\n"), format!("deny {plan}\n"));
        check(&approve, 1, Ok(Decision::Approve));
        check(&deny, 5, Ok(Decision::Deny));
        for flags in [0, 4] {
            check(&approve, flags, Err(Uncounted::Untouched));
        }
        check(&format!("approve {plan}"), 1, Err(Uncounted::OtherWords));
    }
}
