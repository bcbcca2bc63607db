use std::path::Path;

use crate::{
    config::{
        Config, Problem,
        testing::{check, parse},
    },
    domain::inventory::{HostKind, HostTrust, SshHost, SshIdentity},
};

const PIN: &str = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A host of kind ssh whose further keys, from line 6 on, are these; and what they may name.
fn ssh(keys: &str) -> String {
    format!(
        "[hosts.web]\nkind = \"ssh\"\naddress = \"w.example.org\"\nuser = \"u\"\nroot = \"/www\"\n{keys}\n\
         [secrets]\nKEY = \"env:KEY\"\nPHRASE = \"env:PHRASE\"\n\
         [hosts.here]\nkind = \"local\"\nroot = \"/srv\"\n"
    )
}

fn host(config: &Config) -> &SshHost {
    match &config.inventory.hosts.values().find(|host| host.name.as_str() == "web").unwrap().kind {
        HostKind::Ssh(ssh) => ssh,
        HostKind::Local => panic!("not an ssh host"),
    }
}

#[test]
fn each_mistake_is_told() {
    let cases = [
        (
            "[hosts.web]\nkind = \"ftp\"\nroot = \"/srv\"",
            2,
            "hosts.web.kind: is not one of the words",
            "write one of: local, ssh",
        ),
        ("[hosts.web]\nkind = \"local\"", 1, "hosts.web: root is missing", "add root"),
        (
            "[hosts.web]\nkind = \"local\"\nroot = \"~/www\"",
            3,
            "hosts.web.root: is not a path",
            "write the absolute path",
        ),
        (
            "[hosts.web]\nkind = \"local\"\nroot = \"/srv\"\nport = 22",
            4,
            "hosts.web.port: is only for hosts of kind ssh",
            "remove it",
        ),
        (
            "[hosts.web]\nkind = \"local\"\nroot = \"/srv\"\nknown_hosts = \"/k\"",
            4,
            "hosts.web.known_hosts: is only for hosts of kind ssh",
            "remove it",
        ),
        (
            "[hosts.Web]\nkind = \"local\"\nroot = \"/srv\"",
            1,
            "hosts: the name of an entry is not a valid host name",
            "use 1 to 63",
        ),
    ];
    for (text, line, message, fix) in cases {
        check(text, line, message, fix);
    }
}

#[test]
fn each_mistake_about_reaching_a_host_is_told() {
    let good = format!("host_keys = [\"{PIN}\"]\nidentity_file = \"/k\"");
    for (from, to, line, message, fix) in [
        ("root = \"/www\"", "root = \"www\"", 5, "hosts.web.root: must be an absolute path", "begin it"),
        (
            "\"w.example.org\"",
            "\"u:secret@w.example.org\"",
            3,
            "hosts.web.address: is not a host name",
            "write only the name",
        ),
        ("address = \"w.example.org\"", "", 1, "hosts.web: address is missing", "add address"),
        ("user = \"u\"", "user = \"a b\"", 4, "hosts.web.user: is not a user name", "use letters"),
        (
            "user = \"u\"",
            "user = \"u\"\nport = 0",
            5,
            "hosts.web.port: must be from 1 to 65535",
            "use a number in that range; 22 is the default",
        ),
    ] {
        check(&ssh(&good).replacen(from, to, 1), line, message, fix);
    }
}

#[test]
fn each_mistake_about_trust_is_told() {
    let cases = [
        (
            "host_keys = [\"MD5:aa\"]\nidentity_file = \"/k\"",
            6,
            "hosts.web.host_keys: is not a host key fingerprint",
            "write SHA256:",
        ),
        ("host_keys = []\nidentity_file = \"/k\"", 6, "hosts.web.host_keys: no host key is pinned", "add the output"),
        ("identity_file = \"/k\"", 1, "hosts.web: nothing says which keys are the host's", "add host_keys"),
        (
            &format!("host_keys = [\"{PIN}\"]\nknown_hosts = \"/kh\"\nidentity_file = \"/k\""),
            7,
            "hosts.web.known_hosts: is given besides host_keys",
            "keep one",
        ),
        (
            "known_hosts = \"~/kh\"\nidentity_file = \"/k\"",
            6,
            "hosts.web.known_hosts: is not a path",
            "write the absolute",
        ),
    ];
    for (keys, line, message, fix) in cases {
        check(&ssh(keys), line, message, fix);
    }
}

