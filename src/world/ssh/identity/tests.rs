#![allow(clippy::disallowed_methods, reason = "tests run OpenSSH's own agent")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    domain::inventory::{Host, HostKind, HostTrust, Inventory, SecretReference, SshHost},
    redact::MASK,
    world::{Paths, SecretStore, SystemClock, World, ssh::testing::Keys},
};

/// A world whose secrets KEY and PHRASE are these.
fn world(key: &str, phrase: &str) -> World {
    let secrets = [("KEY", key), ("PHRASE", phrase)];
    let values: BTreeMap<String, String> = secrets.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let reference = |variable: &str| SecretReference::Environment { variable: variable.to_owned() };
    let secrets = secrets.map(|(name, _)| (name.parse().unwrap(), reference(name)));
    let inventory = Inventory { secrets: secrets.into_iter().collect(), ..Inventory::default() };
    let resolve = move |reference: &SecretReference| match reference {
        SecretReference::Environment { variable } => Ok(values.get(variable).unwrap().clone()),
        _ => panic!("another source"),
    };
    let paths = Paths { data: PathBuf::new(), reports: PathBuf::new() };
    World::new(Arc::new(inventory), Arc::new(SystemClock), paths, PathBuf::new())
        .with_secrets(SecretStore::new(Arc::new(resolve)))
}

async fn load_in(world: &World, identity: SshIdentity) -> Result<Identity, WorldError> {
    let login = SshLogin { user: "deploy".to_owned(), identity };
    load(world.reader(), &"web".parse().unwrap(), &login).await
}

fn file(keys: &Keys, name: &str, encrypted: bool) -> SshIdentity {
    let passphrase = encrypted.then(|| "PHRASE".parse().unwrap());
    SshIdentity::File { path: keys.path(name), passphrase, certificate: None }
}

/// The error of loading, whose chain holds no line of the key's text.
async fn refusal(keys: &Keys, world: &World, name: &str, identity: SshIdentity) -> String {
    let error = load_in(world, identity).await.unwrap_err();
    let shown = format!("{error} {} {error:?}", error.fix);
    let text = fs::read_to_string(keys.path(name)).unwrap_or_default();
    for line in text.lines().filter(|line| line.len() > 10 && !line.starts_with("-----")) {
        assert!(!shown.contains(line), "{shown}");
    }
    shown
}

const PHRASE: &str = "correct horse 7 battery";

#[tokio::test]
async fn every_usual_format_is_a_key_encrypted_or_not() {
    let keys = Keys::new();
    let world = world("", PHRASE);
    for kind in ["ed25519", "ecdsa", "rsa"] {
        for format in ["RFC4716", "PEM", "PKCS8"] {
            if kind == "ed25519" && format != "RFC4716" {
                continue;
            }
            for (phrase, encrypted) in [("", false), (PHRASE, true)] {
                if (kind, format, encrypted) == ("ecdsa", "PEM", true) {
                    continue;
                }
                let name = format!("{kind}-{format}-{encrypted}");
                keys.keygen(&["-q", "-t", kind, "-m", format, "-N", phrase, "-f", &name]);
                let loaded = load_in(&world, file(&keys, &name, encrypted)).await;
                let Ok(Identity::Key(key)) = &loaded else { panic!("{name}: {loaded:?}") };
                assert_eq!(key.public_key().key_data(), keys.public(&name).key_data(), "{name}");
                let sha2 = (kind == "rsa").then_some(HashAlg::Sha512);
                let loaded = loaded.unwrap();
                assert_eq!(loaded.hash(None), sha2, "{name}");
            }
        }
    }
}

