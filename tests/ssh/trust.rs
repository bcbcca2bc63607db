//! Whether a host is the host, and whether it believes that it is us: everything that a login at a real OpenSSH server needs.
//!
//! `deploy-ops host trust inner` goes through the host `gate`, at which it logs in like everything else does. The tests vary what
//! is known of `gate` and what proves to it that it is us.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{
    sshd::{KeyType, Sshd, certify_host, fingerprint, make_key, public_key},
    terminal, wait,
};

/// A directory with a configuration that reaches a host.
struct Site {
    directory: TempDir,
    port: u16,
    user: &'static str,
}

impl Site {
    fn new(host: &Sshd) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), port: host.port(), user: host.user() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
        self.path(name)
    }

    fn host(&self, name: &str, keys: &str) -> String {
        let Self { port, user, .. } = self;
        format!(
            "[hosts.{name}]\nkind = \"ssh\"\naddress = \"127.0.0.1\"\nport = {port}\nuser = \"{user}\"\nroot = \"/www\"\n{keys}\n"
        )
    }

    /// `gate` with these keys, and `inner` behind it, of which the same is true.
    fn configure(&self, keys: &str) {
        self.file("nothing_known", "");
        let inner = "known_hosts = \"nothing_known\"\nidentity = \"KEY\"\njump = \"gate\"";
        self.file("phrase", PHRASE);
        let secrets =
            "[secrets]\nKEY = \"file:key\"\nPHRASE = \"file:phrase\"\nWRONG = \"command:echo wrong-phrase-4711\"\n";
        let config = format!("{}{}{secrets}", self.host("gate", keys), self.host("inner", inner));
        self.file("deploy-ops.toml", &config);
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_deploy-ops"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_remove("DEPLOY_OPS_CONFIG")
            .env_remove("SSH_AUTH_SOCK")
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap()
    }

    /// Logs in at `gate`: nothing, or why it was refused.
    async fn log_in(&self, keys: &str) -> Result<(), String> {
        self.configure(keys);
        let output = self.run(&["host", "trust", "inner"]).await;
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(!err.contains("PRIVATE KEY") && !err.contains("wrong-phrase-4711"), "{err}");
        if output.status.success() {
            assert!(out.contains("not known yet"), "{out}{err}");
            return Ok(());
        }
        Err(err)
    }
}

const PHRASE: &str = "correct horse 7 battery";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_host_is_recognised_by_its_keys_alone() {
    let host = Sshd::shape().host_keys(&[KeyType::Ed25519, KeyType::Ecdsa]).start().await;
    let site = Site::new(&host);
    let name = format!("[127.0.0.1]:{}", host.port());
    let other = make_key(&site.path("other"), KeyType::Ed25519);
    let rsa = make_key(&site.path("rsa"), KeyType::Rsa);
    let line = host.known_hosts_line();
    let ecdsa = format!("{name} {}", public_key(&host.host_key(KeyType::Ecdsa)));
    let (mismatch, unknown) = (Some("HOST_KEY_MISMATCH"), Some("HOST_KEY_UNKNOWN"));
    for (what, known_hosts, wanted) in [
        ("the key", line.clone(), None),
        ("its second key", ecdsa.clone(), None),
        ("tabs", line.replace(' ', " \t"), None),
        ("a wildcard", line.replace(&name, "[127.*]:*"), None),
        ("several keys", format!("{ecdsa}\n{line}"), None),
        ("another key", format!("{name} {}", public_key(&other)), mismatch),
        ("a key of a kind that it has not", format!("{name} {}", public_key(&rsa)), mismatch),
        ("another key by a wildcard", format!("* {}", public_key(&other)), mismatch),
        ("a revoked key", format!("{line}\n@revoked * {}", public_key(&host.host_key(KeyType::Ed25519))), mismatch),
        ("another port", line.replace(&name, "127.0.0.1"), unknown),
        ("an excluded name", line.replace(&name, &format!("*,!{name}")), unknown),
        ("nothing", String::new(), unknown),
    ] {
        site.file("known_hosts", &format!("{known_hosts}\n"));
        let keys = format!("known_hosts = \"known_hosts\"\nidentity_file = {:?}", host.identity_file());
        let told = site.log_in(&keys).await;
        match wanted {
            None => assert_eq!(told, Ok(()), "{what}"),
            Some(code) => {
                let told = told.unwrap_err();
                assert!(told.contains(code) && told.contains("host trust gate"), "{what}: {told}");
            }
        }
    }
    fs::remove_file(site.path("known_hosts")).unwrap();
    let keys = format!("known_hosts = \"known_hosts\"\nidentity_file = {:?}", host.identity_file());
    assert!(site.log_in(&keys).await.unwrap_err().contains("HOST_KEY_UNKNOWN"));
    let pinned =
        |key: &Path| format!("host_keys = [{:?}]\nidentity_file = {:?}", fingerprint(key), host.identity_file());
    assert_eq!(site.log_in(&pinned(&host.host_key(KeyType::Ed25519))).await, Ok(()));
    let told = site.log_in(&pinned(&other)).await.unwrap_err();
    assert!(
        told.contains("HOST_KEY_MISMATCH") && told.contains(&fingerprint(&other)) && told.contains(&host.fingerprint()),
        "{told}"
    );
    assert!(!host.log().contains("Accepted publickey for root"));
}

