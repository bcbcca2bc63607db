//! Artifacts that GitHub keeps: files of releases, and what runs of workflows left. What is offered is told apart from everything
//! else by its number and its digest.

use serde::Deserialize;

use super::{
    super::{Reader, WorldError},
    Listed, Repository,
    download::Form,
    error::Trouble,
};
use crate::domain::{
    digest::Digest,
    inventory::{Fetch, Service},
    pattern::matches,
    refusal::Code,
    time::Time,
    version::{Revision, Version},
};

/// How far the clock of whoever committed may be ahead of GitHub's, seconds.
const CLOCKS_S: i64 = 300;
/// How large a list of digests may be, bytes.
const CHECKSUMS: u64 = 1024 * 1024;

/// What GitHub offers for a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Which of GitHub's things it is: `file 7 of release v1.2.0`.
    pub what: String,
    /// How large GitHub says the archive is, bytes.
    pub bytes: u64,
    /// The digest of the archive.
    pub digest: Digest,
    /// When it was made (UTC).
    pub made_at: Time,
    /// Where its bytes are, below the repository.
    pub(in crate::world) place: (Form, String),
}

impl Offer {
    /// What a plan is bound to.
    pub fn fact(&self) -> String {
        format!("{}, sha256 {}, {} bytes, made at {}", self.what, self.digest, self.bytes, self.made_at)
    }
}

#[derive(Debug, Deserialize)]
struct Release {
    id: u64,
}

/// A file of a release.
#[derive(Debug, Clone, Deserialize)]
struct Asset {
    id: u64,
    name: String,
    size: u64,
    created_at: Time,
    #[serde(default)]
    state: String,
    #[serde(default)]
    digest: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Run {
    id: u64,
    head_sha: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    repository: Option<Place>,
    #[serde(default)]
    head_repository: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Place {
    id: u64,
}

/// What a run left.
#[derive(Debug, Clone, Deserialize)]
struct Left {
    id: u64,
    name: String,
    size_in_bytes: u64,
    expired: bool,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    created_at: Option<Time>,
}

impl Reader<'_> {
    /// What GitHub offers as the artifact of a revision.
    ///
    /// # Errors
    /// There is none or more than one, it is of another commit or older than its commit, or nothing says its digest.
    pub async fn artifact_offer(
        &self,
        service: &Service,
        fetch: &Fetch,
        revision: &Revision,
    ) -> Result<Offer, WorldError> {
        let repository = self.github(service)?;
        let committed_at = self.repository(service).committed_at(&revision.commit).await?;
        let offer = match fetch {
            Fetch::Release { asset, checksums } => {
                Box::pin(repository.of_release(asset, checksums.as_deref(), revision)).await?
            }
            Fetch::Workflow { workflow, name } => {
                Box::pin(repository.of_workflow(workflow, name, &revision.commit)).await?
            }
        };
        if offer.made_at.plus_s(CLOCKS_S) < committed_at {
            return Err(refused(
                &format!("accept {}", offer.what),
                "it is older than its commit",
                "Build and publish it from the commit; then make a new version.",
            ));
        }
        Ok(offer)
    }
}

impl Repository<'_> {
    async fn of_release(
        &self,
        pattern: &str,
        checksums: Option<&str>,
        revision: &Revision,
    ) -> Result<Offer, WorldError> {
        let version = &revision.version;
        let doing = format!("find the artifact of {version} on GitHub");
        if version.is_commit() {
            let fix = "Give the tag, for only tags have releases.";
            return Err(refused(&doing, "its artifact is a file of a release, and this is a commit", fix));
        }
        match self.tag(version).await? {
            Some(tag) if tag.commit == revision.commit => {}
            Some(_) => {
                let fix = "Find out who moved it, and make a new version.";
                return Err(refused(&doing, "the tag names another commit there than in the repository here", fix));
            }
            None => return Err(refused(&doing, "GitHub does not have the tag", "Push the tag.")),
        }
        let release = self.get::<Release>(&doing, &format!("/releases/tags/{}", in_one_part(version))).await;
        let release = match release {
            Err(error) if error.trouble == Trouble::NotFound => {
                return Err(refused(&doing, "the tag has no published release", "Publish the release of the tag."));
            }
            other => other?,
        };
        let below = format!("/releases/{}/assets", release.id);
        let assets: Vec<Asset> = self.list(&doing, &below, Listed::Plain).await?;
        let asset = only(&doing, &assets, pattern)?;
        let said = match checksums {
            None => None,
            Some(name) => Some(self.said_digest(&doing, only(&doing, &assets, name)?, &asset.name).await?),
        };
        let digest = agreed(asset.digest.as_deref(), said)
            .map_err(|why| refused(&doing, why, "Publish the file again, or name a file of digests as checksums."))?;
        Ok(Offer {
            what: format!("file {} of release {version}", asset.id),
            bytes: asset.size,
            digest,
            made_at: asset.created_at,
            place: (Form::File, format!("/releases/assets/{}", asset.id)),
        })
    }

