//! A site of PHP on a shared host, with its database: both answer only there. It is deployed through the door.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
};

use serde_json::json;
use tokio::process::Command;

use crate::support::{
    cut::Cut,
    mariadb::{self, Features, MariaDb},
    mcp::{Answer, Client, House, collect},
    sandbox::git,
    sshd::{Shape, Sshd},
    stage::program,
    wait::until,
};

/// A token of the site, which it logs and its scripts print. Nobody told the server of it.
pub(super) const TOKEN: &str = "tok-canary-7Yq2Lm9Xw4Bn6Zs1Kd8Rv3";
/// A secret of the scripts that looks like none: it is known or it comes out.
const WORD: &str = "umbrella lantern harbour cobalt";
/// What else the repository holds: each file of the site that is not changed by a version.
const LIBRARIES: usize = 40;
const SERVER: &str = include_str!("files/server.php");
const SCRIPTS: &[(&str, &str)] = &[
    ("scripts/updatedb.sh", include_str!("files/updatedb.sh")),
    ("scripts/deploy.sh", include_str!("files/deploy.sh")),
    ("scripts/rollback.sh", include_str!("files/rollback.sh")),
    ("scripts/copy.sh", include_str!("files/copy.sh")),
    ("scripts/copy-back.sh", include_str!("files/copy.sh")),
];
const PHP: &[(&str, &str)] = &[
    ("site/index.php", include_str!("files/index.php")),
    ("site/updatedb.php", include_str!("files/updatedb.php")),
    ("pages/index.php", include_str!("files/pages.php")),
];

/// The host with everything on it, and the house whose services live there.
pub(super) struct Site {
    pub(super) house: House,
    pub(super) database: mariadb::Database,
    // Before the host, whose network it is in.
    pub(super) mariadb: MariaDb,
    /// The line to the host.
    pub(super) line: Cut,
    pub(super) host: Sshd,
}

impl Site {
    pub(super) async fn new() -> Self {
        Self::on(Sshd::shape()).await
    }

    /// On a host of this shape, with `v1` in the repository and nothing deployed.
    pub(super) async fn on(shape: Shape) -> Self {
        let host = shape.own_network().start().await;
        let mariadb = MariaDb::with(Features { network: Some(host.pid()), ..Features::default() }).await;
        let database = mariadb.database("site").await;
        let (user, beside) = (&database.user, database.name.replace('_', "\\_"));
        for databases in ["deployops\\_v\\_%", &format!("{beside}\\_\\_%")] {
            mariadb.execute(&format!("GRANT ALL ON `{databases}`.* TO '{user}'@'127.0.0.1'")).await;
        }
        let rows = "CREATE TABLE key_value (collection VARCHAR(128), name VARCHAR(128), value LONGBLOB NOT NULL, \
                    PRIMARY KEY (collection, name)) ENGINE = InnoDB; \
                    INSERT INTO key_value VALUES ('system.schema', 'site', 'i:9000;'); \
                    CREATE TABLE node (id INT PRIMARY KEY AUTO_INCREMENT, title TEXT) ENGINE = InnoDB; \
                    INSERT INTO node (title) SELECT MD5(seq) FROM seq_1_to_100; \
                    CREATE TABLE password_resets (token INT) ENGINE = InnoDB";
        mariadb.execute_in(&database, rows).await;

        host.plant("server.php", SERVER);
        host.plant("site/shared/logs/site.log", "");
        host.plant("site/shared/files/.keep", "");
        host.plant("pages/.keep", "");
        host.plant("copied/.keep", "");
        let settings = format!(
            "DB_USER={user}\nDB_PASSWORD={}\nDB_PORT={}\nAPI_TOKEN={TOKEN}\n",
            mariadb::PASSWORD,
            database.port
        );
        fs::set_permissions(host.plant("site/shared/.env", settings), PermissionsExt::from_mode(0o600)).unwrap();
        let started = host.run("setsid php -S 127.0.0.1:8080 server.php >web.log 2>&1 </dev/null & echo $!").await;
        assert_eq!(started.code, Some(0), "{}", started.stderr);
        until(|| fs::read_to_string(host.path("web.log")).is_ok_and(|log| log.contains("started")).then_some(())).await;

        let line = Cut::before(host.port()).await;
        let house = House::staging().await;
        let site = Self { house, database, mariadb, line, host };
        fs::create_dir(site.house.path("site")).unwrap();
        git(&site.house.path("site"), &["init", "-q", "-b", "main"]);
        let libraries: Vec<(String, Vec<u8>)> = (0..LIBRARIES).map(|number| library(number, 3_000)).collect();
        let libraries = libraries.iter().map(|(name, content)| (name.as_str(), content.as_slice()));
        let texts = SCRIPTS.iter().chain(PHP).map(|(name, text)| (*name, text.as_bytes()));
        site.commit(&texts.chain(libraries).collect::<Vec<_>>(), 1);
        site.configure();
        site
    }

