//! What hosts can do, and what is wrong there: the same is found with GNU's tools, with busybox, and over SFTP alone.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use serde_json::{Value, json};

use crate::support::{
    mcp::{Answer, Client, House},
    sshd::{Shape, Sshd},
    stage::program,
};

/// What stands in files of the host and may not come out.
const CANARY: &str = "vT7nB2xK9dL4mW6qRz3P";

impl House {
    /// A service `site` on the host.
    fn add_site(&self, host: &str) {
        let repository = self.path("repository").display().to_string();
        self.configure(|text| {
            format!(
                "{text}\n{host}\n[services.site]\nrepository = \"{repository}\"\n[services.site.deploy]\nkind = \"release\"\n\
                 artifact = \"shop\"\n[services.site.targets.production]\nhost = \"web\"\nroot = \"site\"\n\
                 env_file = \"config/app\"\nvolatile = [\"cache\"]\n"
            )
        });
    }

    /// The findings of `deploy-ops doctor`, and whether something is wrong.
    fn doctor(&self, more: &[&str]) -> (Vec<Value>, String) {
        let mut doctor = std::process::Command::new(program());
        doctor.args(["doctor", "--json"]).args(more).arg("--config").arg(&self.sandbox.config);
        let output = doctor.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), text)
    }
}

/// What was said of a host, in one text.
fn said(findings: &[Value], what: &str) -> String {
    let of = findings.iter().filter(|finding| finding["what"] == what);
    of.map(|finding| format!("{}: {}\n", finding["health"].as_str().unwrap(), finding["found"].as_str().unwrap()))
        .collect()
}

