//! Mailboxes are logged in to and nothing else is done with them, whatever their servers do.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::support::{
    dns::{Dns, Known},
    dovecot::{Dovecot, EXPIRED, GOOD, OTHER_NAME, PASSWORD, USER},
    liar_mail::{Liar, Says, words},
    mcp::{Answer, Client, House},
    sshd::Sshd,
    wait::until,
};

/// Writes a secret of the house into a file, and what the configuration says of it.
fn secret(house: &House, name: &str, value: &str) -> String {
    let file = house.path("secrets").join(name);
    fs::write(&file, value).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    format!("{name} = \"file:{}\"\n", file.display())
}

/// A house with these secrets and more in its configuration.
pub(crate) async fn house(secrets: &[(&str, &str)], more: &str) -> House {
    let house = House::staging().await;
    let secrets: String = secrets.iter().map(|(name, value)| secret(&house, name, value)).collect();
    house.configure(|text| format!("{}\n{more}", text.replacen("[secrets]\n", &format!("[secrets]\n{secrets}"), 1)));
    house
}

/// A mailbox `name` with the right password and these keys.
pub(crate) fn mailbox(name: &str, keys: &str) -> String {
    let keys = if keys.contains("password =") { keys.to_owned() } else { format!("password = \"MAIL\"\n{keys}") };
    format!("[mailboxes.{name}]\naddress = \"{name}@example.org\"\nuser = \"{USER}\"\n{keys}\n")
}

/// Both servers of a mailbox at an address, with TLS from the first byte.
fn servers(server: &Dovecot, address: &str) -> String {
    let Dovecot { submissions, imaps, .. } = server;
    format!(
        "smtp = \"{address}:{submissions}\"\nimap = \"{address}:{imaps}\"\nsmtp_tls = \"implicit\"\nimap_tls = \"implicit\"\n\
         ca = \"{}\"\n",
        server.authority().display()
    )
}

/// What was found of a mailbox.
fn of<'a>(answer: &'a Answer, mailbox: &str) -> &'a Value {
    let all = answer.structured["mailboxes"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    all.iter().find(|one| one["check"] == mailbox).unwrap_or_else(|| panic!("{}", answer.text))
}

fn found<'a>(answer: &'a Answer, mailbox: &str) -> &'a str {
    of(answer, mailbox)["found"].as_str().unwrap()
}

