//! A house whose services have a repository on the stand-in for GitHub.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{
    github::{GitHub, Repository},
    mcp::{Answer, Client, House},
};

/// The repository on GitHub.
const REPOSITORY: &str = "acme/site";

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
        Self::at("v2025.01.13", gates, &[]).await
    }

    /// The same with a commit of its own that holds these files.
    pub(crate) async fn with_files(gates: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        Self::at("v2025.02.01", gates, files).await
    }

    async fn at(version: &str, gates: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        let (house, github) = (House::staging().await, GitHub::start().await);
        if !files.is_empty() {
            house.commit(files, version);
        }
        let secret = house.path("secrets/github");
        std::fs::write(&secret, github.token()).unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let names: Vec<&str> = gates.iter().map(|(name, _)| *name).collect();
        let more = format!("github = \"{REPOSITORY}\"\ngates = {names:?}");
        house.add_script_service("site", "deployment-scripts/deploy-forum.sh", 60, &more);
        house.configure(|text| {
            let secret = format!("[secrets]\nGITHUB_TOKEN = \"file:{}\"", secret.display());
            let sections: String =
                gates.iter().map(|(name, keys)| format!("\n[gates.{name}]\n{keys}\n")).collect();
            let api = github.url();
            let text = text.replace("[secrets]", &secret);
            format!("{text}\n[github]\napi = \"{api}\"\ntoken = \"GITHUB_TOKEN\"\n{sections}")
        });
        let commit = rev_parse(&house, &format!("{version}^{{commit}}"));
        let tree = rev_parse(&house, &format!("{version}^{{tree}}"));
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
        let commit = rev_parse(&self.house, &format!("{version}^{{commit}}"));
        let tree = rev_parse(&self.house, &format!("{version}^{{tree}}"));
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

    /// A dry run whose gates are green, or say this.
    #[track_caller]
    pub(crate) fn says(&self, answer: &Answer, wanted: &str) {
        let blocked = answer.blockers().contains(&"GATES_NOT_GREEN");
        if wanted.is_empty() {
            assert!(!blocked && !answer.is_error, "{}", answer.text);
        } else {
            assert!(blocked && answer.text.contains(wanted), "{wanted}\n{}", answer.text);
        }
    }
}

fn rev_parse(house: &House, name: &str) -> String {
    let output = std::process::Command::new("git")
        .arg("-C")
        .arg(house.path("repository"))
        .args(["rev-parse", name])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
