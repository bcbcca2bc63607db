//! The guestbook of `tests/fixtures/guestbook`, installed in a directory of its own: its git repository with three tagged
//! releases, its database, its secrets, its web server, and the inventory that an operator wrote for it.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use base64::Engine;
use tempfile::TempDir;

use super::web;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/guestbook");

/// The releases, each a tag and a directory of the fixture. The last one is broken.
pub(super) const FIRST: &str = "v1.0.0";
pub(super) const SECOND: &str = "v1.1.0";
pub(super) const BROKEN: &str = "v1.2.0";

/// The key of the approver's one-time passwords (RFC 6238, appendix B).
pub(super) const TOTP_KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

pub(super) struct Guestbook {
    directory: TempDir,
    pub(super) password: String,
    pub(super) token: String,
    mail_key: String,
    /// What a guest wrote, which no answer has a reason to show.
    written: String,
    web: SocketAddr,
}

impl Guestbook {
    pub(super) fn install() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let random = || uuid::Uuid::new_v4().simple().to_string();
        let password = format!("Rose&Thorn {} 100%", random());
        let (token, mail_key, written) = (random(), format!("mk-{}", random()), format!("meet me at {}", random()));
        for name in ["srv/guestbook/shared", "srv/guestbook/releases", "secrets", "data", "home"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        mode(&at("data"), 0o700);
        mode(&at("secrets"), 0o700);
        for (name, value) in [("mail_key", mail_key.as_str()), ("token", &token), ("totp", TOTP_KEY)] {
            private(&at("secrets").join(name), value);
        }
        private(
            &at("srv/guestbook/shared/.env"),
            &format!("GUESTBOOK_ADMIN_PASSWORD='{password}'\nGUESTBOOK_MAIL_KEY={mail_key}\n"),
        );
        repository(&at("repository"));
        let database = at("srv/guestbook/shared/guestbook.db");
        let migration = at("repository/migrations/0001_entries.sql");
        run(Command::new("python3").arg(format!("{FIXTURE}/database.py")).args([&database, &migration]).arg(&written));
        let web = web::serve(at("srv/guestbook"), password.clone());
        let book = Self { directory, password, token, mail_key, written, web };
        let inventory = fs::read_to_string(format!("{FIXTURE}/deploy-ops.toml")).unwrap();
        let inventory = inventory
            .replace("@ROOT@", &book.path("").display().to_string())
            .replace("@PORT@", &web.port().to_string())
            .replace("@LOGIN@", &login());
        private(&book.path("deploy-ops.toml"), &inventory);
        book
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.directory.path().to_owned() } else { self.directory.path().join(name) }
    }

    /// The operator's own program, with the operator's environment.
    pub(super) fn deploy_ops(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploy-ops"));
        self.environment(&mut command);
        command
    }

    /// The variables that the server and the operator's commands want.
    pub(super) fn environment(&self, command: &mut Command) {
        command.current_dir(self.path("")).envs(self.variables());
    }

    pub(super) fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("DEPLOY_OPS_CONFIG", self.path("deploy-ops.toml").display().to_string()),
            ("GUESTBOOK_ADMIN_PASSWORD", self.password.clone()),
        ]
    }

    /// What a visitor sees.
    pub(super) fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.web).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The migration that the database is at.
    pub(super) fn migration(&self) -> String {
        let database = self.path("srv/guestbook/shared/guestbook.db");
        let output =
            run(Command::new("sqlite3").arg("-readonly").arg(database).arg("SELECT version_num FROM alembic_version"));
        output.trim().to_owned()
    }

    /// What must not come out anywhere, each with its name.
    pub(super) fn canaries(&self) -> Vec<(&'static str, String)> {
        let base64 = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
        vec![
            ("the password", self.password.clone()),
            ("the random part of the password", self.password.split(' ').nth(1).unwrap().to_owned()),
            ("the password in the header of a request", base64(format!("admin:{}", self.password))),
            ("the mail key", self.mail_key.clone()),
            ("the client's token", self.token.clone()),
            ("the key of the one-time passwords", TOTP_KEY.to_owned()),
            ("what a guest wrote", self.written.clone()),
        ]
    }

    /// Everything that the server keeps, but snapshots, which are whole copies of the database.
    pub(super) fn kept(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut pending = vec![self.path("data"), self.path("quality-reports")];
        while let Some(directory) = pending.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    if path.file_name().is_none_or(|name| name != "snapshots") {
                        pending.push(path);
                    }
                } else if path.is_file() {
                    files.push((path.clone(), fs::read(&path).unwrap()));
                }
            }
        }
        files
    }
}

/// One commit and one tag for each directory of the fixture, each laid over the one before.
fn repository(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    git(directory, &["init", "--quiet", "--initial-branch=main"]);
    for version in [FIRST, SECOND, BROKEN] {
        run(Command::new("cp").args(["-R", &format!("{FIXTURE}/{version}/.")]).arg(directory));
        git(directory, &["add", "--all"]);
        git(directory, &["commit", "--quiet", "--message", &format!("Guestbook {version}")]);
        git(directory, &["tag", "--annotate", "--message", version, version]);
    }
}

fn git(directory: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Operator", "-c", "user.email=operator@example.org", "-c", "commit.gpgsign=false"]);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    run(command.args(arguments).current_dir(directory));
}

pub(super) fn login() -> String {
    run(Command::new("id").arg("-un")).trim().to_owned()
}

/// Runs something that has to end well; its output.
pub(super) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    mode(path, 0o600);
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
