//! Services and where they run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    super::{
        name::{DatabaseName, EnvironmentName, GateName, HostName, PageName, SecretName, ServiceName},
        refusal::{Code, Refusal},
    },
    EndToEndSuite,
    fetch::Fetch,
    github::RepositoryName,
    page::{MeasuredAfter, Page, ShownAfter},
    path::RelativePath,
    remote::Remote,
    root::LogPlace,
    smoke::SmokeCheck,
};

/// A service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// One sentence for a human.
    pub description: String,
    /// The git repository it is built from.
    pub repository: PathBuf,
    /// Where tags are fetched from that are not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<Remote>,
    /// The same repository on GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<RepositoryName>,
    /// How it is deployed.
    pub deploy: Deploy,
    /// Where it runs.
    pub targets: BTreeMap<EnvironmentName, Target>,
    /// What has to be green.
    pub gates: Vec<GateName>,
    /// The secrets that must exist.
    pub secrets: Vec<SecretName>,
    /// The secrets and variables that must exist on GitHub, for its workflows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub github_secrets: Vec<SecretName>,
    /// The file in the repository whose keys the service needs, usually `.env.example`.
    pub env_example: Option<RelativePath>,
    /// What is checked after a deployment, besides its URL.
    pub smoke: Vec<SmokeCheck>,
    /// What is looked at in a browser.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<Page>,
    /// Which of them are measured after a deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_after: Option<MeasuredAfter>,
    /// Of which of them pictures are taken after a deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_after: Option<ShownAfter>,
    /// What tests it as its users see it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub e2e: Vec<EndToEndSuite>,
}

impl Service {
    /// The page of that name, or a refusal with those that there are.
    pub fn page(&self, name: &PageName) -> Result<&Page, Refusal> {
        self.pages.iter().find(|page| page.name == *name).ok_or_else(|| {
            let names: Vec<&str> = self.pages.iter().map(|page| page.name.as_str()).collect();
            Refusal::new(
                Code::UnknownName,
                format!("Service {} has no such page.", self.name),
                format!("Give a page as one of: {}.", names.join(", ")),
            )
        })
    }
}

/// Where a service runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// The machine.
    pub host: HostName,
    /// The service's directory there. Deployments change nothing else.
    pub root: PathBuf,
    /// Where users reach it; checked for HTTP 200 after a deployment.
    pub url: Option<Url>,
    /// Whether `url` is asked from the host, because it answers only there.
    pub through_host: bool,
    /// Whether the name in `url` may lead to an address that is not public.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub private_network: bool,
    /// The file with the authorities (PEM) that the certificate of `url` is of; by default those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// The databases a deployment may change: each is snapshotted first.
    pub databases: Vec<DatabaseName>,
    /// The `.env` file below `root`, of which only key names are ever read out.
    pub env_file: Option<RelativePath>,
    /// Paths below `root` that change by themselves (caches, logs) and do not count in the state digest.
    pub volatile: Vec<RelativePath>,
    /// Where `search_logs` looks for this service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogPlace>,
}

/// How a service is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Deploy {
    /// By the operator's own scripts.
    Script(ScriptDeploy),
    /// By release directories and an atomic switch.
    Release(ReleaseDeploy),
}

/// A script in the service's repository.
///
/// Arguments may hold `{version}`, `{commit}`, `{environment}`, `{root}` and `{previous_version}`; each stays one argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Script {
    /// Where it lies in the repository.
    pub path: RelativePath,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How long it may take, seconds.
    pub timeout_s: u32,
    /// The secrets it gets as environment variables when it runs for real. A dry run gets none.
    pub secrets: Vec<SecretName>,
    /// Further environment variables.
    pub environment: BTreeMap<String, String>,
    /// What a cancellation does with it while it runs, when the operator says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_cancel: Option<OnCancel>,
}

/// What a cancellation does with a script that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnCancel {
    /// Nothing: it runs to its end, or to its time limit.
    #[default]
    Wait,
    /// It is ended with all its processes, by `TERM`, and 10 s later by `KILL`.
    End,
}

impl OnCancel {
    /// Whether it is the default; then it is not written, so that plans from before keep their digest.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    pub(in crate::domain) fn is_wait(&self) -> bool {
        *self == Self::Wait
    }
}

/// Deployment by the operator's own scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptDeploy {
    /// Deploys.
    pub script: Script,
    /// The argument that makes it a dry run. Without one a dry run is unsupported and the service cannot be deployed.
    pub dry_run_argument: Option<String>,
    /// The argument that makes it say more, for `verbose`.
    pub verbose_argument: Option<String>,
    /// Goes back to `{previous_version}`.
    pub rollback: Option<Script>,
    /// Where both run.
    #[serde(skip_serializing_if = "Runs::is_here")]
    pub runs: Runs,
}

/// Where the scripts of a deployment run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Runs {
    /// On the machine of this server. They reach the target's host by themselves.
    #[default]
    Here,
    /// On the target's host, which may be this machine.
    OnHost,
}

impl Runs {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    fn is_here(&self) -> bool {
        *self == Self::Here
    }
}

/// Deployment by release directories: `<root>/releases/<id>`, `<root>/shared`, `<root>/current`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseDeploy {
    /// The directory that is released: below the repository, after `build` when there is one, or below what is fetched. Without one,
    /// all that is fetched is.
    pub artifact: Option<RelativePath>,
    /// Builds the artifact in a clean export of the commit.
    pub build: Option<Build>,
    /// Where the artifact is fetched from, when others build it. Then there is no `build`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetch: Option<Fetch>,
    /// Files and directories that live in `<root>/shared` and are linked into every release.
    pub shared: Vec<RelativePath>,
    /// Migrates the databases, before the switch; runs in the new release directory.
    pub migrate: Option<Script>,
    /// How many old releases are kept besides the live one.
    pub keep: u32,
    /// Which directory the URL shows, where PHP's OPcache has to be reset after each switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_opcache: Option<WebRoot>,
}

/// The directory of a release that its URL shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebRoot {
    /// The release itself.
    Release,
    /// A directory in it.
    Below(RelativePath),
}

impl WebRoot {
    /// Its place in a release that lies at `release`.
    pub fn of(&self, release: &Path) -> PathBuf {
        match self {
            Self::Release => release.to_owned(),
            Self::Below(path) => path.below(release),
        }
    }
}

/// A build command, run in a clean export of the commit without any secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The program and its arguments; no shell is involved.
    pub command: Vec<String>,
    /// How long it may take, seconds.
    pub timeout_s: u32,
}