#[test]
fn each_mistake_about_the_identity_is_told() {
    let cases = [
        ("", 1, "hosts.web: nothing proves who we are", "add one of identity_file"),
        (
            "identity_file = \"/k\"\nidentity = \"KEY\"",
            8,
            "hosts.web.identity: is given besides identity_file",
            "keep one",
        ),
        (
            "identity = \"NOKEY\"",
            7,
            "hosts.web.identity: there is no entry of [secrets] of this name",
            "did you mean KEY",
        ),
        (
            "identity = \"KEY\"\ncertificate_file = \"/c\"",
            8,
            "hosts.web.certificate_file: is only for identity_file",
            "remove it",
        ),
        (
            "identity_file = \"/k\"\nagent_socket = \"/s\"",
            8,
            "hosts.web.agent_socket: is only for agent_key",
            "remove it",
        ),
        (
            "identity_file = \"/k\"\npassphrase = \"hunter2\"",
            8,
            "hosts.web.passphrase: there is no entry of [secrets] of this name",
            "declare it",
        ),
        (
            "agent_key = \"web\"\nagent_socket = \"/s\"",
            7,
            "hosts.web.agent_key: is not a key's fingerprint",
            "write SHA256:",
        ),
        (
            &format!("agent_key = \"{PIN}\"\nagent_socket = \"/s\"\npassphrase = \"PHRASE\""),
            9,
            "hosts.web.passphrase: is only for identity_file and identity",
            "remove it",
        ),
        (
            "identity_file = \"/k\"\nrehearsal = { user = \"u\", identity_file = \"/k\" }",
            8,
            "hosts.web.rehearsal: is the login that deploys",
            "name a user or a key",
        ),
        (
            "identity_file = \"/k\"\nrehearsal = { user = \"r\" }",
            8,
            "hosts.web.rehearsal: nothing proves who we are",
            "add one of",
        ),
        (
            "identity_file = \"/k\"\nrehearsal = { identity_file = \"/r\" }",
            8,
            "hosts.web.rehearsal: user is missing",
            "add user",
        ),
        (
            "identity_file = \"/k\"\nssh_config_file = \"/c\"",
            8,
            "hosts.web.ssh_config_file: is only for",
            "add ssh_config",
        ),
    ];
    for (keys, line, message, fix) in cases {
        check(&ssh(&format!("host_keys = [\"{PIN}\"]\n{keys}")), line, message, fix);
    }
}

#[test]
fn each_mistake_about_a_jump_is_told() {
    let to = |jump: &str| ssh(&format!("host_keys = [\"{PIN}\"]\nidentity_file = \"/k\"\njump = \"{jump}\""));
    check(&to("gate"), 8, "hosts.web.jump: there is no host of this name", "declare it, or name one");
    check(&to("web"), 8, "hosts.web.jump: is the host itself", "name another host");
    check(&to("here"), 8, "hosts.web.jump: is a host of kind local", "remove it");
    let circle = format!("{}{}", to("gate"), ssh("").replace("web", "gate").split("[secrets]").next().unwrap());
    let circle = circle
        .replace("root = \"/www\"\n\n", "root = \"/www\"\nknown_hosts = \"/k\"\nidentity = \"KEY\"\njump = \"web\"\n");
    let problems = parse(&circle).unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems.iter().all(|problem| problem.message.ends_with("leads back to the host")), "{problems:#?}");
}

#[test]
fn each_kind_of_identity_and_trust_is_read() {
    let config = parse(&ssh(
        "known_hosts = \"kh\"\nidentity_file = \"key\"\npassphrase = \"PHRASE\"\ncertificate_file = \"key-cert.pub\"\n\
         rehearsal = { user = \"r\", identity = \"KEY\" }",
    ))
    .unwrap();
    let web = host(&config);
    assert_eq!(web.trust, HostTrust::KnownHosts { path: "/etc/deploy-ops/kh".into() });
    let SshIdentity::File { path, passphrase, certificate } = &web.login.identity else { panic!() };
    assert_eq!(path, Path::new("/etc/deploy-ops/key"));
    assert_eq!(passphrase.as_ref().unwrap().as_str(), "PHRASE");
    assert_eq!(certificate.as_deref(), Some(Path::new("/etc/deploy-ops/key-cert.pub")));
    assert_eq!(web.rehearsal.as_ref().unwrap().user, "r");
    let config =
        parse(&ssh(&format!("host_keys = [\"{PIN}\"]\nagent_key = \"{PIN}\"\nagent_socket = \"/run/agent\""))).unwrap();
    let agent = SshIdentity::Agent { socket: "/run/agent".into(), fingerprint: PIN.to_owned() };
    assert_eq!(host(&config).login.identity, agent);
}

/// A host `web` that is described by an ssh_config, with these further keys from line 5 on.
fn by_ssh_config(ssh_config: &str, keys: &str) -> Result<Config, Vec<Problem>> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("deploy-ops.toml");
    std::fs::write(directory.path().join("config"), ssh_config).unwrap();
    let text = format!(
        "[hosts.web]\nkind = \"ssh\"\nroot = \"/www\"\nssh_config = \"web\"\nssh_config_file = \"config\"\n{keys}\n\
         [hosts.gate]\nkind = \"ssh\"\nroot = \"/\"\naddress = \"g.example.org\"\nuser = \"u\"\nidentity_file = \"/g\"\n\
         host_keys = [\"{PIN}\"]\n"
    );
    crate::config::parse(&file, &text)
}

