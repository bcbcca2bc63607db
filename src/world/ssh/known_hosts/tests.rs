use super::*;
use crate::world::{Clock, SystemClock, ssh::testing::Keys};

fn now() -> Time {
    Time::from_millis(1_800_000_000_000)
}

fn judge(file: &str, host: &str, port: u16, key: &PublicKey) -> Judgement {
    KnownHosts::parse(file).judge(host, port, &Offered::Key(key.clone()), now())
}

fn other(keys: &[&PublicKey]) -> Judgement {
    Judgement::OtherKey { known: keys.iter().map(|key| key.fingerprint(HashAlg::Sha256).to_string()).collect() }
}

#[test]
fn a_known_key_is_trusted_and_a_changed_one_is_another() {
    let keys = Keys::new();
    let (a, b) = (keys.key("a", "ed25519"), keys.key("b", "ed25519"));
    let file = keys.line("web.example.org,192.0.2.7", "a");
    assert_eq!(judge(&file, "web.example.org", 22, &a), Judgement::Trusted);
    assert_eq!(judge(&file, "192.0.2.7", 22, &a), Judgement::Trusted);
    assert_eq!(judge(&file, "web.example.org", 22, &b), other(&[&a]));
    assert_eq!(judge(&file, "db.example.org", 22, &a), Judgement::Unknown);
}

#[test]
fn a_key_of_another_algorithm_than_the_known_one_is_another_key() {
    let keys = Keys::new();
    let (ed25519, ecdsa) = (keys.key("a", "ed25519"), keys.key("b", "ecdsa"));
    let known = KnownHosts::parse(&keys.line("web", "a"));
    assert_eq!(known.judge("web", 22, &Offered::Key(ecdsa), now()), other(&[&ed25519]));
    assert_eq!(known.algorithms("web", 22), [Algorithm::Ed25519]);
    assert_eq!(known.algorithms("db", 22), []);
}

#[test]
fn a_revoked_key_stays_revoked_beside_a_line_that_knows_it() {
    let keys = Keys::new();
    let a = keys.key("a", "ed25519");
    let (known, revoked) = (keys.line("web", "a"), keys.line("@revoked *", "a"));
    assert_eq!(judge(&format!("{revoked}{known}"), "web", 22, &a), Judgement::Revoked);
    assert_eq!(judge(&format!("{known}{revoked}"), "web", 22, &a), Judgement::Revoked);
    let elsewhere = keys.line("@revoked db", "a");
    assert_eq!(judge(&format!("{known}{elsewhere}"), "web", 22, &a), Judgement::Trusted);
    assert_eq!(KnownHosts::parse(&revoked).algorithms("web", 22), []);
}

#[test]
fn tabs_and_several_blanks_and_crlf_are_blanks() {
    let keys = Keys::new();
    let a = keys.key("a", "ed25519");
    let line = keys.line("web", "a");
    let tabbed = format!("# hosts\r\n\r\n  \t{}\r\n", line.trim().replace(' ', " \t  "));
    assert_eq!(judge(&tabbed, "web", 22, &a), Judgement::Trusted);
    let revoked = format!("{line}@revoked\t*\t{}", line.trim().strip_prefix("web ").unwrap().replace(' ', "\t"));
    assert_eq!(judge(&revoked, "web", 22, &a), Judgement::Revoked);
}

#[test]
fn wildcards_know_and_exclusions_do_not() {
    let keys = Keys::new();
    let (a, b) = (keys.key("a", "ed25519"), keys.key("b", "ed25519"));
    let file = keys.line("*.example.org,!db.example.org", "a");
    assert_eq!(judge(&file, "web.example.org", 22, &b), other(&[&a]));
    assert_eq!(judge(&file, "web.example.org", 22, &a), Judgement::Trusted);
    assert_eq!(judge(&file, "db.example.org", 22, &a), Judgement::Unknown);
    assert_eq!(judge(&file, "example.org", 22, &a), Judgement::Unknown);
}

#[test]
fn the_case_of_names_does_not_matter() {
    let keys = Keys::new();
    let (a, b) = (keys.key("a", "ed25519"), keys.key("b", "ed25519"));
    for (known, asked) in [("Web.Example.ORG", "web.example.org"), ("web.example.org", "WEB.example.org")] {
        assert_eq!(judge(&keys.line(known, "a"), asked, 22, &a), Judgement::Trusted);
        assert_eq!(judge(&keys.line(known, "a"), asked, 22, &b), other(&[&a]));
    }
}

#[test]
fn another_port_is_another_host() {
    let keys = Keys::new();
    let (a, b) = (keys.key("a", "ed25519"), keys.key("b", "ed25519"));
    let file = keys.line("[web]:2222", "a");
    assert_eq!(judge(&file, "web", 2222, &a), Judgement::Trusted);
    assert_eq!(judge(&file, "WEB", 2222, &b), other(&[&a]));
    assert_eq!(judge(&file, "web", 22, &a), Judgement::Unknown);
    assert_eq!(judge(&keys.line("web", "a"), "web", 2222, &a), Judgement::Unknown);
    assert_eq!(judge(&keys.line("*", "a"), "web", 2222, &a), Judgement::Trusted);
}