/// A site with one of each fault.
fn plant(host: &Sshd) {
    for (path, content, mode) in [
        ("site/index.php", "<?php", 0o644),
        ("site/bin/tool", "#!/bin/sh\n", 0o755),
        ("site/config/app", CANARY, 0o644),
        ("site/shared/.env", CANARY, 0o640),
        ("site/upload.php", "<?php", 0o666),
        ("site/a b.php", "<?php", 0o664),
        ("site/run.sh", "#!/bin/sh\n", 0o644),
        ("site/root.php", "<?php", 0o4755),
        ("site/cache/page.html", "x", 0o664),
        ("site/odd\nname", "x", 0o644),
        ("site/theirs.php", "<?php", 0o644),
    ] {
        let path = host.plant(path, content);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let owner = std::fs::metadata(host.path("site")).unwrap().uid();
    chown(host.path("site/theirs.php"), Some(owner + 7), None).unwrap();
}

/// What is said of paths, with the paths.
fn of_paths(answer: &Answer) -> Vec<(String, String)> {
    let findings = answer.structured["findings"].as_array().unwrap();
    let mut found: Vec<_> = findings
        .iter()
        .filter_map(|finding| {
            Some((finding["seen"].as_str()?.to_owned(), finding["untrusted_text"].as_str()?.to_owned()))
        })
        .filter(|(seen, _)| seen.ends_with(": 1."))
        .collect();
    found.sort();
    found
}

async fn diagnose(client: &Client) -> Answer {
    let answer = client.call("diagnose", json!({ "service": "site" })).await;
    assert!(!answer.raw.contains(CANARY) && answer.text.len() / 4 <= 2_000, "{}", answer.text);
    answer
}

#[tokio::test]
async fn doctor_says_what_each_host_can_do_and_the_list_remembers_it() {
    let mut web = Shape::default().without(&["setsid", "rsync"]).config("AllowTcpForwarding no").start().await;
    let bare = Sshd::shape().busybox_only().start().await;
    let files = Sshd::shape().sftp_only().start().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let house = House::staging().await;
    house.configure(|text| {
        let hosts = [web.toml("web"), bare.toml("bare"), files.toml("files"), bare.toml_at("dead", closed)];
        format!("{text}\n{}", hosts.join("\n"))
    });
    // The server's data directory is made by its first start.
    drop(house.server().await.call("list_services", json!({})).await);
    let (findings, text) = house.doctor(&["--canary"]);
    let of_web = said(&findings, "host web");
    assert!(of_web.contains("good: answers in ") && of_web.contains(&web.fingerprint()), "{text}");
    assert!(of_web.contains("login shell /bin/bash") && of_web.contains(", gnu tools, home /"), "{text}");
    assert!(of_web.contains("good: no setsid: scripts run under nohup\n") && !of_web.contains(" rsync"), "{text}");
    assert!(of_web.contains("weak: it forbids connections through it"), "{text}");
    assert_eq!(said(&findings, "scripts on host web"), "good: go on when the connection ends\n", "{text}");
    assert!(said(&findings, "space on host web").contains(" free\n"), "{text}");
    assert!(said(&findings, "host bare").contains(", busybox tools, "), "{text}");
    assert!(!said(&findings, "host bare").contains("forbids"), "{text}");
    let of_files = said(&findings, "host files");
    assert!(of_files.contains("SFTP only") && of_files.contains("weak: no shell, only SFTP"), "{text}");
    assert!(said(&findings, "space on host files").contains(" free\n"), "{text}");
    assert_eq!(said(&findings, "host dead"), "wrong: nothing listens there\n", "{text}");

    // The list contacts nobody.
    web.stop().await;
    let client = house.server().await;
    let list = client.call("list_services", json!({ "section": "resources" })).await;
    let host = |list: &Answer, name: &str| {
        let hosts = list.structured["hosts"].as_array().unwrap().clone();
        hosts.into_iter().find(|host| host["name"] == name).unwrap()["seen"].clone()
    };
    let seen = host(&list, "web");
    assert_eq!((&seen["login"], &host(&list, "files")["login"]), (&json!("shell"), &json!("sftp")), "{}", list.text);
    assert!(seen["lacks"].to_string().contains("no setsid: scripts run under nohup"), "{}", list.text);
    assert!(seen["programs"].as_array().unwrap().contains(&json!("tar")), "{}", list.text);
    assert_eq!(host(&list, "dead"), Value::Null, "{}", list.text);
    // A look of another process is seen, although nothing happened in the ledger.
    web.start_again().await;
    house.doctor(&[]);
    let again = client.call("list_services", json!({ "section": "resources" })).await;
    assert_ne!(host(&again, "web")["at"], seen["at"], "{}", again.text);
    // Also in the moment after an answer, before any entry of the ledger.
    let file = house.path("data/hosts/web.json");
    let known: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let other = known.to_string().replace(known["seen_at"].as_str().unwrap(), "2025-01-15T09:30:00Z");
    let last = client.call("list_services", json!({ "section": "resources" })).await;
    std::fs::write(file.with_extension("new"), other).unwrap();
    std::fs::rename(file.with_extension("new"), &file).unwrap();
    let renewed = client.call("list_services", json!({ "section": "resources" })).await;
    assert_ne!(host(&renewed, "web")["at"], host(&last, "web")["at"], "{}", renewed.text);
}

#[tokio::test]
async fn the_same_faults_are_found_with_and_without_a_shell() {
    let mut found = Vec::new();
    for shape in [Sshd::shape(), Sshd::shape().busybox_only(), Sshd::shape().sftp_only()] {
        let host = shape.start().await;
        plant(&host);
        let house = House::staging().await;
        house.add_site(&host.toml("web"));
        let client = house.server().await;
        let seen = diagnose(&client).await;
        let checks = seen.structured["checks"].as_array().unwrap();
        let permissions = checks.iter().find(|check| check["check"] == "permissions").unwrap();
        assert_eq!(
            (&permissions["outcome"], &permissions["found"]),
            (&json!("FAIL"), &json!("15 entries")),
            "{}",
            seen.text
        );
        assert!(!client.log().contains(CANARY));
        found.push(of_paths(&seen));
    }
    let wanted = [
        ("Paths of another owner than the root's: 1.", "theirs.php"),
        ("Paths that everybody can write: 1.", "upload.php"),
        ("Paths that their group can write: 1.", "a b.php"),
        ("Names with a line end, not looked at: 1.", "(not shown)"),
        ("Files that run with the rights of their owner: 1.", "root.php"),
        ("Files with secrets that every user of the host can read: 1.", "config/app"),
        ("Files with secrets that their group can read: 1.", "shared/.env"),
        ("Scripts that cannot be executed: 1.", "run.sh"),
    ]
    .map(|(seen, path)| (seen.to_owned(), path.to_owned()));
    let mut wanted = wanted.to_vec();
    wanted.sort();
    for found in found {
        assert_eq!(found, wanted);
    }
}

/// A deployed site with a key too few in its `.env`, an error in its log, and files that somebody changed.
async fn what_somebody_did_is_told(shape: Shape) {
    let host = shape.start().await;
    host.plant("site/shared/.env", format!("SITE_KEY={CANARY}\n"));
    let now = jiff::Timestamp::now();
    host.plant("site/shared/logs/error.log", format!("{now} ERROR no login, Authorization: Bearer {CANARY}\n"));
    let house = House::staging().await;
    let repository = house.path("repository").display().to_string();
    let root = format!("[roots]\nsitelogs = {{ host = \"web\", path = \"{}/site/shared/logs\" }}\n", host.root());
    house.configure(|text| {
        format!(
            "{}\n{}\n[services.site]\nrepository = \"{repository}\"\nenv_example = \".env.example\"\n\
             [services.site.deploy]\nkind = \"release\"\nartifact = \"site\"\nshared = [\".env\", \"logs\"]\n\
             [services.site.targets.production]\nhost = \"web\"\nroot = \"site\"\nenv_file = \"shared/.env\"\n\
             logs = [\"sitelogs/error.log\"]\n\
             [[services.site.smoke]]\nname = \"shop\"\nkind = \"database\"\ndatabase = \"shop\"\n",
            text.replacen("[roots]\n", &root, 1),
            host.toml("web")
        )
    });
    std::fs::create_dir(house.path("repository/site")).unwrap();
    let files = [("site/index.html", "one"), ("site/old.html", "old"), (".env.example", "SITE_KEY=\nSITE_MODE=\n")];
    house.commit(&files, "v1");
    let client = house.server().await;
    let plan = client.plan("site", "v1").await;
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(client.ended(done.get("/operation/id")).await, "succeeded", "{}", done.text);
    let current = host.path("site/current");
    std::fs::write(current.join("index.html"), "by hand").unwrap();
    std::fs::remove_file(current.join("old.html")).unwrap();
    host.plant("site/current/new.html", "by hand");

    let seen = diagnose(&client).await;
    let finding = |what: &str| {
        let findings = seen.structured["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["seen"].as_str().unwrap().contains(what));
        found.unwrap_or_else(|| panic!("{what}: {}", seen.text))
    };
    finding(".env lacks keys that .env.example has: SITE_MODE.");
    let errors = finding("1 error in a log of root sitelogs in the last 24 h.");
    assert!(errors["untrusted_text"].as_str().unwrap().contains("Bearer [redacted]"), "{}", seen.text);
    let changed = finding("were changed by hand.");
    assert!(changed["seen"].as_str().unwrap().starts_with("3 files of the live release v1-"), "{}", seen.text);
    assert_eq!(changed["untrusted_text"], "index.html\nnew.html\nold.html", "{}", seen.text);
    assert!(!client.log().contains(CANARY));
}

#[tokio::test]
async fn keys_logs_and_changed_files_are_told_with_a_shell() {
    what_somebody_did_is_told(Sshd::shape()).await;
}

#[tokio::test]
async fn keys_logs_and_changed_files_are_told_over_sftp() {
    what_somebody_did_is_told(Sshd::shape().sftp_only()).await;
}

#[tokio::test]
async fn a_full_disk_is_the_most_probable_cause_and_a_dead_host_hides_nothing_else() {
    let mut host = Sshd::shape().disk(1 << 20).start().await;
    host.plant("site/index.php", "<?php");
    let house = House::staging().await;
    house.add_site(&host.toml("web"));
    house.configure(|text| text.replace("env_file = \"config/app\"", "databases = [\"shop\"]"));
    let client = house.server().await;
    let full = diagnose(&client).await;
    assert!(
        full.status().contains("Most probable cause (certain): The disk or quota of host web is full: "),
        "{}",
        full.text
    );
    host.stop().await;
    let dead = diagnose(&client).await;
    assert!(dead.text.contains("Host web cannot be asked: "), "{}", dead.text);
    assert!(dead.text.contains("1 of 1 databases answer"), "{}", dead.text);
}
