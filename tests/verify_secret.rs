//! Secrets exist or are missing, work or are refused; their values never show.

use serde_json::json;

use crate::{
    mail::{house, mailbox},
    smoke::service,
    support::{
        dns::{Dns, Known},
        dovecot::{Dovecot, PASSWORD},
        liar_mail::{Liar, Says},
        mcp::{Answer, House},
        postgres::{self, Postgres},
        sshd::Sshd,
        stand_in::{StandIn, status},
    },
};

#[tokio::test]
async fn existence_is_told_and_nothing_else() {
    let house = House::production().await;
    let client = house.server().await;
    let all = client.call("verify_secret", json!({})).await;
    assert_eq!(all.structured["present"], 2, "{}", all.text);
    assert!(!all.raw.contains(&house.sandbox.canary));
    std::fs::remove_file(house.path("secrets/forum_db")).unwrap();
    let one = client.call("verify_secret", json!({ "service": "forum" })).await;
    assert_eq!(one.structured["missing"], json!(["FORUM_DB_PASSWORD"]), "{}", one.text);
    assert!(one.status().starts_with("MISSING: 1 of 1"), "{}", one.text);
    let stranger = client.call("verify_secret", json!({ "secrets": ["NO_SUCH_SECRET"] })).await;
    assert_eq!(stranger.get("/found/0/source"), "not in the inventory", "{}", stranger.text);
    let none = client.call("verify_secret", json!({ "service": "games" })).await;
    assert!(!none.status().contains('✓'), "nothing was found, so nothing is well: {}", none.text);
}

/// What was tried of a secret, or of a key: its state, and the sentence about it.
fn tried<'a>(answer: &'a Answer, what: &str) -> (&'a str, &'a str) {
    let found = answer.structured["found"].as_array().unwrap().iter().filter_map(|one| one["tried"].as_array());
    let all = found.chain(answer.structured["keys"].as_array()).flatten();
    let one = all.into_iter().find(|one| one["what"] == what).unwrap_or_else(|| panic!("{what}: {}", answer.text));
    (one["state"].as_str().unwrap(), one["found"].as_str().unwrap())
}

