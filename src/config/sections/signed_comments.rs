//! `[environments.<name>.approval.signed_comments]`

use std::collections::{BTreeMap, BTreeSet};

use super::{environments::Login, hosts::fingerprint};
use crate::{
    config::{defaults, raw::Item},
    domain::inventory::{SignedComments, Signer},
};

pub(super) fn read(item: &Item<'_>) -> Option<SignedComments> {
    let section = item.section(&["issue", "approvers"])?;
    let issue = section.required("issue").and_then(|item| item.number(defaults::GITHUB_ID));
    let (mut approvers, mut known) = (BTreeMap::new(), BTreeSet::new());
    for (login, item) in section.required("approvers")?.entries::<Login>() {
        let Some(signer) = signer(&item) else { continue };
        if !signer.keys.iter().all(|key| known.insert(key.clone())) {
            item.error("a key of theirs is given a second time", "give each key to one person, once");
        }
        approvers.insert(login.0.to_ascii_lowercase(), signer);
    }
    if approvers.is_empty() {
        item.error("nobody may approve there", "add approvers = { LOGIN = { keys = [\"SHA256:…\"] } }");
        return None;
    }
    Some(SignedComments { issue: issue?, approvers })
}

fn signer(item: &Item<'_>) -> Option<Signer> {
    let section = item.section(&["keys", "asks_as"])?;
    let keys = section.required("keys")?;
    let keys: Vec<String> = keys.list().iter().filter_map(|key| fingerprint(key, "a key's")).collect();
    let asks_as = section.list("asks_as").iter().filter_map(|item| item.text().map(str::to_owned)).collect();
    Some(Signer { keys, asks_as })
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let cases = [
            (
                "issue = 7, approvers = {}".to_owned(),
                "environments.e.approval.signed_comments: nobody may approve there",
                "add approvers",
            ),
            (
                format!("approvers = {{ grace = {{ keys = [\"{key}\"] }} }}"),
                "environments.e.approval.signed_comments: issue is missing",
                "add issue",
            ),
            (
                "issue = 7, approvers = { grace = { keys = [\"ssh-ed25519 AAAA\"] } }".to_owned(),
                "environments.e.approval.signed_comments.approvers.grace.keys: is not a key's fingerprint",
                "write SHA256:",
            ),
            (
                format!("issue = 7, approvers = {{ a = {{ keys = [\"{key}\"] }}, b = {{ keys = [\"{key}\"] }} }}"),
                "environments.e.approval.signed_comments.approvers.b: a key of theirs is given a second time",
                "give each key",
            ),
        ];
        for (keys, message, fix) in cases {
            check(&format!("[environments.e]\napproval = {{ signed_comments = {{ {keys} }} }}"), 2, message, fix);
        }
    }
}