#[tokio::test]
async fn a_host_is_recognised_by_its_authority() {
    let host = Sshd::shape().host_certificate().start().await;
    let site = Site::new(&host);
    let keys = format!("known_hosts = \"known_hosts\"\nidentity_file = {:?}", host.identity_file());
    let authority = host.authority_line();
    let key = authority.split_once(' ').unwrap().1.split_once(' ').unwrap().1;
    let other = make_key(&site.path("other"), KeyType::Ed25519);
    site.file("known_hosts", &format!("{authority}\n"));
    assert_eq!(site.log_in(&keys).await, Ok(()));
    for wrong in [
        format!("@cert-authority * {}", public_key(&other)),
        format!("{authority}\n@revoked * {key}"),
        format!("{authority}\n@revoked * {}", public_key(&host.host_key(KeyType::Ed25519))),
    ] {
        site.file("known_hosts", &format!("{wrong}\n"));
        let told = site.log_in(&keys).await.unwrap_err();
        assert!(told.contains("HOST_KEY_MISMATCH"), "{wrong}: {told}");
    }
}

#[tokio::test]
async fn each_kind_of_identity_logs_in_and_no_other_key_does() {
    let host = Sshd::start().await;
    let site = Site::new(&host);
    let trust = format!("host_keys = {:?}", host.fingerprints());
    let log_in = async |keys: &str| site.log_in(&format!("{trust}\n{keys}")).await;
    let private = fs::read_to_string(host.identity_file()).unwrap();
    let locked = site.file("locked", &private);
    let changed =
        std::process::Command::new("ssh-keygen").args(["-q", "-p", "-P", "", "-N", PHRASE, "-f"]).arg(&locked).status();
    assert!(changed.unwrap().success());
    site.file("key", &private);
    make_key(&site.path("stranger"), KeyType::Ed25519);
    assert_eq!(log_in("identity_file = \"key\"").await, Ok(()));
    assert_eq!(log_in("identity_file = \"locked\"\npassphrase = \"PHRASE\"").await, Ok(()));
    assert_eq!(log_in("identity = \"KEY\"").await, Ok(()));
    for (keys, code, problem) in [
        ("identity_file = \"stranger\"", "FORBIDDEN", "it does not accept our key"),
        ("identity_file = \"missing\"", "SECRET_MISSING", "there is no file"),
        ("identity_file = \"locked\"", "SECRET_MISSING", "no passphrase is given"),
        ("identity_file = \"locked\"\npassphrase = \"WRONG\"", "SECRET_MISSING", "the passphrase is wrong"),
    ] {
        let told = log_in(keys).await.unwrap_err();
        assert!(told.contains(code) && told.contains(problem), "{keys}: {told}");
    }
    fs::set_permissions(site.path("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let told = log_in("identity_file = \"key\"").await.unwrap_err();
    assert!(told.contains("can be read by other users") && told.contains("chmod 600"), "{told}");

    let mut agent = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(site.path("agent"))
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    wait::until(|| site.path("agent").exists().then_some(())).await;
    fs::set_permissions(site.path("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let add = async |name: &str| {
        let added = Command::new("ssh-add")
            .arg(site.path(name))
            .env("SSH_AUTH_SOCK", site.path("agent"))
            .output()
            .await
            .unwrap();
        assert!(added.status.success(), "{}", text(&added.stderr));
    };
    let by_agent = format!("agent_socket = \"agent\"\nagent_key = {:?}", fingerprint(&host.identity_file()));
    add("stranger").await;
    let told = log_in(&by_agent).await.unwrap_err();
    assert!(told.contains("does not hold the key"), "{told}");
    add("key").await;
    let tries = host.log().matches("Failed publickey").count();
    assert_eq!(log_in(&by_agent).await, Ok(()));
    assert_eq!(host.log().matches("Failed publickey").count(), tries, "another key of the agent was offered");
    agent.kill().await.unwrap();
    assert!(log_in(&by_agent).await.unwrap_err().contains("no agent answers"));
}

#[tokio::test]
async fn a_certificate_logs_in_where_the_key_alone_does_not() {
    let host = Sshd::shape().user_certificates().start().await;
    let site = Site::new(&host);
    let keys = format!("host_keys = {:?}\nidentity_file = {:?}", host.fingerprints(), host.identity_file());
    let told = site.log_in(&keys).await.unwrap_err();
    assert!(told.contains("it does not accept our key"), "{told}");
    assert_eq!(site.log_in(&format!("{keys}\ncertificate_file = {:?}", host.certificate_file())).await, Ok(()));
    let other = make_key(&site.path("other"), KeyType::Ed25519);
    let foreign = certify_host(&host.user_authority_file(), &other, "web");
    let told = site.log_in(&format!("{keys}\ncertificate_file = {foreign:?}")).await.unwrap_err();
    assert!(told.contains("belongs to another key"), "{told}");
}

#[tokio::test]
async fn a_host_is_reached_through_another_one() {
    let outer = Sshd::shape().own_network().start().await;
    let inner = Sshd::shape().behind(&outer).start().await;
    let site = Site::new(&outer);
    let config = format!("{}{}jump = \"outer\"\n", outer.toml("outer"), inner.toml("inner"));
    site.file("deploy-ops.toml", &config);
    let output = site.run(&["host", "trust", "inner"]).await;
    let out = text(&output.stdout);
    assert!(out.contains(&format!("{} known", inner.fingerprint())), "{out}{}", text(&output.stderr));
    let output = site.run(&["host", "list"]).await;
    assert!(text(&output.stdout).contains("through outer"), "{}", text(&output.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_human_adds_the_keys_that_were_compared_and_nothing_else_does() {
    let mut host = Sshd::shape().host_keys(&[KeyType::Ed25519, KeyType::Ecdsa]).start().await;
    let site = Site::new(&host);
    let (ed25519, ecdsa) = (host.fingerprints()[0].clone(), host.fingerprints()[1].clone());
    let end = |fingerprint: &str| fingerprint[fingerprint.len() - 8..].to_owned();
    let keys = format!("known_hosts = \"known_hosts\"\nidentity_file = {:?}", host.identity_file());
    site.file("deploy-ops.toml", &site.host("web", &keys));
    let show = async || site.run(&["host", "trust", "web"]).await;
    let talk =
        |talk: &[(&str, &str)]| terminal::talk(site.directory.path(), &["host", "trust", "web", "--write"], talk);

    let shown = show().await;
    let out = text(&shown.stdout);
    assert!(shown.status.success() && out.contains(&format!("ssh-ed25519 {ed25519} not known yet")), "{out}");
    assert!(out.contains(&format!("ecdsa-sha2-nistp256 {ecdsa} not known yet")), "{out}");
    assert!(!site.path("known_hosts").exists(), "looking trusted something");
    let piped = site.run(&["host", "trust", "web", "--write"]).await;
    assert!(!piped.status.success() && text(&piped.stderr).contains("wants a human"), "{}", text(&piped.stderr));

    let (code, told) = talk(&[("The last 8", &end(&ecdsa))]);
    assert!(code == 1 && told.contains("not the end of the fingerprint"), "{told}");
    assert!(!site.path("known_hosts").exists());
    let (code, told) = talk(&[("The last 8", &end(&ed25519)), ("The last 8", "")]);
    assert!(code == 0 && told.contains("Added"), "{told}");
    assert_eq!(fs::read_to_string(site.path("known_hosts")).unwrap(), format!("{}\n", host.known_hosts_line()));
    let out = text(&show().await.stdout);
    assert!(out.contains(&format!("{ed25519} known")) && out.contains(&format!("{ecdsa} not known yet")), "{out}");
    let (code, told) = talk(&[("The last 8", &end(&ecdsa))]);
    assert!(code == 0 && told.contains("Added"), "{told}");
    assert_eq!(fs::read_to_string(site.path("known_hosts")).unwrap().lines().count(), 2);
    let ledger = text(&site.run(&["ledger", "tail"]).await.stdout);
    assert_eq!(ledger.matches("host_trusted").count(), 2, "{ledger}");

    host.replace_host_key(KeyType::Ed25519).await;
    let shown = show().await;
    let out = text(&shown.stdout);
    assert!(!shown.status.success() && out.contains(&format!("{} NOT the known one", host.fingerprint())), "{out}");
    let before = fs::read_to_string(site.path("known_hosts")).unwrap();
    let (code, told) = talk(&[]);
    assert!(code == 1 && told.contains("HOST_KEY_MISMATCH") && told.contains("ssh-keygen -R"), "{told}");
    assert_eq!(fs::read_to_string(site.path("known_hosts")).unwrap(), before);
}