/// Neither the answers nor the log hold the password, in any way of writing it that these protocols know, or a control sequence.
fn assert_silent(answers: &[&Answer], client: &Client) {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let log = client.log();
    let plain = STANDARD.encode(format!("\0{USER}\0{PASSWORD}"));
    for text in answers.iter().map(|answer| answer.raw.as_str()).chain([log.as_str()]) {
        for secret in [PASSWORD, &plain, &STANDARD.encode(PASSWORD), "\u{1b}", "\\u001b"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_logged_in_to_by_both_ways_to_begin_tls() {
    let server = Dovecot::start().await;
    let Dovecot { submission, imap, .. } = &server;
    let starttls = format!(
        "smtp = \"localhost:{submission}\"\nimap = \"localhost:{imap}\"\nca = \"{}\"\n",
        server.authority().display()
    );
    let mailboxes = mailbox("info", &servers(&server, GOOD)) + &mailbox("crm", &starttls);
    let house = house(&[("MAIL", PASSWORD)], &mailboxes).await;
    let client = house.server().await;
    let one = client.call("run_smoke", json!({ "mailboxes": ["info"] })).await;
    assert!(one.status().starts_with("PASS: SMTP authentication OK ✓ ("), "{}", one.text);
    assert!(
        one.status().contains("; IMAP login OK ✓ (") && one.status().contains("certificate valid for 3"),
        "{}",
        one.text
    );
    let both = client.call("run_smoke", json!({ "mailboxes": ["info", "crm"] })).await;
    assert_eq!(both.status(), "PASS: 0 services and 2 mailboxes answer, 2 of 2 checks ✓", "{}", both.text);
    assert!(found(&both, "crm").contains("SMTP authentication OK ✓"), "{}", both.text);
    let all = client.call("run_smoke", json!({ "all_checks": true })).await;
    assert_eq!(of(&all, "crm")["outcome"], "PASS", "{}", all.text);
    assert_eq!(client.call("run_smoke", json!({ "mailboxes": ["inf"] })).await.code(), "UNKNOWN_NAME");
    let relayed = server.relayed();
    assert!(relayed.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{relayed:?}");
    assert_silent(&[&one, &both, &all], &client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_tried_once() {
    let server = Dovecot::start().await;
    let keys = servers(&server, GOOD);
    let mailboxes = mailbox("info", &keys) + &mailbox("crm", &format!("password = \"WRONG\"\n{keys}"));
    let house = house(&[("MAIL", PASSWORD), ("WRONG", "wrong-canary-2Kd7hQ9")], &mailboxes).await;
    let client = house.server().await;
    let first = client.call("run_smoke", json!({ "mailboxes": ["crm"] })).await;
    assert_eq!(first.get("/outcome"), "FAIL", "{}", first.text);
    let told = found(&first, "crm");
    assert!(told.starts_with("SMTP: it refused the login. Correct user and password secret"), "{told}");
    assert!(told.contains("IMAP: the login was refused a short while ago"), "{told}");
    assert!(of(&first, "crm")["untrusted_text"].as_str().unwrap().contains("535"), "{}", first.text);
    let second = client.call("run_smoke", json!({ "mailboxes": ["crm"] })).await;
    assert!(found(&second, "crm").starts_with("SMTP: the login was refused a short while ago"), "{}", second.text);
    let good = client.call("run_smoke", json!({ "mailboxes": ["info"] })).await;
    assert_eq!(good.get("/outcome"), "PASS", "{}", good.text);
    until(|| server.log().contains("auth failed").then_some(())).await;
    assert_eq!(server.log().matches("auth failed").count(), 1, "{}", server.log());
    // Another password is another login.
    fs::write(house.path("secrets/WRONG"), PASSWORD).unwrap();
    let mended = client.call("run_smoke", json!({ "mailboxes": ["crm"] })).await;
    assert_eq!(mended.get("/outcome"), "PASS", "{}", mended.text);
    assert_silent(&[&first, &second, &good, &mended], &client);
    assert!(!first.raw.contains("wrong-canary") && !client.log().contains("wrong-canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_proves_nothing_gets_no_password() {
    let server = Dovecot::start().await;
    let unknown: String =
        servers(&server, GOOD).lines().filter(|line| !line.starts_with("ca")).map(|line| format!("{line}\n")).collect();
    let clear = format!("smtp = \"{GOOD}:{}\"\nsmtp_tls = \"implicit\"\n", server.submission);
    let mailboxes = [
        mailbox("expired", &servers(&server, EXPIRED)),
        mailbox("other", &servers(&server, OTHER_NAME)),
        mailbox("unknown", &unknown),
        mailbox("clear", &clear),
    ];
    let house = house(&[("MAIL", PASSWORD)], &mailboxes.concat()).await;
    let client = house.server().await;
    let answer = client.call("run_smoke", json!({ "mailboxes": ["expired", "other", "unknown", "clear"] })).await;
    assert_eq!((answer.get("/outcome"), answer.structured["passed"].as_u64()), ("FAIL", Some(0)), "{}", answer.text);
    for (mailbox, wrong) in [
        ("expired", "its certificate has expired"),
        ("other", "its certificate is for another name"),
        ("unknown", "its certificate is of an authority that is not trusted"),
        ("clear", "what answers there does not begin with TLS"),
    ] {
        assert!(found(&answer, mailbox).starts_with(&format!("SMTP: {wrong}")), "{}", answer.text);
    }
    assert!(found(&answer, "expired").contains("IMAP: its certificate has expired"), "{}", answer.text);
    assert!(!server.log().contains(USER), "{}", server.log());
    assert_silent(&[&answer], &client);
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_are_asked_for_where_that_is_allowed_and_no_mail_is_sent() {
    let server = Dovecot::start().await;
    let keys = servers(&server, GOOD);
    let aliases = format!(
        "aliases = [\"office@example.org\", \"gone@example.org\", \"later@example.org\"]\naliases_probe = true\n{keys}"
    );
    let quiet = format!("aliases = [\"hello@example.org\"]\n{keys}");
    let dns = Dns::start(&[("example.org", Known::Mx("mail.example.org."))]).await;
    let config = dns.toml() + &mailbox("info", &aliases) + &mailbox("crm", &quiet);
    let house = house(&[("MAIL", PASSWORD)], &config).await;
    let client = house.server().await;
    let quiet = client.call("run_smoke", json!({ "mailboxes": ["crm"] })).await;
    assert_eq!(quiet.get("/outcome"), "PASS", "{}", quiet.text);
    let asked = client.call("run_smoke", json!({ "mailboxes": ["info"] })).await;
    assert_eq!(asked.get("/outcome"), "FAIL", "{}", asked.text);
    let told = "1 of 3 aliases resolve, refused: gone@example.org, not told: later@example.org; alias domains take mail ✓ (1).";
    assert!(found(&asked, "info").ends_with(told), "{}", asked.text);
    let relayed = server.relayed();
    assert!(relayed.iter().any(|line| line.contains("office@example.org")), "{relayed:?}");
    assert!(!relayed.iter().any(|line| line.starts_with("DATA") || line.contains("hello@")), "{relayed:?}");
    assert_silent(&[&quiet, &asked], &client);
}

/// A server that gets as far as the login, and answers that with `last`.
async fn until_login(last: impl Fn(&str) -> Says + Clone + Send + 'static) -> Liar {
    Liar::start(move |line| match line {
        "" => words("220 \u{1b}[31mred\u{7}\u{1b}]0;title\u{7} banner\r\n"),
        line if line.starts_with("EHLO") => words("250-liar\r\n250 AUTH PLAIN\r\n"),
        line if line.starts_with("AUTH") => last(line),
        _ => words("221 bye\r\n"),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_lie_are_told_apart_and_give_nothing_away() {
    let smtp = |liar: &Liar, tls: &str| format!("smtp = \"127.0.0.1:{}\"\nsmtp_tls = \"{tls}\"\n", liar.port);
    let imap = |liar: &Liar, tls: &str| format!("imap = \"127.0.0.1:{}\"\nimap_tls = \"{tls}\"\n", liar.port);
    let echo = until_login(|line| words(format!("535 5.7.8 \u{1b}[2Jyou said {line} and {PASSWORD}\r\n"))).await;
    let later = until_login(|_| words("454 4.7.0 greylisted, come again\r\n")).await;
    let cut = until_login(|_| Says::Goodbye).await;
    let no_tls = until_login(|_| words("235 in\r\n")).await;
    let injected = Liar::start(|line| match line {
        "" => words("220 hello\r\n"),
        "STARTTLS" => words("220 go on\r\n250-liar\r\n250 AUTH PLAIN\r\n235 in\r\n"),
        _ => words("250-liar\r\n250 STARTTLS\r\n"),
    })
    .await;
    let web = Liar::start(|line| if line.is_empty() { Says::Nothing } else { words("HTTP/1.1 400 Bad Request\r\n") });
    let foreign = Liar::start(|_| words("SSH-2.0-OpenSSH_9.2\r\n")).await;
    let endless = Liar::start(|_| words("220-".repeat(1 << 20))).await;
    let many = Liar::start(|_| words("220-more\r\n".repeat(1 << 17))).await;
    let full = Liar::start(|line| match line.split(' ').nth(1) {
        None => words("* OK hello\r\n"),
        Some("CAPABILITY") => words("* CAPABILITY IMAP4rev1 {5}\r\nX}{ {\r\n* OK x\r\nd1 OK done\r\n"),
        _ => words("d1 NO [UNAVAILABLE] no backend\r\n"),
    })
    .await;
    let ready = Liar::start(|_| words("* PREAUTH come in\r\n")).await;
    let bye = Liar::start(|_| words("* BYE too many\r\n")).await;
    let cases = [
        ("echo", smtp(&echo, "off"), "FAIL", "SMTP: it refused the login"),
        ("later", smtp(&later, "off"), "INCONCLUSIVE", "SMTP: it asks to come again later"),
        ("cut", smtp(&cut, "off"), "FAIL", "SMTP: it ended the connection during the login"),
        ("stripped", smtp(&no_tls, "starttls"), "FAIL", "SMTP: it offers no STARTTLS"),
        ("injected", smtp(&injected, "starttls"), "FAIL", "SMTP: somebody spoke in the clear"),
        ("foreign", smtp(&foreign, "off"), "FAIL", "SMTP: what answers there does not speak SMTP"),
        ("endless", smtp(&endless, "off"), "FAIL", "SMTP: what answers there does not speak SMTP"),
        ("many", smtp(&many, "off"), "FAIL", "SMTP: what answers there does not speak SMTP"),
        ("full", imap(&full, "off"), "INCONCLUSIVE", "IMAP: it asks to come again later"),
        ("ready", imap(&ready, "starttls"), "FAIL", "IMAP: it offers no STARTTLS"),
        ("bye", imap(&bye, "off"), "INCONCLUSIVE", "IMAP: it asks to come again later"),
        ("foreign-imap", imap(&foreign, "off"), "FAIL", "IMAP: what answers there does not speak IMAP"),
    ];
    let silent = web.await;
    let check = "[[services.forum.smoke]]\nname = \"mail\"\nkind = \"mailbox\"\nmailbox = \"silent\"\ntimeout_ms = 300\nattempts = 1\n";
    let mailboxes: String = cases.iter().map(|(name, keys, ..)| mailbox(name, keys)).collect();
    let house = house(&[("MAIL", PASSWORD)], &(mailboxes + &mailbox("silent", &smtp(&silent, "off")) + check)).await;
    let client = house.server().await;
    let names: Vec<&str> = cases.iter().map(|(name, ..)| *name).collect();
    let answer = client.call("run_smoke", json!({ "mailboxes": names })).await;
    for (name, _, outcome, beginning) in &cases {
        assert_eq!(of(&answer, name)["outcome"], *outcome, "{name}: {}", answer.text);
        assert!(found(&answer, name).starts_with(beginning), "{name}: {}", answer.text);
    }
    for (name, said) in
        [("echo", "you said"), ("later", "454 4.7.0 greylisted"), ("full", "no backend"), ("bye", "too many")]
    {
        assert!(of(&answer, name)["untrusted_text"].as_str().unwrap().contains(said), "{name}: {}", answer.text);
    }
    assert!(!answer.raw.contains("banner"), "{}", answer.text);
    for liar in [&no_tls, &injected, &ready] {
        assert!(!liar.heard().iter().any(|line| line.contains("AUTH") || line.contains("LOGIN")), "{:?}", liar.heard());
    }
    let attempts = |liar: &Liar| liar.heard().iter().filter(|line| line.starts_with("AUTH")).count();
    assert_eq!((attempts(&echo), attempts(&later), attempts(&cut)), (1, 3, 3), "only what may pass is tried again");
    let service = client.call("run_smoke", json!({ "services": ["forum"] })).await;
    assert!(service.text.contains("SMTP: it fell silent during the greeting"), "{}", service.text);
    assert_silent(&[&answer, &service], &client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_answers_only_on_a_host_is_logged_in_to_through_it() {
    let host = Sshd::shape().own_network().start().await;
    let server = Dovecot::in_network(host.pid()).await;
    let keys = servers(&server, GOOD);
    let nobody = "smtp = \"127.0.0.1:9\"\nsmtp_tls = \"off\"\nvia = \"web\"\n";
    let mailboxes = mailbox("info", &format!("{keys}via = \"web\"\n")) + &mailbox("nobody", nobody);
    let house = house(&[("MAIL", PASSWORD)], &(mailboxes + &host.toml("web"))).await;
    let client = house.server().await;
    let through = client.call("run_smoke", json!({ "mailboxes": ["info"] })).await;
    assert!(through.status().starts_with("PASS: SMTP authentication OK ✓"), "{}", through.text);
    let other = client.call("run_smoke", json!({ "mailboxes": ["nobody"] })).await;
    assert!(found(&other, "nobody").starts_with("SMTP: nothing answers host web at that address"), "{}", other.text);
    assert_silent(&[&through, &other], &client);
}