    /// What a file of digests says of a file.
    async fn said_digest(&self, doing: &str, list: &Asset, of: &str) -> Result<Digest, WorldError> {
        let scratch = self.reader.scratch("digests-")?;
        let file = scratch.path().join("digests");
        let below = format!("/releases/assets/{}", list.id);
        let digest = self.download(doing, (Form::File, below.as_str()), CHECKSUMS, &file).await?;
        let promised = list.digest.as_deref().map(parsed);
        if promised.is_some_and(|promised| promised != Some(digest)) {
            let fix = "Find out who replaced it; publish it anew under a new version.";
            return Err(refused(doing, "the file of digests has another digest than GitHub says", fix));
        }
        let bytes = tokio::fs::read(&file).await.map_err(|error| WorldError::io(doing, error))?;
        in_list(&String::from_utf8_lossy(&bytes), of)
            .ok_or_else(|| refused(doing, "the file of digests does not name it exactly once", "Make the list anew."))
    }

    async fn of_workflow(&self, workflow: &str, name: &str, commit: &str) -> Result<Offer, WorldError> {
        let doing = format!("find what workflow {workflow} left on GitHub");
        let below = format!("/actions/workflows/{workflow}/runs?head_sha={commit}&status=success");
        let runs: Vec<Run> = self.list(&doing, &below, Listed::Under("workflow_runs")).await?;
        let run = chosen(&runs, commit).map_err(|why| {
            refused(&doing, why, "Let the workflow run for the commit, on a push or by hand, until it succeeds.")
        })?;
        let below = format!("/actions/runs/{}/artifacts", run.id);
        let left: Vec<Left> = self.list(&doing, &below, Listed::Under("artifacts")).await?;
        // A run that was repeated may leave one more under the same name.
        let newest = left.iter().filter(|left| left.name == name).max_by_key(|left| left.id);
        let again = "Let the workflow run again for the commit.";
        let newest = newest.ok_or_else(|| refused(&doing, "the run left nothing of the configured name", again))?;
        if newest.expired {
            return Err(refused(&doing, "GitHub has removed it: its time was over", again));
        }
        let digest = agreed(newest.digest.as_deref(), None).map_err(|why| refused(&doing, why, again))?;
        let made_at =
            newest.created_at.ok_or_else(|| refused(&doing, "GitHub does not say when it was made", again))?;
        Ok(Offer {
            what: format!("artifact {} of run {} of {workflow}", newest.id, run.id),
            bytes: newest.size_in_bytes,
            digest,
            made_at,
            place: (Form::Archive, format!("/actions/artifacts/{}/zip", newest.id)),
        })
    }
}

/// The one file whose name fits.
fn only<'a>(doing: &str, assets: &'a [Asset], pattern: &str) -> Result<&'a Asset, WorldError> {
    let mut fitting = assets.iter().filter(|asset| asset.state == "uploaded" && matches(pattern, &asset.name));
    match (fitting.next(), fitting.next()) {
        (Some(asset), None) => Ok(asset),
        (None, _) => {
            Err(refused(doing, format!("the release has no file {pattern}"), "Upload it, or correct the name."))
        }
        (Some(_), Some(_)) => {
            Err(refused(doing, format!("more than one file of the release fits {pattern}"), "Name one file alone."))
        }
    }
}

/// The newest run that built exactly the commit, in this repository. A run for a pull request builds a merge that nobody will deploy,
/// and may be a stranger's.
fn chosen<'a>(runs: &'a [Run], commit: &str) -> Result<&'a Run, &'static str> {
    let succeeded =
        |run: &&Run| run.status.as_deref() == Some("completed") && run.conclusion.as_deref() == Some("success");
    let ours =
        |run: &&Run| run.head_sha == commit && run.head_repository.is_some() && run.head_repository == run.repository;
    let of_commit = |run: &&Run| !run.event.is_empty() && !run.event.starts_with("pull_request");
    let built: Vec<&Run> = runs.iter().filter(succeeded).filter(ours).collect();
    let newest = built.iter().filter(|run| of_commit(run)).max_by_key(|run| run.id);
    newest.copied().ok_or(if built.is_empty() {
        "no run of the workflow succeeded for the commit"
    } else {
        "only runs for pull requests succeeded, and those build something else than the commit"
    })
}