    /// Commits a version with these files. Each adds an update of the database.
    pub(super) fn commit<T: AsRef<[u8]>>(&self, files: &[(&str, T)], version: u32) {
        let repository = self.house.path("site");
        let updates: String = (1..=version).map(update).collect();
        let version = format!("v{version}");
        let own = [("site/version", version.as_str()), ("pages/version", &version), ("site/site.install", &updates)];
        let own = own.iter().map(|(name, text)| (*name, text.as_bytes()));
        for (name, content) in own.chain(files.iter().map(|(name, content)| (*name, content.as_ref()))) {
            let path = repository.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            let mode = if name.starts_with("scripts/") { 0o755 } else { 0o644 };
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        }
        git(&repository, &["add", "-A"]);
        git(&repository, &["commit", "-q", "-m", &version]);
        git(&repository, &["tag", "-a", "-m", &version, &version]);
    }

    fn configure(&self) {
        let (house, database) = (&self.house, &self.database);
        let password = house.path("secrets/site_db");
        fs::write(&password, &database.password).unwrap();
        fs::set_permissions(&password, PermissionsExt::from_mode(0o600)).unwrap();
        let word = house.path("secrets/site_word");
        fs::write(&word, WORD).unwrap();
        fs::set_permissions(&word, PermissionsExt::from_mode(0o600)).unwrap();
        fs::write(house.path("known_hosts"), self.host.known_hosts_line() + "\n").unwrap();
        let (root, repository) = (self.host.root(), house.path("site").display().to_string());
        let secrets = format!(
            "[secrets]\nSITE_DB_PASSWORD = \"file:{}\"\nSITE_WORD = \"file:{}\"\nDEPLOY_KEY = \"file:{}\"\n",
            password.display(),
            word.display(),
            self.host.identity_file().display()
        );
        let roots = format!("[roots]\nsite = {{ host = \"web\", path = \"{root}/site/shared\" }}\n");
        let host = format!(
            "{}rehearsal = {{ user = \"rehearsal\", identity_file = \"{}\" }}\n",
            self.host.toml_at("web", self.line.port()),
            self.host.rehearsal_identity_file().display()
        );
        let database = format!(
            "[databases.site]\nengine = \"mariadb\"\naddress = \"127.0.0.1\"\nport = {}\ndatabase = \"{}\"\nuser = \"{}\"\n\
             password = \"SITE_DB_PASSWORD\"\nvia = \"web\"\ntls = \"off\"\nmigrations = \"drush\"\n",
            database.port, database.name, database.user
        );
        let site = format!(
            "[services.site]\nrepository = \"{repository}\"\nsecrets = [\"SITE_DB_PASSWORD\"]\nenv_example = \".env.example\"\n\
             [services.site.deploy]\nkind = \"release\"\nartifact = \"site\"\nshared = [\".env\", \"logs\", \"files\"]\nkeep = 3\n\
             reset_opcache = true\n\
             migrate = {{ path = \"scripts/updatedb.sh\", timeout_s = 120, secrets = [\"SITE_DB_PASSWORD\", \"SITE_WORD\"] }}\n\
             [services.site.targets.production]\nhost = \"web\"\nroot = \"site\"\nurl = \"http://127.0.0.1:8080/site/\"\n\
             through_host = true\ndatabases = [\"site\"]\nenv_file = \"shared/.env\"\nvolatile = [\"shared/logs\"]\n\
             [[services.site.smoke]]\nname = \"nodes\"\nkind = \"http\"\npath = \"/\"\ncontains = \" nodes\"\nattempts = 2\n"
        );
        let environment = format!(
            "{{ HOST_PORT = \"{}\", KNOWN_HOSTS = \"{}\" }}",
            self.host.port(),
            house.path("known_hosts").display()
        );
        let here = format!("secrets = [\"DEPLOY_KEY\"], environment = {environment}");
        let script = |name: &str, runs: &str, [there, back]: [&str; 2], more: &str| {
            format!(
                "[services.{name}]\nrepository = \"{repository}\"\n[services.{name}.deploy]\nkind = \"script\"\nruns = \"{runs}\"\n\
                 script = {{ path = \"scripts/{there}\", arguments = [\"{{version}}\"], timeout_s = 60, {more} }}\n\
                 rollback = {{ path = \"scripts/{back}\", arguments = [\"{{version}}\"], timeout_s = 60, {more} }}\n\
                 dry_run_argument = \"--dry-run\"\n\
                 [services.{name}.targets.production]\nhost = \"web\"\nroot = \"{name}\"\n\
                 url = \"http://127.0.0.1:8080/{name}/\"\nthrough_host = true\n"
            )
        };
        let pages =
            script("pages", "on_host", ["deploy.sh", "rollback.sh"], "secrets = [\"SITE_DB_PASSWORD\", \"SITE_WORD\"]");
        let copied = script("copied", "here", ["copy.sh", "copy-back.sh"], &here);
        house.configure(|text| {
            let text = text.replacen("[secrets]\n", &secrets, 1).replacen("[roots]\n", &roots, 1);
            format!("{text}\n{host}{database}{site}{pages}{copied}")
        });
    }

