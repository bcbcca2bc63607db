//! The sandbox's git repository.

use std::{fs, io, path::Path};

use tokio::process::Command;

use super::RELEASES;

const DEPLOY_FORUM: &str = include_str!("../files/deploy-forum.sh");
const ROLLBACK_FORUM: &str = include_str!("../files/rollback-forum.sh");
const DEPLOY_GAMES: &str = include_str!("../files/deploy-games.sh");
const MIGRATE_SHOP: &str = include_str!("../files/migrate-shop.sh");
const GATE: &str = include_str!("../files/gate.sh");

/// Three tagged releases: the second adds a migration, the third forgets the health page.
pub(super) async fn build(directory: &Path) -> io::Result<()> {
    for name in ["shop/migrations", "forum", "games", "deployment-scripts"] {
        fs::create_dir_all(directory.join(name))?;
    }
    git(directory, &["init", "--quiet", "--initial-branch=main"]).await?;
    script(directory, "deploy-forum.sh", DEPLOY_FORUM)?;
    script(directory, "rollback-forum.sh", ROLLBACK_FORUM)?;
    script(directory, "deploy-games.sh", DEPLOY_GAMES)?;
    script(directory, "migrate-shop.sh", MIGRATE_SHOP)?;
    script(directory, "gate.sh", GATE)?;
    fs::write(directory.join(".env.example"), "SHOP_API_KEY=\nSHOP_MODE=live\n")?;
    fs::write(
        directory.join("shop/migrations/0001_orders.sql"),
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT)",
    )?;
    for (number, version) in RELEASES.iter().enumerate() {
        fs::write(directory.join("shop/index.html"), format!("<title>Shop {version}</title>\n"))?;
        fs::write(directory.join("forum/index.html"), format!("<title>Forum {version}</title>\n"))?;
        fs::write(directory.join("games/index.html"), format!("<title>Games {version}</title>\n"))?;
        match number {
            0 => fs::write(directory.join("shop/health"), "ok\n")?,
            1 => fs::write(
                directory.join("shop/migrations/0002_amount.sql"),
                "ALTER TABLE orders ADD COLUMN amount INTEGER NOT NULL DEFAULT 1",
            )?,
            _ => fs::remove_file(directory.join("shop/health"))?,
        }
        commit(directory, &format!("Release {version}")).await?;
        git(directory, &["tag", "--annotate", "--message", version, version]).await?;
    }
    Ok(())
}

/// Points a tag at a new commit on top of the one it had.
pub(super) async fn move_tag(directory: &Path, tag: &str) -> io::Result<()> {
    git(directory, &["checkout", "--quiet", tag]).await?;
    fs::write(directory.join("forum/notice.html"), "moved\n")?;
    commit(directory, "A change after the tag").await?;
    git(directory, &["tag", "--force", "--annotate", "--message", tag, tag]).await?;
    git(directory, &["checkout", "--quiet", "main"]).await
}

async fn commit(directory: &Path, message: &str) -> io::Result<()> {
    git(directory, &["add", "--all"]).await?;
    git(directory, &["commit", "--quiet", "--message", message]).await
}

fn script(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join("deployment-scripts").join(name);
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
}

#[expect(clippy::disallowed_methods, reason = "the sandbox is built by the demo itself, before any server runs")]
async fn git(directory: &Path, arguments: &[&str]) -> io::Result<()> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=Demo", "-c", "user.email=demo@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .await
        .map_err(|error| io::Error::new(error.kind(), "cannot run git: install the package git"))?;
    if output.status.success() { Ok(()) } else { Err(io::Error::other("git failed while building the sandbox")) }
}