/// Makes a key of P-256 in a format of ssh-keygen whose scalar begins with so many zeros.
fn key_with_zeros(keys: &Keys, name: &str, zeros: usize, format: &[&str]) {
    let mut scalar = [0x42; 32];
    scalar.iter_mut().take(zeros).for_each(|byte| *byte = 0);
    // ECPrivateKey (RFC 5915) without its public half, which OpenSSL computes; the curve's name is prime256v1.
    let (head, curve) = (b"\x30\x31\x02\x01\x01\x04\x20", b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
    let der = STANDARD.encode([head.as_slice(), &scalar, curve].concat());
    let path = keys.file(name, &format!("-----BEGIN EC PRIVATE KEY-----\n{der}\n-----END EC PRIVATE KEY-----\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let public = keys.run(&["-y", "-f", name]);
    keys.file(&format!("{name}.pub"), &String::from_utf8(public.stdout).unwrap());
    keys.keygen(&["-q", "-p", "-P", "", "-N", "", "-f", name]);
    keys.keygen(&["-q", "-c", "-P", "", "-C", name, "-f", name]);
    keys.keygen(&[&["-q", "-p", "-P", "", "-f", name], format].concat());
}

#[tokio::test]
async fn a_key_may_begin_with_zeros() {
    let keys = Keys::new();
    let (right, wrong) = (world("", PHRASE), world("", "another phrase 42"));
    for (zeros, encrypted, format) in [
        (0, false, &["-N", ""][..]),
        (1, false, &["-N", ""]),
        (1, false, &["-N", "", "-m", "PEM"]),
        (1, false, &["-N", "", "-m", "PKCS8"]),
        (15, false, &["-N", ""]),
        (1, true, &["-N", PHRASE]),
        (1, true, &["-N", PHRASE, "-m", "PKCS8"]),
        (2, true, &["-N", PHRASE, "-Z", "aes256-gcm@openssh.com"]),
        (2, true, &["-N", PHRASE, "-Z", "chacha20-poly1305@openssh.com"]),
        (2, true, &["-N", PHRASE, "-Z", "aes128-cbc"]),
    ] {
        let name = format!("{zeros} {}", format.join(" "));
        key_with_zeros(&keys, &name, zeros, format);
        let loaded = load_in(&right, file(&keys, &name, encrypted)).await;
        let Ok(Identity::Key(key)) = &loaded else { panic!("{name}: {loaded:?}") };
        let (public, message) = (keys.public(&name), b"a message");
        assert_eq!(key.public_key().key_data(), public.key_data(), "{name}");
        let signed = key.sign("test", HashAlg::Sha256, message).unwrap();
        public.verify("test", message, &signed).unwrap();
        if encrypted {
            let told = refusal(&keys, &wrong, &name, file(&keys, &name, true)).await;
            assert!(told.contains("the passphrase is wrong"), "{name}: {told}");
        }
    }
}

#[tokio::test]
async fn a_key_that_begins_with_zeros_is_whole_or_none() {
    let keys = Keys::new();
    key_with_zeros(&keys, "short", 1, &["-N", ""]);
    let text = keys.text("short");
    let bytes = STANDARD.decode(text.lines().filter(|line| !line.starts_with("-----")).collect::<String>()).unwrap();
    let scalar = memchr::memmem::find(&bytes, &[0x42; 31]).unwrap();
    let world = world("", "");
    // In the words that open it, its public half, one of the two numbers that are equal, its second public half, the length of
    // the scalar, the padding.
    for at in [0, 100, 0x99, scalar - 8, scalar - 1, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let lines = STANDARD.encode(&damaged);
        let lines =
            lines.as_bytes().chunks(70).map(|line| str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\n");
        keys.file(
            "short",
            &format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"),
        );
        let told = refusal(&keys, &world, "short", file(&keys, "short", false)).await;
        assert!(told.contains("is not a private key"), "{at}: {told}");
    }
}

#[tokio::test]
async fn the_text_of_a_key_is_a_secret_of_the_redactor() {
    let keys = Keys::new();
    keys.key("a", "ed25519");
    let world = world("", "");
    load_in(&world, file(&keys, "a", false)).await.unwrap();
    let text = keys.text("a");
    for line in text.lines().filter(|line| line.len() > 40 && !line.starts_with("-----")) {
        let shown = world.redactor.text(&format!("before {line} after"));
        assert!(!shown.contains(line) && shown.contains(MASK), "{}", *shown);
    }
    // Not because it looks like one: because it is known.
    assert!(world.redactor.hits().known > 0);
}

#[tokio::test]
async fn the_keys_of_all_logins_are_secrets_from_the_start() {
    let keys = Keys::new();
    for name in ["deploy", "rehearsal"] {
        keys.key(name, "ed25519");
    }
    let login = |name: &str| SshLogin { user: name.to_owned(), identity: file(&keys, name, false) };
    let host = Host {
        name: "web".parse().unwrap(),
        kind: HostKind::Ssh(SshHost {
            address: "web.example.org".to_owned(),
            port: 22,
            login: login("deploy"),
            rehearsal: Some(login("rehearsal")),
            trust: HostTrust::Pinned { fingerprints: vec![] },
            jump: None,
        }),
        root: "/".into(),
    };
    let inventory = Inventory { hosts: [(host.name.clone(), host)].into_iter().collect(), ..Inventory::default() };
    let paths = Paths { data: PathBuf::new(), reports: PathBuf::new() };
    let world = World::new(Arc::new(inventory), Arc::new(SystemClock), paths, PathBuf::new());
    let (secrets, unread) = world.reader().all_for_redaction().await;
    let texts: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    assert_eq!((texts, unread), (vec![keys.text("deploy").as_str(), keys.text("rehearsal").as_str()], vec![]));
}

#[tokio::test]
async fn a_key_that_others_can_read_is_no_key() {
    let keys = Keys::new();
    keys.key("a", "ed25519");
    let world = world("", "");
    for mode in [0o640, 0o604, 0o644, 0o660] {
        fs::set_permissions(keys.path("a"), fs::Permissions::from_mode(mode)).unwrap();
        let told = refusal(&keys, &world, "a", file(&keys, "a", false)).await;
        assert!(told.contains("can be read by other users") && told.contains("chmod 600"), "{told}");
    }
    fs::set_permissions(keys.path("a"), fs::Permissions::from_mode(0o400)).unwrap();
    load_in(&world, file(&keys, "a", false)).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told_without_it() {
    let keys = Keys::new();
    keys.key("plain", "ed25519");
    for (name, kind, format) in [
        ("locked", "ed25519", "RFC4716"),
        ("locked-pem", "rsa", "PEM"),
        ("locked-pkcs8", "ecdsa", "PKCS8"),
        ("old", "ecdsa", "PEM"),
    ] {
        keys.keygen(&["-q", "-t", kind, "-m", format, "-N", PHRASE, "-f", name]);
    }
    let (right, wrong) = (world("", PHRASE), world("", "another phrase 42"));
    let half = keys.text("plain");
    keys.file("cut", half.get(..half.len() / 2).unwrap());
    for name in ["text", "empty"] {
        keys.file(name, if name == "text" { "hello, this is no key\n" } else { "" });
    }
    for name in ["cut", "text", "empty"] {
        fs::set_permissions(keys.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    for (world, name, encrypted, wanted) in [
        (&right, "missing", false, "there is no file"),
        (&right, "", false, "is not a regular file"),
        (&right, "empty", false, "is empty, larger than"),
        (&right, "text", false, "is not a private key"),
        (&right, "cut", false, "is not a private key"),
        (&right, "old", true, "keys in other formats are converted"),
        (&right, "locked", false, "no passphrase is given"),
        (&right, "locked-pem", false, "no passphrase is given"),
        (&right, "locked-pkcs8", false, "no passphrase is given"),
        (&wrong, "locked", true, "the passphrase is wrong"),
        (&wrong, "locked-pem", true, "the passphrase is wrong"),
        (&wrong, "locked-pkcs8", true, "the passphrase is wrong"),
    ] {
        let told = refusal(&keys, world, name, file(&keys, name, encrypted)).await;
        assert!(told.contains(wanted), "{name}: {told}");
        assert!(!told.contains("another phrase 42") && !told.contains(PHRASE), "{told}");
    }
    load_in(&right, file(&keys, "plain", true)).await.unwrap();
}

#[tokio::test]
async fn a_key_may_be_a_secret_of_the_inventory() {
    let keys = Keys::new();
    let public = keys.key("a", "ed25519");
    let identity = || SshIdentity::Secret { key: "KEY".parse().unwrap(), passphrase: None };
    for text in [keys.text("a"), keys.text("a").trim_end().to_owned(), keys.text("a").replace('\n', "\r\n")] {
        let Ok(Identity::Key(key)) = load_in(&world(&text, ""), identity()).await else { panic!() };
        assert_eq!(key.public_key().key_data(), public.key_data());
    }
    let told = refusal(&keys, &world("hunter2hunter2", ""), "a", identity()).await;
    assert!(told.contains("the secret KEY is not a private key") && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn a_certificate_belongs_to_its_key_and_is_valid_now() {
    let keys = Keys::new();
    for name in ["ca", "a", "b"] {
        keys.key(name, "ed25519");
    }
    keys.key("r", "rsa");
    let world = world("", "");
    let load_with = async |name: &str, certificate: &str| {
        let (path, certificate) = (keys.path(name), Some(keys.path(certificate)));
        load_in(&world, SshIdentity::File { path, passphrase: None, certificate }).await
    };
    keys.certify("ca", "a", &["-n", "deploy", "-V", "-1h:+1h"]);
    assert!(matches!(load_with("a", "a-cert.pub").await, Ok(Identity::Certificate { .. })));
    let told = async |name: &str, certificate: &str| load_with(name, certificate).await.unwrap_err().problem;
    assert!(told("b", "a-cert.pub").await.contains("belongs to another key"));
    assert!(told("a", "a.pub").await.contains("is not a certificate"));
    assert!(told("a", "missing").await.contains("there is no file"));
    keys.certify("ca", "a", &["-n", "deploy", "-V", "-2h:-1h"]);
    assert!(told("a", "a-cert.pub").await.contains("is not valid now"));
    keys.certify("ca", "a", &["-h", "-n", "web"]);
    assert!(told("a", "a-cert.pub").await.contains("is a host's"));
    keys.certify("ca", "r", &["-n", "deploy"]);
    assert!(told("r", "r-cert.pub").await.contains("is of an RSA key"));
}

/// An agent, until the test ends.
struct Agent(Child);

impl Agent {
    fn start(keys: &Keys) -> Self {
        let child =
            Command::new("ssh-agent").args(["-D", "-a"]).arg(keys.path("agent")).stdout(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        while !keys.path("agent").exists() {
            assert!(Instant::now() < end, "the agent did not start");
            std::thread::yield_now();
        }
        Self(child)
    }

    fn add(keys: &Keys, name: &str) {
        let output =
            Command::new("ssh-add").arg(keys.path(name)).env("SSH_AUTH_SOCK", keys.path("agent")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn an_agent_gives_the_one_key_that_was_named() {
    let keys = Keys::new();
    let world = world("", "");
    let (a, b) = (keys.key("a", "ed25519"), keys.key("b", "rsa"));
    keys.key("ca", "ed25519");
    let of = |key: &russh::keys::PublicKey| SshIdentity::Agent {
        socket: keys.path("agent"),
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
    };
    let told = load_in(&world, of(&a)).await.unwrap_err();
    assert!(told.problem.contains("no agent answers"), "{told}");
    let _agent = Agent::start(&keys);
    keys.certify("ca", "b", &["-n", "deploy"]);
    Agent::add(&keys, "b");
    let told = load_in(&world, of(&a)).await.unwrap_err();
    assert!(told.problem.contains("does not hold the key SHA256:"), "{told}");
    Agent::add(&keys, "a");
    let identity = load_in(&world, of(&a)).await.unwrap();
    let Identity::Agent { identities, .. } = &identity else { panic!("{identity:?}") };
    let [AgentIdentity::PublicKey { key, .. }] = identities.as_slice() else { panic!("{identities:?}") };
    assert_eq!((key.key_data(), identity.hash(None)), (a.key_data(), None));
    // ssh-add adds the certificate that lies beside a key as well; both are that key.
    let identity = load_in(&world, of(&b)).await.unwrap();
    let Identity::Agent { identities, .. } = &identity else { panic!("{identity:?}") };
    assert!(
        matches!(identities.as_slice(), [AgentIdentity::Certificate { .. }, AgentIdentity::PublicKey { .. }]),
        "{identities:?}"
    );
    assert_eq!(identity.hash(Some(HashAlg::Sha256)), Some(HashAlg::Sha256));
}