#[test]
fn a_host_is_described_by_an_ssh_config() {
    let config = by_ssh_config(
        "Host other\n  User nobody\nHost w*\n  HostName %h.example.org\n  Port 2222\n  User deploy\n  IdentityFile /keys/%r@%h:%p\n  \
         CertificateFile /keys/cert\n  UserKnownHostsFile /kh\n  ProxyJump gate\n  Compression yes\nHost *\n  User late\n",
        "",
    )
    .unwrap();
    assert!(config.warnings.is_empty());
    let web = host(&config);
    assert_eq!((web.address.as_str(), web.port, web.login.user.as_str()), ("web.example.org", 2222, "deploy"));
    let SshIdentity::File { path, certificate, .. } = &web.login.identity else { panic!() };
    assert_eq!(path, Path::new("/keys/deploy@web.example.org:2222"));
    assert_eq!(certificate.as_deref(), Some(Path::new("/keys/cert")));
    assert_eq!(web.trust, HostTrust::KnownHosts { path: "/kh".into() });
    assert_eq!(web.jump.as_ref().unwrap().as_str(), "gate");
}

#[test]
fn a_key_of_deploy_ops_toml_wins_over_the_ssh_config() {
    let keys = format!(
        "address = \"a.example.org\"\nport = 23\nuser = \"me\"\nhost_keys = [\"{PIN}\"]\nidentity_file = \"/mine\""
    );
    let config = by_ssh_config("HostName b\nPort 24\nUser you\nUserKnownHostsFile /kh\nIdentityFile /yours\n", &keys);
    let config = config.unwrap();
    let web = host(&config);
    assert_eq!((web.address.as_str(), web.port, web.login.user.as_str()), ("a.example.org", 23, "me"));
    assert_eq!(web.trust, HostTrust::Pinned { fingerprints: vec![PIN.to_owned()] });
    assert_eq!(web.login.identity, SshIdentity::File { path: "/mine".into(), passphrase: None, certificate: None });
}

#[test]
fn what_an_ssh_config_says_that_cannot_be_honoured_is_told_with_its_line() {
    let good = "User u\nIdentityFile /k\n";
    for (extra, line, message, error) in [
        ("ProxyCommand nc %h %p", 3, "ProxyCommand is not served", true),
        ("StrictHostKeyChecking accept-new", 3, "StrictHostKeyChecking is not followed", false),
        ("StrictHostKeyChecking no", 3, "StrictHostKeyChecking is not followed", false),
        ("ForwardAgent yes", 3, "nothing is forwarded", false),
        ("HostKeyAlias x", 3, "the host would be known by another name", true),
        ("UserKnownHostsFile /dev/null", 3, "no host would ever be known", true),
        ("UserKnownHostsFile /a /b", 3, "names more than one known_hosts file", true),
        ("ProxyJump elsewhere", 3, "ProxyJump names no host", true),
        ("ProxyJump u@gate:22", 3, "ProxyJump names no host", true),
        ("HostName %n", 3, "holds a token or a variable", true),
        ("HostName a/b", 3, "is not a host name", true),
        ("Port x", 3, "is not a port", true),
        ("Match exec true", 3, "this Match cannot be decided here", true),
        ("User \"u", 3, "a quote is not closed", true),
    ] {
        let told =
            by_ssh_config(&format!("{good}{extra}\n"), "").map_or_else(|problems| problems, |config| config.warnings);
        let [problem] = told.as_slice() else { panic!("{extra}: {told:#?}") };
        assert!(problem.message.starts_with("hosts.web.ssh_config: line "), "{extra}: {problem}");
        assert!(problem.message.contains(&format!("line {line} of ")), "{extra}: {problem}");
        assert!(problem.message.contains(message), "{extra}: {problem}");
        assert_eq!((problem.line, problem.is_error()), (4, error), "{extra}: {problem}");
    }
    for (config, message) in [
        ("IdentityFile /k", "says no User"),
        ("User u", "does not say exactly one IdentityFile"),
        ("User u\nIdentityFile /k\nIdentityFile /l", "does not say exactly one IdentityFile"),
        ("User u\nIdentityFile /k.pub", "is a public key"),
        ("User u\nIdentityFile keys/k", "is not an absolute path"),
    ] {
        let told = by_ssh_config(config, "").unwrap_err();
        assert!(told.len() == 1 && told[0].message.contains(message), "{config}: {told:#?}");
    }
}
