//! Whether an owner of every changed path approved, as the CODEOWNERS of the commit says.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        Reader,
        git::FileAt,
        github::{
            Repository,
            pulls::{ChangedFile, Pull},
        },
    },
    Unseen,
};
use crate::domain::{
    codeowners::{CodeOwners, Owner, PLACES},
    inventory::{RelativePath, Service},
    version::Revision,
};

/// How many teams are asked for.
const TEAMS: usize = 50;

/// Whose the changed paths are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ownership {
    /// The paths that have owners, none of whom approved. Others wrote them.
    pub(super) unapproved: Vec<String>,
    /// Why it cannot be told of others, in our words.
    pub(super) unclear: Option<String>,
}

/// The members of teams, by organisation and slug; none where they could not be seen.
type Teams = BTreeMap<(String, String), Option<Vec<String>>>;

impl Reader<'_> {
    /// Compares the changed paths with the approvers.
    pub(super) async fn ownership(
        &self,
        service: &Service,
        github: &Repository<'_>,
        revision: &Revision,
        pull: &Pull,
        approvers: &BTreeSet<String>,
    ) -> Result<Ownership, Unseen> {
        let files = github.pull_files(pull.number).await?;
        if pull.changed_files.is_none_or(|said| u64::try_from(files.len()).unwrap_or(0) < said) {
            return Ok(Ownership::unclear("it changes more files than GitHub shows"));
        }
        let paths = changed(&files);
        // Whoever changes the file must not make themselves the owner by that.
        let changes_owners = PLACES.iter().any(|place| paths.contains(*place));
        let commit = if changes_owners { &pull.base.sha } else { &revision.commit };
        let Some(file) = self.codeowners(service, commit).await? else {
            return Ok(Ownership::unclear("the commit has no CODEOWNERS"));
        };
        let rules = match CodeOwners::parse(&String::from_utf8_lossy(&file.bytes)) {
            Ok(rules) => rules,
            Err(error) => return Ok(Ownership::unclear(&error.to_string())),
        };
        let teams = teams(github, &rules, &paths).await;
        Ok(compare(&rules, &paths, approvers, &teams))
    }

    async fn codeowners(&self, service: &Service, commit: &str) -> Result<Option<FileAt>, Unseen> {
        if !commit.bytes().all(|b| b.is_ascii_hexdigit()) || commit.len() != 40 {
            return Err(Unseen("GitHub names no commit that was merged into".to_owned()));
        }
        for place in PLACES {
            let path: RelativePath = place.parse().map_err(|_| Unseen(format!("{place} is no path")))?;
            if let Some(file) = self.file_at(service, commit, &path).await? {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }
}

impl Ownership {
    fn unclear(why: &str) -> Self {
        Self { unapproved: Vec::new(), unclear: Some(why.to_owned()) }
    }
}

/// Where files are and where they were: taking a file away from its owners concerns them too.
fn changed(files: &[ChangedFile]) -> BTreeSet<&str> {
    files
        .iter()
        .flat_map(|file| [Some(&file.filename), file.previous_filename.as_ref()])
        .flatten()
        .map(String::as_str)
        .collect()
}

/// The members of the teams that own any of the paths.
async fn teams(github: &Repository<'_>, rules: &CodeOwners, paths: &BTreeSet<&str>) -> Teams {
    let named = paths.iter().flat_map(|path| rules.of(path)).filter_map(|owner| match owner {
        Owner::Team(organization, slug) => Some((organization.clone(), slug.clone())),
        Owner::User(_) | Owner::Address => None,
    });
    let named: BTreeSet<(String, String)> = named.collect();
    let asked = named.into_iter().take(TEAMS).map(|team| async {
        let members = github.team(&team.0, &team.1).await.ok().flatten();
        (team, members)
    });
    futures::future::join_all(asked).await.into_iter().collect()
}

fn compare(rules: &CodeOwners, paths: &BTreeSet<&str>, approvers: &BTreeSet<String>, teams: &Teams) -> Ownership {
    let mut found = Ownership::default();
    for path in paths {
        let owners = rules.of(path);
        let (mut approved, mut unclear) = (owners.is_empty(), None);
        for owner in owners {
            match owner {
                Owner::User(login) => approved |= approvers.contains(login),
                Owner::Team(organization, slug) => {
                    match teams.get(&(organization.clone(), slug.clone())).and_then(Option::as_ref) {
                        Some(members) => approved |= members.iter().any(|member| approvers.contains(member)),
                        None => unclear = Some("who is in a team that owns changed paths cannot be seen"),
                    }
                }
                Owner::Address => unclear = Some("changed paths are owned by addresses, not by accounts"),
            }
        }
        match unclear {
            _ if approved => {}
            Some(why) => found.unclear = Some(why.to_owned()),
            None => found.unapproved.push((*path).to_owned()),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_needs_an_owner_among_those_who_approved() {
        let rules = "* @ada\n/api/ @acme/api\n/mail/ post@example.org\n/free/\n";
        let rules = CodeOwners::parse(rules).unwrap();
        let team = ("acme".to_owned(), "api".to_owned());
        let check =
            |paths: &[&str], approvers: &[&str], members: Option<&[&str]>, unapproved: &[&str], unclear: &str| {
                let members = members.map(|logins| logins.iter().map(|login| (*login).to_owned()).collect());
                let teams = Teams::from([(team.clone(), members)]);
                let approvers = approvers.iter().map(|login| (*login).to_owned()).collect();
                let found = compare(&rules, &paths.iter().copied().collect(), &approvers, &teams);
                assert_eq!(found.unapproved, unapproved, "{paths:?}");
                assert!(found.unclear.unwrap_or_default().contains(unclear), "{paths:?}");
            };
        check(&["a", "free/b"], &["ada"], None, &[], "");
        check(&["a", "b"], &["bob"], None, &["a", "b"], "");
        check(&["api/a"], &["bob"], Some(&["bob", "eve"]), &[], "");
        check(&["api/a"], &["ada"], Some(&["bob"]), &["api/a"], "");
        check(&["api/a"], &["ada"], None, &[], "cannot be seen");
        check(&["mail/a"], &["ada"], None, &[], "addresses");
        check(&[], &[], None, &[], "");
    }

    #[test]
    fn a_renamed_file_concerns_its_owners_before() {
        let moved = ChangedFile { filename: "b".to_owned(), previous_filename: Some("a".to_owned()) };
        assert_eq!(changed(&[moved]), BTreeSet::from(["a", "b"]));
    }
}
