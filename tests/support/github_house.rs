//! A house whose services have a repository on the stand-in for GitHub.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{
    github::{GitHub, Repository},
    mcp::{Answer, Client, House},
};

/// The repository on GitHub.
const REPOSITORY: &str = "acme/site";

/// The version that is deployed.
pub(crate) const VERSION: &str = "v2025.02.01";
/// A script that only notes that it ran.
pub(crate) const SCRIPT: &str = "#!/bin/sh\n[ \"$1\" = --dry-run ] || echo deployed >> \"$DEPLOY_ROOT/deployed\"\n";

/// A house with the service `site`, whose gates ask GitHub.
pub(crate) struct GitHubHouse {
    pub(crate) house: House,
    pub(crate) github: GitHub,
    /// The commit of the version that is deployed.
    pub(crate) commit: String,
}

impl GitHubHouse {
    /// The gates of `site` as `deploy-ops.toml` has them, by name.
    pub(crate) async fn new(gates: &[(&str, &str)]) -> Self {
        Self::with_files(gates, &[]).await
    }

    /// The same with more files in the commit.
    pub(crate) async fn with_files(gates: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        let (house, github) = (House::staging().await, GitHub::start().await);
        house.commit(&[&[("deploy-site.sh", SCRIPT)][..], files].concat(), VERSION);
        // What users would see is the page of another service that is always there.
        std::fs::create_dir_all(house.path("srv/games/www")).unwrap();
        std::fs::write(house.path("srv/games/www/index.html"), "<title>Site</title>").unwrap();
        let secret = house.path("secrets/github");
        std::fs::write(&secret, github.token()).unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let names: Vec<&str> = gates.iter().map(|(name, _)| *name).collect();
        let more = format!("github = \"{REPOSITORY}\"\ngates = {names:?}");
        house.add_script_service("site", "deploy-site.sh", 60, &more);
        house.configure(|text| {
            let secret = format!("[secrets]\nGITHUB_TOKEN = \"file:{}\"", secret.display());
            let sections: String = gates.iter().map(|(name, keys)| format!("\n[gates.{name}]\n{keys}\n")).collect();
            let (api, url) = (github.url(), url_of_games(&text));
            let text = text.replace("[secrets]", &secret);
            format!("{text}{url}\n\n[github]\napi = \"{api}\"\ntoken = \"GITHUB_TOKEN\"\n{sections}")
        });
        let (commit, tree) = objects(&house, VERSION);
        github.edit(|world| {
            world.repository(REPOSITORY).known_commit("main", &commit, &tree);
        });
        Self { house, github, commit }
    }

    /// Alters the repository on GitHub.
    pub(crate) fn edit<T>(&self, edit: impl FnOnce(&mut Repository, &str) -> T) -> T {
        self.github.edit(|world| edit(world.repository(REPOSITORY), &self.commit))
    }

    /// The commit of another version, on which the check `test` succeeded.
    pub(crate) fn green(&self, version: &str) -> String {
        let (commit, tree) = objects(&self.house, version);
        self.edit(|repository, _| {
            repository.known_commit("main", &commit, &tree);
            repository.check_run(&commit, "test", "success");
        });
        commit
    }

    /// A dry run of the version. Nothing of it may show the token.
    pub(crate) async fn dry_run(&self, client: &Client) -> Answer {
        let arguments = json!({ "service": "site", "version": self.commit, "wait_s": 40 });
        let answer = client.call("deploy_service", arguments).await;
        assert!(!answer.raw.contains(self.github.token()), "the token came out");
        answer
    }
}

/// A dry run whose gates are green, or say this.
#[track_caller]
pub(crate) fn says(answer: &Answer, wanted: &str) {
    let blocked = answer.blockers().contains(&"GATES_NOT_GREEN");
    if wanted.is_empty() {
        assert!(!blocked && !answer.is_error, "{}", answer.text);
    } else {
        assert!(blocked && answer.text.contains(wanted), "{wanted}\n{}", answer.text);
    }
}

/// The line that says where the games are.
pub(crate) fn url_of_games(configuration: &str) -> &str {
    let (_, target) = configuration.split_once("[services.games.targets.production]").unwrap();
    target.lines().find(|line| line.starts_with("url = ")).unwrap()
}

/// The commit and the tree of a tag.
fn objects(house: &House, tag: &str) -> (String, String) {
    let output = std::process::Command::new("git")
        .arg("-C")
        .arg(house.path("repository"))
        .args(["rev-parse", &format!("{tag}^{{commit}}"), &format!("{tag}^{{tree}}")])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (commit, tree) = text.trim().split_once('\n').unwrap();
    (commit.to_owned(), tree.to_owned())
}
