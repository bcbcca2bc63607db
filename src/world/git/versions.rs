//! Versions: from what a human names to what git says it is.

use super::{Repository, WorldError};
use crate::domain::{
    name::nearest,
    refusal::Code,
    time::Time,
    version::{Revision, Version},
};

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub version: Version,
    /// The commit it names.
    pub commit: String,
    /// When it was made, or the commit when it is a lightweight tag (UTC).
    pub at: Time,
}

/// What the name of a version points at: the tag's own object, or the commit.
pub(super) fn object_of(revision: &Revision) -> &str {
    revision.tag_object.as_deref().unwrap_or(&revision.commit)
}

impl Repository {
    /// The commit and tree of a version. An unknown one is refused with the nearest tags.
    pub(crate) async fn resolve(&self, version: &Version) -> Result<Revision, WorldError> {
        match self.find(version).await? {
            Some(revision) => Ok(revision),
            None => Err(self.unknown(version).await),
        }
    }

    /// The commit and tree of a version, when there is one: of this repository, or else one that was fetched from its remote.
    pub(crate) async fn find(&self, version: &Version) -> Result<Option<Revision>, WorldError> {
        match (self.look(version).await?, &self.mirror) {
            (None, Some(mirror)) if !version.is_commit() => Self::new(mirror).look(version).await,
            (found, _) => Ok(found),
        }
    }

    async fn look(&self, version: &Version) -> Result<Option<Revision>, WorldError> {
        let name = if version.is_commit() { version.to_string() } else { format!("refs/tags/{version}") };
        let wanted = format!("{name}^{{commit}}\n{name}^{{tree}}\n{name}\n");
        let answer = self.text(&["cat-file", "--batch-check"], Some(wanted.as_bytes())).await?;
        let mut objects = answer.lines().map(|line| {
            let mut words = line.split(' ');
            (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned())
        });
        let mut next = |kind: &str| objects.next().filter(|(_, found)| found == kind).map(|(oid, _)| oid);
        let (Some(commit), Some(tree)) = (next("commit"), next("tree")) else { return Ok(None) };
        Ok(Some(Revision { version: version.clone(), commit, tree, tag_object: next("tag") }))
    }

    /// What is checked out.
    pub(crate) async fn head(&self) -> Result<Revision, WorldError> {
        let answer = self.text(&["cat-file", "--batch-check"], Some(b"HEAD^{commit}\n")).await?;
        let commit = answer.split(' ').next().and_then(|commit| commit.parse().ok());
        match commit {
            Some(commit) => self.resolve(&commit).await,
            None => Err(WorldError::new(
                Code::UnknownVersion,
                "read the repository's HEAD",
                "the repository has no commit",
                "Commit something, or correct repository in deploy-ops.toml.",
            )),
        }
    }

    /// The newest tags, newest first. Tags whose names we do not accept as versions are left out.
    pub(crate) async fn tags(&self, limit: usize) -> Result<Vec<Tag>, WorldError> {
        self.tag_list(limit, &[]).await
    }

    /// The newest tag in the history of a commit, without the commit itself; `None` when there is none.
    pub(crate) async fn previous_tag(&self, commit: &str) -> Result<Option<Tag>, WorldError> {
        let parent = format!("{commit}^{{commit}}^\n");
        let answer = self.text(&["cat-file", "--batch-check"], Some(parent.as_bytes())).await?;
        match answer.split(' ').collect::<Vec<_>>().as_slice() {
            [parent, "commit", ..] => {
                let merged = format!("--merged={parent}");
                Ok(self.tag_list(1, &[&merged]).await?.into_iter().next())
            }
            _ => Ok(None),
        }
    }

    /// When a commit was made, as its committer's clock says.
    pub(crate) async fn committed_at(&self, commit: &str) -> Result<Time, WorldError> {
        let text = self.text(&["cat-file", "commit", commit], None).await?;
        let committer = text.lines().take_while(|line| !line.is_empty()).find(|line| line.starts_with("committer "));
        let second = committer.and_then(|line| line.rsplit(' ').nth(1)?.parse::<i64>().ok()?.checked_mul(1000));
        second.map(Time::from_millis).ok_or_else(|| {
            WorldError::new(
                Code::UnknownVersion,
                "read when the commit was made",
                "the commit does not say it",
                "Look at the commit with git cat-file.",
            )
        })
    }

    async fn tag_list(&self, limit: usize, filter: &[&str]) -> Result<Vec<Tag>, WorldError> {
        let format = "--format=%(refname:strip=2) %(objectname) %(*objectname) %(creatordate:unix)";
        let mut arguments = vec!["for-each-ref", "--sort=-version:refname", "--sort=-creatordate", format];
        arguments.extend(filter);
        arguments.push("refs/tags/");
        let listing = self.text(&arguments, None).await?;
        let tag = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, object, peeled, date] = words.as_slice() else { return None };
            let commit = if peeled.is_empty() { object } else { peeled };
            let at = Time::from_millis(date.parse::<i64>().ok()?.checked_mul(1000)?);
            Some(Tag { version: name.parse().ok()?, commit: (*commit).to_owned(), at })
        };
        Ok(listing.lines().filter_map(tag).take(limit).collect())
    }

    async fn unknown(&self, version: &Version) -> WorldError {
        let tags = self.tags(500).await.unwrap_or_default();
        let near = nearest(version.as_str(), tags.iter().map(|tag| tag.version.as_str()));
        let near =
            if near.is_empty() { tags.iter().take(3).map(|tag| tag.version.to_string()).collect() } else { near };
        let fix = if near.is_empty() {
            "The repository has no tags: create one, or fetch them into the repository.".to_owned()
        } else {
            format!("Did you mean {}? If the tag is new, fetch it into the repository.", near.join(" or "))
        };
        WorldError::new(
            Code::UnknownVersion,
            "resolve the version",
            "there is no such tag or commit in the service's repository",
            fix,
        )
    }
}
