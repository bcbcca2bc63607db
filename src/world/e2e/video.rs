//! Videos of tests. Playwright records them with an `ffmpeg` that it looks for beside its browsers, under the number that its package
//! names. Where it has none, the system's is put there: the same encoder does.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::super::{
    Reader, WorldError,
    process::{self, Environment, Invocation},
};
use crate::domain::{inventory::EndToEndSuite, refusal::Code};

/// What names the place of Playwright's browsers.
pub(super) const BROWSERS: &str = "PLAYWRIGHT_BROWSERS_PATH";
/// Where it is without that, below the home directory.
const USUAL: &str = ".cache/ms-playwright";
/// Where its package lies below `node_modules`: as npm and as pnpm put it.
const PACKAGES: [&str; 2] = ["node_modules/playwright-core", "node_modules/.pnpm/node_modules/playwright-core"];
/// A longer list of browsers is none, bytes.
const LONGEST: u64 = 256 * 1024;
/// Where the system's recorder is looked for.
const DIRECTORIES: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];
/// How long it may take to name its encoders.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Browsers {
    browsers: Vec<Browser>,
}

#[derive(Deserialize)]
struct Browser {
    name: String,
    revision: String,
}

/// Where a suite runs, as far as it matters here.
pub(super) struct Place<'a> {
    pub(super) suite: &'a EndToEndSuite,
    pub(super) export: &'a Path,
    pub(super) home: &'a Path,
    /// A directory that is not there yet.
    pub(super) new: &'a Path,
}

impl Place<'_> {
    /// Makes a video possible: the directory in which Playwright then finds its browsers and a recorder. Else why there can be none.
    pub(super) fn recorder(&self, system: Option<PathBuf>) -> Result<PathBuf, String> {
        let (package, revision) = self.package().ok_or("it is not known where Playwright is installed")?;
        let named = self.suite.environment.get(BROWSERS).map(String::as_str);
        let browsers = match named {
            Some("0") => package.join(".local-browsers"),
            Some(path) => self.export.join(path),
            None => self.home.join(USUAL),
        };
        let recorder = format!("ffmpeg-{revision}");
        if is_program(&browsers.join(&recorder).join("ffmpeg-linux")) {
            return Ok(browsers);
        }
        let system = system.ok_or("there is no ffmpeg on this machine, and Playwright has none of its own")?;
        let io = |error: io::Error| format!("a place for the recorder could not be made: {}", error.kind());
        let make = |directory: &Path| DirBuilder::new().mode(0o700).create(directory).map_err(io);
        make(self.new)?;
        for browser in fs::read_dir(&browsers).into_iter().flatten().flatten() {
            if browser.file_name().to_str() != Some(recorder.as_str()) {
                symlink(browser.path(), self.new.join(browser.file_name())).map_err(io)?;
            }
        }
        let directory = self.new.join(recorder);
        make(&directory)?;
        symlink(system, directory.join("ffmpeg-linux")).map_err(io)?;
        Ok(self.new.to_owned())
    }

    /// Playwright's package, and the number of its recorder: where the suite runs, or nearer to its report.
    fn package(&self) -> Option<(PathBuf, String)> {
        let report = self.suite.report.below(self.export);
        let places = report.ancestors().skip(1).take_while(|place| place.starts_with(self.export));
        let mut packages = places.flat_map(|place| PACKAGES.map(|package| place.join(package)));
        packages.find_map(|package| Some((package.clone(), revision(&package)?)))
    }
}

fn revision(package: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(package.join("browsers.json")).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    let list: Browsers = serde_json::from_str(&text).ok()?;
    let recorder = list.browsers.into_iter().find(|browser| browser.name == "ffmpeg")?;
    // It becomes the name of a directory.
    let digits = (1..=10).contains(&recorder.revision.len()) && recorder.revision.bytes().all(|b| b.is_ascii_digit());
    digits.then_some(recorder.revision)
}

/// The system's recorder.
pub(super) fn of_system() -> Option<PathBuf> {
    DIRECTORIES.iter().map(|directory| Path::new(directory).join("ffmpeg")).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

impl Reader<'_> {
    /// The system's program that can record videos of tests; for `doctor`.
    pub async fn video_recorder(&self) -> Result<PathBuf, WorldError> {
        let fix = "Install ffmpeg; Debian's package has what is needed.";
        let unable = |problem: &str| WorldError::new(Code::Unsupported, "record a video of a test", problem, fix);
        let program = of_system().ok_or_else(|| unable("there is no ffmpeg in the usual directories"))?;
        let mut invocation = Invocation::new(&program, &std::env::temp_dir(), PATIENCE);
        invocation.environment = Environment::default();
        let run = process::run(invocation.args(&["-hide_banner", "-encoders"])).await?;
        if run.ending.is_success() && run.output.text().contains("libvpx") {
            return Ok(program);
        }
        Err(unable("its ffmpeg cannot encode VP8 and VP9"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::results::Format;

    fn suite(report: &str, browsers: Option<&str>) -> EndToEndSuite {
        EndToEndSuite {
            name: "ui".parse().unwrap(),
            command: vec!["npx".to_owned()],
            prepare: None,
            timeout_s: 1,
            path: Vec::new(),
            directory: None,
            report: report.parse().unwrap(),
            format: Format::Playwright,
            flows: std::collections::BTreeMap::new(),
            secrets: Vec::new(),
            environment: browsers.map(|path| (BROWSERS.to_owned(), path.to_owned())).into_iter().collect(),
            after_deploy: false,
            pictures: true,
        }
    }

    fn install(below: &Path, revision: &str) {
        let package = below.join(PACKAGES[0]);
        fs::create_dir_all(&package).unwrap();
        let list = format!(r#"{{"browsers": [{{"name": "ffmpeg", "revision": {revision:?}, "more": 1}}]}}"#);
        fs::write(package.join("browsers.json"), list).unwrap();
    }

    fn found(root: &Path, suite: &EndToEndSuite, system: Option<&str>) -> Result<PathBuf, String> {
        let (export, home, new) = (root.join("export"), root.join("home"), root.join("new"));
        let _ = fs::remove_dir_all(&new);
        Place { suite, export: &export, home: &home, new: &new }.recorder(system.map(PathBuf::from))
    }

    #[test]
    fn a_recorder_is_put_beside_the_browsers_that_there_are() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir_all(root.join("kept/chromium-1")).unwrap();
        let kept = root.join("kept").display().to_string();
        let (usual, named) = (suite("e2e/report.json", None), suite("e2e/report.json", Some(&kept)));
        assert!(found(root, &usual, Some("/bin/sh")).unwrap_err().contains("where Playwright is installed"));
        install(&root.join("export/e2e"), "1013");
        assert!(found(root, &usual, None).unwrap_err().contains("there is no ffmpeg on this machine"));
        for suite in [&usual, &named] {
            let place = found(root, suite, Some("/bin/sh")).unwrap();
            assert_eq!(fs::read_link(place.join("ffmpeg-1013/ffmpeg-linux")).unwrap(), Path::new("/bin/sh"));
        }
        assert!(root.join("new/chromium-1").is_dir(), "its browsers are still found");
        // One of its own is left alone.
        fs::create_dir_all(root.join("kept/ffmpeg-1013")).unwrap();
        symlink("/bin/sh", root.join("kept/ffmpeg-1013/ffmpeg-linux")).unwrap();
        assert_eq!(found(root, &named, None).unwrap(), root.join("kept"));
        install(&root.join("export/e2e"), "../1013");
        assert!(found(root, &named, None).is_err(), "a number is no path");
    }
}