fn state<'a>(answer: &'a Answer, secret: &str) -> &'a str {
    let found = answer.structured["found"].as_array().unwrap();
    let one = found.iter().find(|one| one["name"] == secret).unwrap_or_else(|| panic!("{secret}: {}", answer.text));
    one["state"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_tried_once_for_what_they_are_for() {
    let mail = Dovecot::start().await;
    let database = Postgres::start().await.database("forum").await;
    let entry = |name: &str, password: &str| {
        format!(
            "[databases.{name}]\nengine = \"postgres\"\naddress = \"127.0.0.1\"\nport = {}\ndatabase = \"{}\"\nuser = \"{}\"\n\
             password = \"{password}\"\ntls = \"off\"\n",
            database.port, database.name, database.user
        )
    };
    let silent = Liar::start(|_| Says::Goodbye).await;
    let servers = format!(
        "smtp = \"localhost:{}\"\nimap = \"localhost:{}\"\nca = \"{}\"\n",
        mail.submission,
        mail.imap,
        mail.authority().display()
    );
    let gone = format!("password = \"GONE\"\nsmtp = \"127.0.0.1:{}\"\nsmtp_tls = \"off\"\n", silent.port);
    let more = [
        entry("pg", "PG"),
        entry("pg-wrong", "WRONG"),
        mailbox("info", &servers),
        mailbox("crm", &format!("password = \"WRONG\"\n{servers}")),
        mailbox("gone", &gone),
    ];
    let wrong = "wrong-canary-8Fs2kW5";
    let secrets = [("MAIL", PASSWORD), ("PG", postgres::PASSWORD), ("WRONG", wrong), ("GONE", "gone-canary-3Jd7hP1")];
    let house = house(&secrets, &more.concat()).await;
    let client = house.server().await;
    let names = json!(["MAIL", "PG", "WRONG", "GONE", "SHOP_API_KEY"]);
    let there = client.call("verify_secret", json!({ "secrets": names })).await;
    assert_eq!((there.status(), state(&there, "WRONG")), ("All 5 secrets exist ✓", "exists"), "{}", there.text);
    let first = client.call("verify_secret", json!({ "secrets": names, "probe": true })).await;
    assert_eq!(
        first.status(),
        "REFUSED: WRONG; 2 of 5 work, 2 unknown (1 of them: nothing in the inventory logs in with it)",
        "{}",
        first.text
    );
    for (secret, wanted) in
        [("MAIL", "works"), ("PG", "works"), ("WRONG", "refused"), ("GONE", "unknown"), ("SHOP_API_KEY", "unknown")]
    {
        assert_eq!(state(&first, secret), wanted, "{secret}: {}", first.text);
    }
    assert_eq!(tried(&first, "database pg"), ("works", "DB connection successful to pg ✓"));
    assert!(tried(&first, "mailbox info").1.starts_with("SMTP authentication OK ✓"), "{}", first.text);
    let (refused, why) = tried(&first, "database pg-wrong");
    assert!(refused == "refused" && why.contains("the server refused the login"), "{}", first.text);
    // The second time nobody is asked.
    let second = client.call("verify_secret", json!({ "secrets": ["WRONG"], "probe": true })).await;
    for what in ["database pg-wrong", "mailbox crm"] {
        let (refused, why) = tried(&second, what);
        assert!(refused == "refused" && why.contains("refused a short while ago"), "{what}: {}", second.text);
    }
    let one = client.call("verify_secret", json!({ "secrets": ["PG"], "probe": true })).await;
    assert_eq!(one.status(), "Secret works: PG ✓ DB connection successful to pg ✓", "{}", one.text);
    for seen in [&there.raw, &first.raw, &second.raw, &one.raw, &client.log()] {
        assert!(secrets.iter().all(|(_, value)| !seen.contains(value)), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_tried_by_logging_in_to_their_hosts() {
    let mut host = Sshd::start().await;
    let key = std::fs::read_to_string(host.identity_file()).unwrap();
    let by_file = host.toml("file");
    let (before, _) = by_file.split_once("identity_file").unwrap();
    let by_secret = before.replace("[hosts.file]", "[hosts.secret]") + "identity = \"SSH_KEY\"\n";
    let stranger =
        by_file.replace("[hosts.file]", "[hosts.stranger]").replace("user = \"web1\"", "user = \"rehearsal\"");
    let house = house(&[("SSH_KEY", &key)], &[by_file, by_secret, stranger].join("\n")).await;
    let client = house.server().await;
    let first = client.call("verify_secret", json!({ "probe": true })).await;
    assert_eq!(state(&first, "SSH_KEY"), "works", "{}", first.text);
    assert_eq!(tried(&first, "host secret"), ("works", "SSH authentication OK on secret ✓"));
    assert_eq!(tried(&first, "host file"), ("works", "SSH authentication OK on file ✓"));
    let (refused, why) = tried(&first, "host stranger");
    assert!(refused == "refused" && why.contains("it does not accept our key"), "{}", first.text);
    host.stop().await;
    let down = client.call("verify_secret", json!({ "secrets": ["SSH_KEY"], "probe": true })).await;
    assert_eq!((state(&down, "SSH_KEY"), tried(&down, "host secret").0), ("unknown", "unknown"), "{}", down.text);
    let body = key.lines().nth(2).unwrap();
    for seen in [&first.raw, &down.raw, &client.log()] {
        assert!(!seen.contains(body), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_reached_without_a_word() {
    let listens = StandIn::start(|_| status(200, "")).await;
    let silent = Liar::start(|_| Says::Goodbye).await;
    let dns = Dns::start(&[("hooks.example.org", Known::A("10.1.2.3"))]).await;
    let path = "webhook/canary-5Tg8nR2mX7cV";
    let secrets = [
        ("TEAM", format!("{}/{path}", listens.url())),
        ("PLAIN", format!("https://127.0.0.1:{}/{path}", silent.port)),
        ("INSIDE", format!("https://hooks.example.org/{path}")),
        ("NO_URL", path.to_owned()),
        ("SIGNING", "signing-canary-4Jf7dK1sQ9".to_owned()),
    ];
    let more = format!(
        "{}[notify.team]\nkind = \"n8n\"\nurl = \"TEAM\"\nsigning_key = \"SIGNING\"\n[notify.none]\nkind = \"slack\"\nurl = \"NO_URL\"\n",
        dns.toml()
    );
    let given: Vec<(&str, &str)> = secrets.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let house = house(&given, &more).await;
    let [plain, inside] = ["PLAIN", "INSIDE"].map(|name| format!("kind = \"webhook\"\nsecret = \"{name}\""));
    let hooks = service(&house, "hooks", "", &[("plain", &plain), ("inside", &inside)]);
    house.configure(|text| format!("{text}\n{hooks}"));
    let client = house.server().await;
    let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
    let answer = client.call("verify_secret", json!({ "secrets": names, "probe": true })).await;
    for (secret, what, wanted, sentence) in [
        ("TEAM", "channel team", "works", "Reachable ✓; nothing was said to it."),
        ("PLAIN", "webhook PLAIN", "unknown", "what answers there does not speak TLS"),
        ("INSIDE", "webhook INSIDE", "unknown", "its name leads to 10.1.2.3, which is not public"),
        ("NO_URL", "channel none", "unknown", "its secret holds no address that may be written to"),
    ] {
        assert_eq!(state(&answer, secret), wanted, "{secret}: {}", answer.text);
        let (state, found) = tried(&answer, what);
        assert!(state == wanted && found.contains(sentence), "{what}: {}", answer.text);
    }
    assert_eq!(state(&answer, "SIGNING"), "unknown", "nobody can tell without telling something: {}", answer.text);
    assert!(listens.asked().is_empty(), "{:?}", listens.asked());
    for seen in [&answer.raw, &client.log()] {
        assert!(!seen.contains("canary-"), "{seen}");
    }
}

#[tokio::test]
async fn a_secret_that_is_older_than_the_operator_wants_is_stale() {
    let house = house(&[("YOUNG", "young-canary-1Kd8"), ("OLD", "old-canary-4Hs6")], "").await;
    let old = std::fs::File::options().write(true).open(house.path("secrets/OLD")).unwrap();
    old.set_modified(std::time::SystemTime::now() - std::time::Duration::from_hours(31 * 24)).unwrap();
    house.configure(|text| {
        let rotated = |line: &str| {
            let (name, from) = line.split_once(" = ").unwrap();
            format!("{name} = {{ from = {from}, rotate_after_days = 30 }}")
        };
        let is_ours = |line: &str| line.starts_with("YOUNG =") || line.starts_with("OLD =");
        let lines = text.lines().map(|line| if is_ours(line) { rotated(line) } else { line.to_owned() });
        lines.collect::<Vec<_>>().join("\n")
    });
    let client = house.server().await;
    let seen = client.call("verify_secret", json!({ "secrets": ["YOUNG", "OLD"] })).await;
    assert_eq!(seen.status(), "All 2 secrets exist ✓; STALE: OLD", "{}", seen.text);
    assert_eq!(seen.structured["stale"], json!(["OLD"]), "{}", seen.text);
    assert!(seen.structured["found"][0]["due_since"].is_string(), "{}", seen.text);
}

#[tokio::test]
async fn tokens_of_monitors_and_the_search_are_tried_and_channels_only_reached() {
    let guarded = StandIn::start(|asked| match asked.header("authorization") {
        "Bearer good-token-5Tg6Yh7Uj8Ik9Ol0" => status(200, "[]"),
        _ => status(401, ""),
    })
    .await;
    let open = StandIn::start(|_| status(200, "[]")).await;
    let search = StandIn::start(|asked| match asked.header("x-subscription-token") {
        "good-search-2Ws3Ed4Rf5Tg6Yh7" => status(200, r#"{"query":{},"web":{"results":[]}}"#),
        _ => status(422, r#"{"error":{"code":"SUBSCRIPTION_TOKEN_INVALID","status":422}}"#),
    })
    .await;
    let channel = StandIn::start(|_| status(200, "")).await;
    let hook = format!("{}/webhook/canary-3Er4Ty5Ui6Op7As8", channel.url());
    let monitor = |name: &str, server: &StandIn, token: &str| {
        format!("[monitoring.{name}]\nkind = \"alertmanager\"\nurl = \"{}\"\ntoken = \"{token}\"\n", server.url())
    };
    let sections = [
        monitor("good", &guarded, "GOOD"),
        monitor("bad", &guarded, "BAD"),
        monitor("open", &open, "OPEN"),
        format!("[search]\ntoken = \"SEARCH\"\napi = \"{}\"\n", search.url()),
        "[notify.team]\nkind = \"webhook\"\nurl = \"HOOK\"\n".to_owned(),
    ];
    let secrets = [
        ("GOOD", "good-token-5Tg6Yh7Uj8Ik9Ol0"),
        ("BAD", "bad-token-9Ol0Pq1Wr2Et3Yu4"),
        ("OPEN", "open-token-1Qa2Ws3Ed4Rf5Tg6"),
        ("SEARCH", "good-search-2Ws3Ed4Rf5Tg6Yh7"),
        ("HOOK", &hook),
    ];
    let house = house(&secrets, &sections.join("\n")).await;
    let client = house.server().await;
    let names: Vec<&str> = secrets.iter().map(|(name, _)| *name).collect();
    let ask = json!({ "secrets": names, "probe": true });
    let first = client.call("verify_secret", ask.clone()).await;
    assert!(first.status().starts_with("REFUSED: BAD; "), "{}", first.text);
    for (what, state, found) in [
        ("monitor good", "works", "Monitor good accepts it ✓"),
        ("monitor bad", "refused", "Monitor bad: it refuses our credential (HTTP 401)."),
        ("monitor open", "unknown", "Monitor open answers whoever asks: it does not say whether this is right."),
        ("search of the web", "works", "The search accepts it ✓"),
        ("channel team", "works", "Reachable ✓; nothing was said to it."),
    ] {
        assert_eq!(tried(&first, what), (state, found));
    }
    assert!(channel.asked().is_empty(), "a channel heard something");
    // Nobody locks an account by asking us again.
    let before = guarded.asked().iter().filter(|asked| asked.header("authorization").contains("bad-token")).count();
    let second = client.call("verify_secret", ask).await;
    assert_eq!(tried(&second, "monitor bad").0, "refused", "{}", second.text);
    let after = guarded.asked().iter().filter(|asked| asked.header("authorization").contains("bad-token")).count();
    assert_eq!((before, after), (1, 1));
    search.say(|_| status(422, r#"{"error":{"code":"SUBSCRIPTION_TOKEN_INVALID","status":422}}"#));
    let refused = client.call("verify_secret", json!({ "secrets": ["SEARCH"], "probe": true })).await;
    assert_eq!(tried(&refused, "search of the web").0, "refused", "{}", refused.text);
    for seen in [&first.raw, &second.raw, &refused.raw, &client.log()] {
        assert!(secrets.iter().all(|(_, value)| !seen.contains(value)), "{seen}");
    }
}
