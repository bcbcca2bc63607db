//! Tags that only the remote of a service has. They are fetched into a repository of our own, the mirror; the operator's stays as it is.
//!
//! The first object that a tag was seen to name is the one it names: git takes no other one for it without being forced.

use std::{
    fs,
    io::{Read, Seek, Write},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Repository, versions::object_of};
use crate::{
    domain::{
        inventory::{Remote, Service},
        refusal::Code,
        version::{Revision, Version},
    },
    world::{
        Reader, WorldError,
        process::{self, Ending, Invocation},
    },
};

/// What a remote says of one tag is not longer, bytes.
const ANSWER: u64 = 64 * 1024;

impl Reader<'_> {
    /// The repository of a service, with what was fetched from its remote.
    pub(in crate::world) fn repository(self, service: &Service) -> Repository {
        let mirror = self.world.paths.mirror(&service.name);
        Repository { path: service.repository.clone(), mirror: mirror.join("objects").is_dir().then_some(mirror) }
    }

    /// The commit and tree of a version. Where the service has a remote, that is asked for the tag, which is fetched when it is new.
    ///
    /// # Errors
    /// The remote does not answer, its tag is not the one that is known here, or nobody knows the version.
    pub async fn fetch_version(&self, service: &Service, version: &Version) -> Result<Revision, WorldError> {
        let Some(remote) = service.remote.as_ref().filter(|_| !version.is_commit()) else {
            return self.resolve_version(service, version).await;
        };
        let known = self.find_version(service, version).await?;
        let there = self.tag_at(service, remote, version).await?;
        match (known, there) {
            (Some(known), Some(there)) if *object_of(&known) == there => Ok(known),
            (Some(_), Some(_)) => {
                Err(refused(service, "its remote names another object with the tag than was seen before"))
            }
            // It was made here and not pushed yet; one that was fetched was there before.
            (Some(known), None) if Repository::new(&service.repository).find(version).await?.is_some() => Ok(known),
            (Some(_), None) => Err(refused(service, "its remote does not have the tag any more")),
            (None, None) => self.resolve_version(service, version).await,
            (None, Some(there)) => self.fetch(service, remote, version, &there).await,
        }
    }

    /// The object that a tag names at the remote of a service; nothing where there is no remote, or no such tag.
    pub async fn tag_on_remote(&self, service: &Service, version: &Version) -> Result<Option<String>, WorldError> {
        match service.remote.as_ref().filter(|_| !version.is_commit()) {
            Some(remote) => self.tag_at(service, remote, version).await,
            None => Ok(None),
        }
    }

    /// Asks the remote of a service, where it has one, for nothing in particular.
    pub async fn remote_answers(&self, service: &Service) -> Result<(), WorldError> {
        let Some(remote) = &service.remote else { return Ok(()) };
        self.at_remote(service, remote, &["ls-remote", "--quiet", "--", remote.url.as_str(), "HEAD"]).await.map(drop)
    }

    async fn tag_at(
        &self,
        service: &Service,
        remote: &Remote,
        version: &Version,
    ) -> Result<Option<String>, WorldError> {
        let name = format!("refs/tags/{version}");
        let answer =
            self.at_remote(service, remote, &["ls-remote", "--quiet", "--", remote.url.as_str(), &name]).await?;
        let mut lines = answer.lines().filter_map(|line| line.split_once('\t'));
        Ok(lines.find(|(_, found)| *found == name).map(|(object, _)| object.to_owned()))
    }

    async fn fetch(
        &self,
        service: &Service,
        remote: &Remote,
        version: &Version,
        there: &str,
    ) -> Result<Revision, WorldError> {
        let name = format!("refs/tags/{version}:refs/tags/{version}");
        let arguments = ["fetch", "--quiet", "--no-tags", "--no-auto-maintenance", "--no-write-fetch-head", "--"];
        let fetched = self.at_remote(service, remote, &[&arguments[..], &[remote.url.as_str(), &name]].concat()).await;
        // Somebody else may have fetched it at the same time.
        match (self.repository(service).find(version).await?, fetched) {
            (Some(found), _) if object_of(&found) == there => Ok(found),
            (Some(_), _) => Err(refused(service, "its remote gave another object than it had named")),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Err(refused(service, "its remote names with the tag what is no commit")),
        }
    }

    /// Runs git in the mirror, which is made when there is none, and gives what it wrote.
    async fn at_remote(&self, service: &Service, remote: &Remote, arguments: &[&str]) -> Result<String, WorldError> {
        let doing = || format!("ask the remote of service {}", service.name);
        let io = |error| WorldError::io(doing(), error);
        let mirror = self.mirror(service).await?;
        let mut invocation = calling(&mirror, arguments, Duration::from_secs(remote.timeout_s.into()));
        // The header is no argument and no variable, where others could see it.
        let mut private = tempfile::NamedTempFile::new().map_err(io)?;
        if let Some(name) = &remote.token {
            let token = self.secret_value(name).await?;
            let words = STANDARD.encode(format!("x-access-token:{}", token.expose().trim()));
            let words = crate::redact::Secret::new(name.as_str(), words);
            writeln!(private, "[http]\n\textraHeader = Authorization: Basic {}", words.expose()).map_err(io)?;
            private.flush().map_err(io)?;
            invocation.environment = invocation.environment.ours("GIT_CONFIG_GLOBAL", private.path());
        }
        let mut output = tempfile::tempfile().map_err(io)?;
        invocation.output = Some(output.try_clone().map_err(io)?);
        let finished = process::run(invocation).await?;
        if !finished.ending.is_success() {
            let problem = match finished.ending {
                Ending::TimedOut => format!("it did not answer within {} s", remote.timeout_s),
                ending => {
                    format!("it cannot be reached, refuses, or does not give what it names ({})", ending.describe())
                }
            };
            let fix = format!("Check remote of [services.{}], and what the server's log says.", service.name);
            return Err(WorldError::new(Code::WorldFailed, doing(), problem, fix).because(finished.output.last(2048)));
        }
        let mut answer = String::new();
        output.rewind().and_then(|()| output.take(ANSWER).read_to_string(&mut answer)).map_err(io)?;
        Ok(answer)
    }

    async fn mirror(&self, service: &Service) -> Result<Repository, WorldError> {
        let path = self.world.paths.mirror(&service.name);
        let mirror = Repository::new(&path);
        if !path.join("objects").is_dir() {
            fs::create_dir_all(&path).map_err(|error| WorldError::io("make a place for what is fetched", error))?;
            mirror.text(&["init", "--quiet", "--bare", "--template="], None).await?;
        }
        Ok(mirror)
    }
}

/// A call that reaches a remote, and nothing but the one that is named.
fn calling(mirror: &Repository, arguments: &[&str], limit: Duration) -> Invocation {
    let settings = [
        "protocol.allow=never",
        "protocol.https.allow=always",
        // Of the loopback alone: the configuration takes no other.
        "protocol.http.allow=always",
        "protocol.file.allow=always",
        "http.followRedirects=false",
        "credential.helper=",
        "submodule.recurse=false",
    ];
    let mut all: Vec<&str> = settings.iter().flat_map(|setting| ["-c", setting]).collect();
    all.extend(arguments);
    let mut invocation = mirror.invocation(&mirror.path, &all);
    invocation.timeout = limit;
    invocation
}

fn refused(service: &Service, problem: &str) -> WorldError {
    WorldError::new(
        Code::TagRefused,
        format!("fetch a tag of service {}", service.name),
        problem,
        "Find out who changed it there; then tag anew with another name.",
    )
}