#[test]
fn hashed_names_are_known() {
    let keys = Keys::new();
    let (a, b) = (keys.key("a", "ed25519"), keys.key("b", "ecdsa"));
    let plain = format!("{}{}", keys.line("web.example.org", "a"), keys.line("[web.example.org]:2222", "b"));
    keys.file("known_hosts", &plain);
    keys.keygen(&["-H", "-f", "known_hosts"]);
    let hashed = keys.text("known_hosts");
    assert!(!hashed.contains("web.example.org") && KnownHosts::parse(&hashed).problems().is_empty(), "{hashed}");
    assert_eq!(judge(&hashed, "Web.example.org", 22, &a), Judgement::Trusted);
    assert_eq!(judge(&hashed, "web.example.org", 22, &b), other(&[&a]));
    assert_eq!(judge(&hashed, "web.example.org", 2222, &b), Judgement::Trusted);
    assert_eq!(judge(&hashed, "db.example.org", 22, &a), Judgement::Unknown);
}

#[test]
fn several_keys_of_a_host_are_all_its_own() {
    let keys = Keys::new();
    let (a, b, rsa) = (keys.key("a", "ed25519"), keys.key("b", "ecdsa"), keys.key("r", "rsa"));
    let file = [keys.line("web", "a"), keys.line("w*", "b"), keys.line("web", "r")].concat();
    let known = KnownHosts::parse(&file);
    for key in [&a, &b, &rsa] {
        assert_eq!(known.judge("web", 22, &Offered::Key(key.clone()), now()), Judgement::Trusted);
    }
    let names: Vec<String> = known.algorithms("web", 22).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"]);
    assert_eq!(known.certificate_algorithms("web", 22), []);
}

#[test]
fn a_line_that_cannot_be_read_is_told_and_says_nothing() {
    let keys = Keys::new();
    let a = keys.key("a", "ed25519");
    let good = keys.line("web", "a");
    let key = good.trim().rsplit(' ').next().unwrap().to_owned();
    let file = format!(
        "web\n@unknown {good}web ssh-ed25519\nweb ssh-rsa {key}\nweb ssh-ed25519 {}\n|1|AAAA|BBBB ssh-ed25519 {key}\n{good}",
        key.get(..40).unwrap(),
    );
    let known = KnownHosts::parse(&file);
    let lines: Vec<usize> = known.problems().iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
    assert_eq!(known.judge("web", 22, &Offered::Key(a), now()), Judgement::Trusted);
}

/// What an authority for `*.example.org` makes of a certificate for this host.
fn certified(keys: &Keys, host: &str, arguments: &[&str]) -> Judgement {
    let certificate = keys.certify("ca", "host", arguments);
    let known = KnownHosts::parse(&keys.line("@cert-authority *.example.org", "ca"));
    known.judge(host, 22, &Offered::Certificate(certificate), SystemClock.now())
}

#[test]
fn a_certificate_of_the_authority_is_trusted_for_its_hosts_while_it_is_valid() {
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let keys = Keys::new();
        keys.key("ca", kind);
        keys.key("host", "ed25519");
        let web = "web.example.org";
        let good = ["-h", "-n", "web.example.org,192.0.2.7", "-V", "-1h:+1h"];
        assert_eq!(certified(&keys, web, &good), Judgement::Trusted, "{kind}");
        assert_eq!(certified(&keys, "Web.Example.org", &good), Judgement::Trusted);
        assert_eq!(certified(&keys, web, &["-h", "-n", "*.example.org"]), Judgement::Trusted);
        let bad = |host: &str, arguments: &[&str], wanted: &str| {
            let Judgement::BadCertificate(problem) = certified(&keys, host, arguments) else { panic!("{wanted}") };
            assert!(problem.contains(wanted), "{problem} is not {wanted}");
        };
        bad("db.example.org", &good, "for other hosts");
        bad(web, &["-h"], "names no host");
        bad(web, &["-n", web], "a user's certificate");
        bad(web, &["-h", "-n", web, "-V", "-2h:-1h"], "has expired");
        bad(web, &["-h", "-n", web, "-V", "+1h:+2h"], "not valid yet");
        bad(web, &["-h", "-n", web, "-O", "critical:x@example.org=y"], "critical option");
        assert_eq!(certified(&keys, "web.example.net", &good), Judgement::Unknown);
    }
}

#[test]
fn a_certificate_that_was_changed_or_signed_with_sha1_is_refused() {
    let keys = Keys::new();
    keys.key("ca", "rsa");
    keys.key("host", "ed25519");
    let Judgement::BadCertificate(problem) =
        certified(&keys, "web.example.org", &["-h", "-n", "web.example.org", "-t", "ssh-rsa"])
    else {
        panic!("SHA-1 is accepted")
    };
    assert!(problem.contains("SHA-1"), "{problem}");
    let good = keys.certify("ca", "host", &["-h", "-n", "web.example.org"]);
    let mut bytes = good.to_bytes().unwrap();
    let at = bytes.windows(15).position(|window| window == b"web.example.org").unwrap();
    *bytes.get_mut(at).unwrap() = b'x';
    let changed = Certificate::from_bytes(&bytes).unwrap();
    let known = KnownHosts::parse(&keys.line("@cert-authority *", "ca"));
    let judged = known.judge("xeb.example.org", 22, &Offered::Certificate(changed), now());
    assert_eq!(judged, Judgement::BadCertificate("its signature is wrong".to_owned()));
}

