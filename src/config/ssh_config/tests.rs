use std::{fs, path::Path};

use super::*;

/// What files, the first of them the main one, say about `web`; `~` is `/home/u`.
fn look(files: &[(&str, &str)]) -> (SshOptions, Vec<Remark>) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text.replace("DIR", directory.path().to_str().unwrap())).unwrap();
    }
    look_up(&directory.path().join(files[0].0), Path::new("/home/u"), "web")
}

fn user(text: &str) -> Option<String> {
    let (options, remarks) = look(&[("config", text)]);
    assert_eq!(remarks, [], "{text}");
    options.user.map(|given| given.text)
}

#[test]
fn the_first_value_of_those_for_the_host_counts() {
    for (text, wanted) in [
        ("User a\nHost web\nUser b", Some("a")),
        ("Host x\nUser a\nHost web\nUser b\nUser c", Some("b")),
        ("Host *\nUser a", Some("a")),
        ("Host * !web\nUser a", None),
        ("Host !web *\nUser a", None),
        ("Host WEB\nUser a", None),
        ("host web\nuSER=a", Some("a")),
        ("Host x\nUser a\nMatch all\nUser b", Some("b")),
        ("Match host web\nUser a", Some("a")),
        ("Match host x,w*\nUser a", Some("a")),
        ("Match !host web\nUser a", None),
        ("HostName web.example.org\nMatch host *.example.org\nUser a", Some("a")),
        ("HostName web.example.org\nMatch originalhost *.example.org\nUser a", None),
        ("HostName %h.example.org\nMatch host web.example.org\nUser a", Some("a")),
        ("Match host x exec \"touch /tmp/x\"\nUser a", None),
        ("Match canonical\nUser a", None),
        ("User a\nMatch user a\nPort 1", Some("a")),
    ] {
        assert_eq!(user(text).as_deref(), wanted, "{text}");
    }
}

#[test]
fn files_include_others() {
    let (options, remarks) = look(&[
        ("config", "Include DIR/d/*.conf DIR/missing\nHost x\nInclude DIR/only-x\n"),
        ("d/2.conf", "User two\n"),
        ("d/1.conf", "Host web\nUser one\n"),
        ("d/3.txt", "User three\n"),
        ("only-x", "Host web\nPort 1\nMatch exec true\n"),
    ]);
    assert_eq!((options.user.unwrap().text.as_str(), options.port, remarks), ("one", None, vec![]));
    let (_, remarks) = look(&[("config", "Include DIR/config")]);
    assert!(remarks[0].message.contains("too deeply"), "{remarks:?}");
    let (_, remarks) = look(&[("config", "Include DIR/*/config")]);
    assert!(remarks[0].message.contains("cannot be expanded"), "{remarks:?}");
}

#[test]
fn tokens_are_replaced() {
    let text = "HostName %h.example.org\nUser u\nPort 2222\nIdentityFile ~/.ssh/%r\nCertificateFile %d/%h:%p%%\n\
                UserKnownHostsFile ~/a ~/b\nIdentityAgent ~/agent\nIdentityFile none";
    let (options, remarks) = look(&[("config", text)]);
    let texts = |all: &[Given]| all.iter().map(|given| given.text.clone()).collect::<Vec<_>>();
    assert_eq!(remarks, []);
    assert_eq!(texts(&options.identity_files), ["/home/u/.ssh/u"]);
    assert_eq!(texts(&options.certificate_files), ["/home/u/web.example.org:2222%"]);
    assert_eq!(texts(&options.known_hosts), ["/home/u/a", "/home/u/b"]);
    assert_eq!(options.agent.unwrap().text, "/home/u/agent");
    for wrong in ["IdentityFile ${HOME}/k", "IdentityFile %u", "HostName %p", "IdentityFile x%"] {
        let (_, remarks) = look(&[("config", wrong)]);
        assert!(remarks.len() == 1 && remarks[0].message.contains("line 1 of"), "{wrong}: {remarks:?}");
    }
}

#[test]
fn a_file_that_others_can_change_is_not_read() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    fs::write(&path, "User u").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let (options, remarks) = look_up(&path, Path::new("/home/u"), "web");
    assert_eq!(options.user, None);
    assert!(remarks[0].fix.starts_with("chmod go-w"), "{remarks:?}");
    let (_, remarks) = look_up(&directory.path().join("missing"), Path::new("/home/u"), "web");
    assert!(remarks[0].message.starts_with("there is no file"), "{remarks:?}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_told(text in "([a-zA-Z]{1,9}[ =\t]|[ \"'%$~{}*!?#\\\\\n]|Host |Match |web){0,40}") {
        look(&[("config", &text)]);
    }
}