/// The digest, by GitHub and by a list; all that speak must say the same.
fn agreed(by_github: Option<&str>, by_list: Option<Digest>) -> Result<Digest, &'static str> {
    match (by_github.map(parsed), by_list) {
        (Some(None), _) => Err("GitHub says its digest in a way that is not known here"),
        (None, None) => Err("nothing says its digest"),
        (Some(Some(one)), Some(other)) if one != other => Err("GitHub and the file of digests say different digests"),
        (Some(Some(digest)), _) | (None, Some(digest)) => Ok(digest),
    }
}

fn parsed(text: &str) -> Option<Digest> {
    text.strip_prefix("sha256:")?.parse().ok()
}

/// The digest of a file in a list as `sha256sum` writes it; none when the list does not name it exactly once.
fn in_list(list: &str, name: &str) -> Option<Digest> {
    let mut found = list.lines().filter_map(|line| {
        let (digest, file) = line.trim_end().split_once(' ')?;
        let file = file.strip_prefix([' ', '*']).unwrap_or(file);
        (file.strip_prefix("./").unwrap_or(file) == name).then_some(digest)
    });
    match (found.next(), found.next()) {
        (Some(digest), None) => digest.parse().ok(),
        _ => None,
    }
}

/// The name of a tag as one part of a path.
fn in_one_part(version: &Version) -> String {
    version.as_str().replace('+', "%2B").replace('/', "%2F")
}

fn refused(doing: &str, why: impl Into<String>, fix: &str) -> WorldError {
    WorldError::new(Code::ArtifactRefused, doing, why, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789012345678901234567890123456789";

    fn run(id: u64, change: impl FnOnce(&mut Run)) -> Run {
        let mut run = Run {
            id,
            head_sha: COMMIT.to_owned(),
            event: "push".to_owned(),
            status: Some("completed".to_owned()),
            conclusion: Some("success".to_owned()),
            repository: Some(Place { id: 1 }),
            head_repository: Some(Place { id: 1 }),
        };
        change(&mut run);
        run
    }

    #[test]
    fn a_run_counts_that_built_exactly_the_commit_here() {
        let check = |runs: &[Run], wanted: Result<u64, &str>| {
            let found = chosen(runs, COMMIT).map(|run| run.id);
            match wanted {
                Ok(id) => assert_eq!(found, Ok(id)),
                Err(why) => assert!(found.unwrap_err().contains(why)),
            }
        };
        check(&[run(1, |_| {}), run(3, |_| {}), run(2, |_| {})], Ok(3));
        check(&[run(1, |_| {}), run(3, |run| run.conclusion = Some("failure".to_owned()))], Ok(1));
        check(&[], Err("no run"));
        check(&[run(1, |run| run.head_sha = "f".repeat(40))], Err("no run"));
        check(&[run(1, |run| run.status = None)], Err("no run"));
        check(&[run(1, |run| run.head_repository = Some(Place { id: 2 }))], Err("no run"));
        check(&[run(1, |run| (run.repository, run.head_repository) = (None, None))], Err("no run"));
        check(&[run(1, |run| run.event = "pull_request".to_owned())], Err("only runs for pull requests"));
        check(&[run(1, |run| run.event = "pull_request_target".to_owned())], Err("only runs for pull requests"));
        check(&[run(1, |run| run.event = String::new())], Err("only runs for pull requests"));
    }

    #[test]
    fn all_that_say_a_digest_must_say_the_same() {
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let said = format!("sha256:{one}");
        assert_eq!(agreed(Some(&said), None), Ok(one));
        assert_eq!(agreed(Some(&said), Some(one)), Ok(one));
        assert_eq!(agreed(None, Some(other)), Ok(other));
        assert!(agreed(Some(&said), Some(other)).is_err());
        assert!(agreed(None, None).is_err());
        assert!(agreed(Some("md5:abc"), Some(one)).is_err(), "a word that is not known is no silence");
    }

    #[test]
    fn a_list_of_digests_names_a_file_once() {
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let list =
            format!("{one}  a.zip\n{other} *b.zip\n{other}  ./c.zip\r\n{one}  twice\n{other}  twice\nnothing  d\n");
        assert_eq!(in_list(&list, "a.zip"), Some(one));
        assert_eq!(in_list(&list, "b.zip"), Some(other));
        assert_eq!(in_list(&list, "c.zip"), Some(other));
        for name in ["twice", "d", "zip", ""] {
            assert_eq!(in_list(&list, name), None, "{name}");
        }
    }
}
