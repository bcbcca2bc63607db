//! A whole little infrastructure in a directory: a git repository with three releases, three services, two databases,
//! secrets, and the web server that serves what is deployed.

mod configuration;
mod databases;
mod repository;
mod web;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use databases::migrate;

/// The sandbox. Its web server runs as long as this lives.
#[derive(Debug)]
pub struct Sandbox {
    /// Its directory.
    pub directory: PathBuf,
    /// `deploy-ops.toml`.
    pub config: PathBuf,
    /// The password that the forum's script prints.
    pub canary: String,
    web: web::Web,
}

/// The releases in the repository, oldest first. The last one is broken.
pub const RELEASES: [&str; 3] = ["v2025.01.13", "v2025.01.14", "v2025.01.15"];

/// Whether plans of the sandbox need a human's approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approvals {
    /// As in production.
    Needed,
    /// One person plays alone: nobody else could approve.
    NotNeeded,
}

impl Sandbox {
    /// Builds the sandbox in `directory`, which must be empty. `program` is this very binary, for the migration script.
    pub async fn build(directory: &Path, program: &Path, approvals: Approvals) -> io::Result<Self> {
        for name in ["srv/shop", "srv/forum", "srv/games", "secrets", "data", "log"] {
            std::fs::create_dir_all(directory.join(name))?;
        }
        private(&directory.join("data"))?;
        private(&directory.join("secrets"))?;
        let canary = format!("Tr{}-{}", uuid::Uuid::new_v4().simple(), "9xQ!v");
        secret(&directory.join("secrets/forum_db"), &canary)?;
        secret(&directory.join("secrets/shop_api"), &uuid::Uuid::new_v4().simple().to_string())?;
        repository::build(&directory.join("repository")).await?;
        databases::build(directory).await?;
        let web = web::Web::start(directory).await?;
        let config = directory.join("deploy-ops.toml");
        std::fs::write(&config, configuration::text(directory, program, &web, approvals))?;
        owner_only(&config, 0o600)?;
        std::fs::write(
            directory.join("log/deployment.log"),
            "2025-01-15T09:00:00Z INFO demo begins\n2025-01-15T09:00:01Z ERROR disk quota exceeded for forum\n",
        )?;
        Ok(Self { directory: directory.to_path_buf(), config, canary, web })
    }

    /// The file that holds the forum's deployment script while it exists.
    pub fn hold_file(&self) -> PathBuf {
        self.directory.join("hold")
    }

    /// How often the forum's deployment script has begun.
    pub fn forum_starts(&self) -> usize {
        std::fs::read_to_string(self.directory.join("srv/forum/starts.log")).map_or(0, |text| text.lines().count())
    }

    /// Moves the newest good tag to another commit, as somebody with `git tag --force` does.
    pub async fn move_tag(&self, tag: &str) -> io::Result<()> {
        repository::move_tag(&self.directory.join("repository"), tag).await
    }

    /// Where a service answers.
    pub fn url(&self, service: &str) -> Option<String> {
        self.web.url(service)
    }
}

fn secret(path: &Path, value: &str) -> io::Result<()> {
    std::fs::write(path, value)?;
    owner_only(path, 0o600)
}

fn private(path: &Path) -> io::Result<()> {
    owner_only(path, 0o700)
}

fn owner_only(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}