    /// A server whose every word is kept.
    pub(super) async fn server(&self) -> Client {
        let mut command = Command::new("bash");
        command.args(["-c", r#"exec "$0" serve --config "$1" > >(tee -a "$2")"#]).arg(program());
        command.arg(&self.house.sandbox.config).arg(self.house.path("wire"));
        Client::start(command).await
    }

    /// Deploys a version and waits for its end.
    pub(super) async fn deploy(&self, client: &Client, service: &str, version: u32, wanted: &str) -> Answer {
        let plan = client.plan(service, &format!("v{version}")).await;
        let begun = client.execute("deploy_service", &plan).await;
        self.ended(client, begun.get("/operation/id"), wanted).await
    }

    /// Waits until an operation has ended as wanted; what is then said of it, with its journal.
    pub(super) async fn ended(&self, client: &Client, operation: &str, wanted: &str) -> Answer {
        assert!(!operation.is_empty());
        let state = client.until(operation, |state| !matches!(state, "running" | "rolling_back")).await;
        let told = client.call("operation_status", json!({ "operation": operation, "journal": true })).await;
        assert_eq!(state, wanted, "{}\n{}", told.text, client.log());
        told
    }

    /// What the host answers to its own users.
    pub(super) async fn page(&self, service: &str) -> String {
        self.host.run(&format!("php -r 'readfile(\"http://127.0.0.1:8080/{service}/\");'")).await.stdout
    }

    /// The files in releases that reset the OPcache: none but while it is done.
    pub(super) async fn resets(&self) -> String {
        let found = self.host.run("find site/releases -name 'deploy-ops-*'").await;
        assert_eq!(found.code, Some(0), "{}", found.stderr);
        found.stdout
    }

    /// How often which version updated the database.
    pub(super) fn updates(&self) -> String {
        fs::read_to_string(self.host.path("site/shared/files/effects")).unwrap_or_default()
    }

    /// The inode of a file in a release.
    pub(super) fn inode(&self, version: u32, name: &str) -> u64 {
        fs::metadata(self.release(version).join(name)).unwrap().ino()
    }

    /// The directory of a version's release.
    pub(super) fn release(&self, version: u32) -> PathBuf {
        let releases = fs::read_dir(self.host.path("site/releases")).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&format!("v{version}"));
        releases.into_iter().find(name).unwrap()
    }

    /// No password, key or token came out: in no answer, no notification, no file of ours.
    pub(super) fn assert_silent(&self, client: &Client) {
        let mut files = BTreeMap::new();
        for part in ["data", "quality-reports", "wire"] {
            collect(&self.house.path(part), &mut files);
        }
        files.insert("log".into(), client.log().into_bytes());
        assert!(files.keys().any(|path| path.ends_with("state.db")) && files[&self.house.path("wire")].len() > 1000);
        let key = fs::read_to_string(self.host.identity_file()).unwrap();
        let key = key.lines().nth(2).unwrap();
        for (path, bytes) in files {
            for secret in [mariadb::PASSWORD, TOKEN, WORD, key] {
                let found = memchr::memmem::find(&bytes, secret.as_bytes());
                assert!(found.is_none(), "{}: {}", path.display(), String::from_utf8_lossy(&bytes));
            }
        }
    }
}

/// A file of so many bytes, times sixteen, that packing makes no shorter: how many go over the line does not depend on it.
pub(super) fn library(number: usize, sixteens: usize) -> (String, Vec<u8>) {
    let mut content = vec![0; sixteens * 16];
    getrandom::fill(&mut content).unwrap();
    (format!("site/core/lib-{number}.inc"), content)
}

/// An update of the database, as a module of Drupal has them.
fn update(number: u32) -> String {
    let begin = if number == 1 { "<?php\n" } else { "" };
    format!(
        "{begin}/** Adds a column. */\nfunction site_update_900{number}() {{\n    \
         return 'ALTER TABLE node ADD COLUMN added_{number} INT NOT NULL DEFAULT 0';\n}}\n"
    )
}