#[test]
fn an_authority_that_is_not_the_hosts_proves_nothing() {
    let keys = Keys::new();
    let (ca, evil) = (keys.key("ca", "ed25519"), keys.key("evil", "ed25519"));
    let host = keys.key("host", "ed25519");
    let offered = Offered::Certificate(keys.certify("evil", "host", &["-h", "-n", "web"]));
    let known = KnownHosts::parse(&keys.line("@cert-authority web", "ca"));
    assert_eq!(known.judge("web", 22, &offered, now()), other(&[&ca]));
    // Neither does an authority's own key, offered as the host's.
    assert_eq!(known.judge("web", 22, &Offered::Key(ca.clone()), now()), other(&[&ca]));
    assert_eq!(known.judge("web", 22, &Offered::Key(evil), now()), other(&[&ca]));
    // The key in the certificate may be known itself.
    let both = format!("{}{}", keys.line("@cert-authority web", "ca"), keys.line("web", "host"));
    assert_eq!(KnownHosts::parse(&both).judge("web", 22, &offered, now()), Judgement::Trusted);
    assert_eq!(known.algorithms("web", 22), []);
    assert_eq!(known.certificate_algorithms("web", 22), ALGORITHMS);
    assert_eq!(known.judge("web", 22, &Offered::Key(host), now()), other(&[&ca]));
}

#[test]
fn a_revoked_authority_or_key_revokes_its_certificates() {
    let keys = Keys::new();
    keys.key("ca", "ed25519");
    keys.key("host", "ed25519");
    let offered = Offered::Certificate(keys.certify("ca", "host", &["-h", "-n", "web"]));
    for revoked in ["ca", "host"] {
        let file = format!("{}{}", keys.line("@cert-authority web", "ca"), keys.line("@revoked *", revoked));
        assert_eq!(KnownHosts::parse(&file).judge("web", 22, &offered, now()), Judgement::Revoked);
    }
}

/// `ssh-keygen -F` says for which lines a host is known. So do we.
#[test]
fn the_lines_about_a_host_are_those_that_openssh_finds() {
    let keys = Keys::new();
    keys.key("a", "ed25519");
    let patterns = [
        "web.example.org",
        "WEB.example.org",
        "*.example.org",
        "*.example.org,!db.example.org",
        "!db.example.org,*.example.org",
        "w?b.example.org",
        "web",
        "web,192.0.2.7",
        "192.0.2.*",
        "*",
        "!*",
        "!web,*",
        "[web]:2222",
        "[*]:2222",
        "[w*]:22??",
        "[web]:22",
        "web,",
        ",web",
        "2001:db8::7",
        "[2001:db8::7]:2222",
        "*,!*.example.org",
        "@revoked *.example.org",
        "@cert-authority *.example.org",
    ];
    let mut file: String = patterns.iter().map(|hosts| keys.line(hosts, "a")).collect();
    keys.file("hashed", &[keys.line("web", "a"), keys.line("[web]:2222", "a"), keys.line("2001:db8::7", "a")].concat());
    keys.keygen(&["-H", "-f", "hashed"]);
    file.push_str(&keys.text("hashed"));
    keys.file("known_hosts", &file);
    let known = KnownHosts::parse(&file);
    assert!(known.problems().is_empty());
    let hosts = [
        ("web.example.org", 22),
        ("db.example.org", 22),
        ("example.org", 22),
        ("web", 22),
        ("WEB.EXAMPLE.ORG", 22),
        ("web", 2222),
        ("web", 2200),
        ("db", 2222),
        ("192.0.2.7", 22),
        ("2001:db8::7", 22),
        ("2001:db8::7", 2222),
        ("nobody", 22),
    ];
    let mut found = 0;
    for (host, port) in hosts {
        let asked = if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") };
        let output = keys.run(&["-F", &asked, "-f", "known_hosts"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let theirs: Vec<usize> = text
            .lines()
            .filter_map(|line| line.strip_prefix('#')?.split("line ").nth(1)?.split(' ').next()?.parse().ok())
            .collect();
        let ours: Vec<usize> = known
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.is_about(&name(host, port)))
            .map(|(index, _)| index + 1)
            .collect();
        assert_eq!(ours, theirs, "{asked}:\n{text}");
        found += ours.len();
    }
    assert!(found > 40, "{found}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "(@revoked |@cert-authority |\\|1\\||web|ssh-ed25519|AAAAC3NzaC1lZDI1NTE5AAAAI|[ \t\r\n,!*?#|=]|[a-zA-Z0-9+/]{1,9}|\\PC){0,60}") {
        let known = KnownHosts::parse(&text);
        for (host, port) in [("web", 22), ("", 0), ("*", 2222)] {
            known.algorithms(host, port);
            known.certificate_algorithms(host, port);
        }
    }
}
