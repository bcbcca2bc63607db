//! PHP's OPcache after a switch. PHP remembers a script by the name it was asked for, `current/index.php`, and does not notice that the
//! link leads elsewhere now: it goes on with the old release until somebody says otherwise.
//!
//! Each pool of the web server has a cache of its own that only a request to that pool can reset; a shell on the host is another process.
//! So a PHP file for one request is put where the target's URL shows it, with a name that nobody can guess, asked for, and removed. It
//! removes itself first, so that it answers once. It lies in the release that is live and in the one before: PHP remembers where links
//! lead as well, and may look for it behind the old one.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::FutureExt;
use url::Url;

use super::{claimed, directory, layout};
use crate::{
    domain::{
        inventory::{Target, WebRoot},
        refusal::Code,
        release::ReleaseId,
    },
    policy::Permit,
    world::{
        World, WorldError,
        blocking::blocking,
        host::Place,
        http::{HttpAnswer, HttpRequest},
        smoke::below,
        ssh::{Files, Remote, Role, Stat},
    },
};

const DOING: &str = "reset the OPcache";
/// How our files begin. What is left of them after a crash is known by it.
const PREFIX: &str = "deploy-ops-opcache-";
/// How often is asked; each time a file of its own.
const ATTEMPTS: u32 = 3;
/// The pause before the second attempt; the next one is longer by as much.
const PAUSE: Duration = Duration::from_millis(250);
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What the file does.
const SCRIPT: &str = include_str!("opcache.php");
/// What stands in it for a word that only its answer holds.
const WORD: &str = "{word}";

/// What is to be reset.
#[derive(Debug, Clone, Copy)]
pub struct Reset<'a> {
    /// Which directory of a release the URL shows.
    pub web_root: &'a WebRoot,
    /// The release that is live; without one there is nothing to reset.
    pub live: Option<&'a ReleaseId>,
    /// The release before it: PHP may still look there, and a crash may have left a file there.
    pub before: Option<&'a ReleaseId>,
}

/// What the file found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpcacheState {
    /// The cache was reset.
    Reset,
    /// PHP keeps no cache there.
    Off,
}

impl World {
    /// Resets the OPcache of whoever answers at the target's URL. Nothing is left behind: not now, and not by a crash before.
    pub async fn reset_opcache(
        &self,
        permit: &Permit,
        target: &Target,
        reset: Reset<'_>,
    ) -> Result<OpcacheState, WorldError> {
        let releases = reset.live.into_iter().chain(reset.before);
        let places: Vec<WebDirectory> = releases.map(|id| WebDirectory::of(target, id, reset.web_root)).collect();
        for place in &places {
            self.tidy(permit, target, place).await?;
        }
        if reset.live.is_none() {
            return Ok(OpcacheState::Off);
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.reset_once(permit, target, &places).await {
                Err(error) if attempt < ATTEMPTS => {
                    tracing::info!(error = &error as &dyn std::error::Error, "the OPcache is tried again");
                    tokio::time::sleep(PAUSE * attempt).await;
                }
                other => return other,
            }
        }
    }

    async fn reset_once(
        &self,
        permit: &Permit,
        target: &Target,
        places: &[WebDirectory],
    ) -> Result<OpcacheState, WorldError> {
        let Some(base) = &target.url else { return Err(not_answered("the target has no URL")) };
        let (name, word) = (format!("{PREFIX}{}.php", random()?), random()?);
        let bytes = SCRIPT.replace(WORD, &word).into_bytes();
        let asked = self.ask(permit, target, places, base, &name, &bytes).await;
        // In any case, and all of them: the first that stays must not keep the others.
        let mut left = Ok(());
        for place in places {
            left = self.take(permit, target, &place.path.join(&name)).await.and(left);
        }
        left?;
        judge(&asked?, &word)
    }

    /// Puts the file where the URL shows it, and asks for it.
    async fn ask(
        &self,
        permit: &Permit,
        target: &Target,
        places: &[WebDirectory],
        base: &Url,
        name: &str,
        bytes: &[u8],
    ) -> Result<HttpAnswer, WorldError> {
        for (index, place) in places.iter().enumerate() {
            let is_there = self.put(permit, target, place, name, bytes).await?;
            if index == 0 && !is_there {
                return Err(no_web_root());
            }
        }
        let request = HttpRequest {
            through: target.through_host.then(|| target.host.clone()),
            private_network: target.private_network,
            ca: target.ca.clone(),
            ..HttpRequest::get(below(base, &format!("/{name}")), TIMEOUT)
        };
        self.reader().http_check(&request).await
    }

    /// Removes what was left in a directory.
    async fn tidy(&self, permit: &Permit, target: &Target, place: &WebDirectory) -> Result<(), WorldError> {
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => {
                let place = place.clone();
                blocking(move || tidy_here(&place)).await
            }
            Place::There(host) => claimed(&host, &target.root, permit, || tidy_there(&host, place).boxed()).await,
        }
    }

    /// Puts a file into a directory, unless there is no such directory.
    async fn put(
        &self,
        permit: &Permit,
        target: &Target,
        place: &WebDirectory,
        name: &str,
        bytes: &[u8],
    ) -> Result<bool, WorldError> {
        let path = place.path.join(name);
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => {
                let (place, bytes) = (place.clone(), bytes.to_owned());
                blocking(move || put_here(&place, &path, &bytes)).await
            }
            Place::There(host) => {
                claimed(&host, &target.root, permit, || put_there(&host, place, &path, bytes).boxed()).await
            }
        }
    }

    async fn take(&self, permit: &Permit, target: &Target, path: &Path) -> Result<(), WorldError> {
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => {
                let path = path.to_owned();
                blocking(move || take_here(&path)).await
            }
            Place::There(host) => {
                let act = || async { host.files().await?.remove(path).await }.boxed();
                claimed(&host, &target.root, permit, act).await
            }
        }
    }
}

/// A directory of a release that the web server shows.
#[derive(Debug, Clone)]
struct WebDirectory {
    path: PathBuf,
    /// The release and each directory below it on the way: none of them may be a link.
    parts: Vec<PathBuf>,
}

impl WebDirectory {
    fn of(target: &Target, release: &ReleaseId, web_root: &WebRoot) -> Self {
        let release = directory(&target.root, release);
        let path = web_root.of(&release);
        let parts = path.ancestors().take_while(|part| part.starts_with(&release)).map(Path::to_owned).collect();
        Self { path, parts }
    }

    fn is_here(&self) -> bool {
        self.parts.iter().all(|part| fs::symlink_metadata(part).is_ok_and(|found| found.is_dir()))
    }

    async fn is_there(&self, files: &Files) -> Result<bool, WorldError> {
        for part in &self.parts {
            if !files.stat(part).await?.is_some_and(Stat::is_directory) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn tidy_here(place: &WebDirectory) -> Result<(), WorldError> {
    let io = |error| WorldError::io(DOING, error);
    if !place.is_here() {
        return Ok(());
    }
    for entry in fs::read_dir(&place.path).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_name().to_str().is_some_and(is_ours) {
            take_here(&entry.path())?;
        }
    }
    Ok(())
}

async fn tidy_there(host: &Remote<'_>, place: &WebDirectory) -> Result<(), WorldError> {
    let files = host.files().await?;
    if !place.is_there(&files).await? {
        return Ok(());
    }
    for (name, _) in files.entries(&place.path).await?.iter().filter(|(name, _)| is_ours(name)) {
        files.remove(&place.path.join(name)).await?;
    }
    Ok(())
}

fn put_here(place: &WebDirectory, path: &Path, bytes: &[u8]) -> Result<bool, WorldError> {
    if !place.is_here() {
        return Ok(false);
    }
    let io = |error| WorldError::io(DOING, error);
    let mut file = fs::File::options().write(true).create_new(true).open(path).map_err(io)?;
    // Whatever our umask is: the web server may be another user.
    let written = file.set_permissions(fs::Permissions::from_mode(0o644)).and_then(|()| file.write_all(bytes));
    written.map(|()| true).map_err(io)
}

async fn put_there(host: &Remote<'_>, place: &WebDirectory, path: &Path, bytes: &[u8]) -> Result<bool, WorldError> {
    let files = host.files().await?;
    let is_there = place.is_there(&files).await?;
    if is_there {
        files.replace(path, 0o644, bytes).await?;
    }
    Ok(is_there)
}

/// A file that removed itself is removed.
fn take_here(path: &Path) -> Result<(), WorldError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(WorldError::io(DOING, error)),
        _ => Ok(()),
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// What an answer says. The word in it proves that the file ran; pages of others may stand around it.
fn judge(answer: &HttpAnswer, word: &str) -> Result<OpcacheState, WorldError> {
    let body = String::from_utf8_lossy(&answer.body);
    let said = body.split_once(&format!("{word} ")).map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default());
    match said {
        Some("reset") => Ok(OpcacheState::Reset),
        Some("off") => Ok(OpcacheState::Off),
        Some("forbidden") => Err(WorldError::new(
            Code::Forbidden,
            DOING,
            "PHP forbids it there",
            "Let opcache.restrict_api and disable_functions allow opcache_reset below the target's root, or remove reset_opcache and let \
             PHP see the real path of the release.",
        )),
        Some("failed") => Err(not_answered("PHP could not reset it")),
        _ if answer.status == 200 && body.contains(word) => {
            Err(not_answered("the web server shows PHP files instead of running them"))
        }
        _ => Err(not_answered(format!("HTTP {}, and not the answer of our file", answer.status))),
    }
}

fn no_web_root() -> WorldError {
    layout::wrong(
        DOING,
        "the directory that the URL shows is not one of the release",
        "Correct reset_opcache in deploy-ops.toml: the directory of the release that the URL shows, no link.",
    )
}

fn not_answered(problem: impl Into<String>) -> WorldError {
    let fix = "Let the web server run a PHP file of the directory that reset_opcache names, or remove reset_opcache and let PHP see the \
               real path of the release.";
    WorldError::new(Code::WorldFailed, DOING, problem, fix)
}

/// 128 bits that nobody can guess.
fn random() -> Result<String, WorldError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| WorldError::io(DOING, std::io::Error::other(error)))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> Result<OpcacheState, String> {
        let answer = HttpAnswer { status, body: body.as_bytes().to_vec(), ..HttpAnswer::default() };
        judge(&answer, "0123").map_err(|error| error.problem)
    }

    #[test]
    fn only_the_file_itself_says_what_became_of_the_cache() {
        assert_eq!(said(200, "0123 reset\n"), Ok(OpcacheState::Reset));
        assert_eq!(said(200, "<!-- analytics -->0123 off\n<p>"), Ok(OpcacheState::Off));
        for (status, body, wanted) in [
            (200, "0123 forbidden", "forbids"),
            (200, "0123 failed", "could not reset"),
            (200, SCRIPT.replace(WORD, "0123").as_str(), "instead of running"),
            (200, "reset", "HTTP 200, and not"),
            (404, "Not Found", "HTTP 404, and not"),
            (401, "", "HTTP 401, and not"),
        ] {
            let problem = said(status, body).unwrap_err();
            assert!(problem.contains(wanted), "{body}: {problem}");
        }
    }
}
