//! Files and logs on a host over SSH, through the front door.

use std::{
    fs::File,
    io::Write,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::support::{
    liar_ssh::{Act, Liar, honest, storm},
    mcp::{Answer, Client, House},
    sshd::{Shape, Sshd},
};

/// A PEM block of a private key.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n\
    MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n\
    NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ\n\
    -----END PRIVATE KEY-----\n";

/// A house with a host, whose directory `logs` is the root `web`, and, as this machine sees it, the root `here`.
async fn house(shape: Shape) -> (House, Sshd, Client) {
    let (house, host) = (House::staging().await, shape.start().await);
    host.plant("logs/placed", "");
    let roots = format!(
        "[roots]\nhere = \"{}\"\nweb = {{ host = \"web\", path = \"{}/logs\" }}\n",
        host.path("logs").display(),
        host.root()
    );
    house.configure(|text| text.replace("[roots]\n", &roots) + &host.toml("web"));
    let client = house.server().await;
    (house, host, client)
}

async fn read(client: &Client, path: &str) -> Answer {
    client.call("read_file", json!({ "root": "web", "path": path })).await
}

async fn search(client: &Client, root: &str, more: &Value) -> Answer {
    let mut arguments = json!({ "root": root, "path": "app.log" });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.call("search_logs", arguments).await
}

/// What has to be the same wherever a file is.
fn essence(answer: &Answer) -> Value {
    let mut files = answer.structured["files"].clone();
    for file in files.as_array_mut().into_iter().flatten() {
        file.as_object_mut().unwrap().remove("preselected");
    }
    let kept = ["matches", "more", "untrusted_text", "left_out"].map(|key| answer.structured[key].clone());
    json!([kept, files])
}

/// A log of some two megabytes with all that makes searching it hard.
fn log(canary: &str) -> String {
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = canary.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut log = String::new();
    for n in 0..15_000_u32 {
        let (day, hour, minute, second) = (1 + n / 8640, n / 360 % 24, n / 6 % 60, n % 6 * 10);
        let at = format!("2025-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        log += &match n % 5000 {
            7 => {
                format!("{at} ERROR quota exceeded for user{n}\r\n    at Quota->check (Quota.php:{n})\n    at main()\n")
            }
            113 => format!("{at} WARN slow request Größe {n}\n"),
            200 => format!("{at} INFO login token={canary} of anna{n}\n"),
            201 => format!("{at} INFO login x-hex {hex} of berta{n}\n"),
            202 => format!("{at} INFO login /cb?code={percent} of clara{n}\n"),
            333 => format!("{at} \u{1b}[31mERR\u{1b}[0mOR split{n} by colours\n"),
            334 => format!("{at} ERROR hid\u{200b}den{n} word\n"),
            500 => format!("{at} INFO key {n}\n{KEY}{at} INFO key was read {n}\n"),
            450 => format!("{at} INFO {} longline{n}\n", "x".repeat(9_000)),
            451 => format!("{at} INFO longline{n} {} tail\n", "y".repeat(9_000)),
            400 => "\n".to_owned(),
            401 => {
                format!("192.0.2.1 - - [{day:02}/Jan/2025:{hour:02}:{minute:02}:00 +0000] \"GET / HTTP/1.1\" 503 {n}\n")
            }
            _ => format!("{at} INFO request {n} was served in {} ms – nothing to say about it\n", n % 97),
        };
    }
    log + "2025-01-02T23:59:59Z ERROR the last line is not ended"
}

#[tokio::test]
async fn a_log_on_a_host_is_searched_as_one_here() {
    let (house, host, client) = house(Sshd::shape()).await;
    let canary = house.sandbox.canary.clone();
    host.plant("logs/app.log", log(&canary));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&log(&canary).as_bytes()[..300_000]).unwrap();
    host.plant("logs/app.log.2.gz", packed.finish().unwrap());
    host.plant("logs/app.log.1", "2024-12-31T10:00:00Z ERROR quota exceeded in a small file\n");
    host.plant("logs/app.log.3", [&b"text and then\0"[..], &vec![b'x'; 400_000]].concat());
    for (name, hours) in [("app.log.1", 1), ("app.log.2.gz", 2), ("app.log.3", 3)] {
        let then = SystemTime::now() - Duration::from_secs(hours * 3600);
        File::options().write(true).open(host.path("logs").join(name)).unwrap().set_modified(then).unwrap();
    }
    let cases = [
        // The host preselects: a literal that is rare.
        (true, json!({ "pattern": "quota exceeded", "limit": 50 })),
        (true, json!({ "pattern": "quota exceeded", "context": 3, "limit": 50 })),
        (true, json!({ "pattern": "QUOTA EXCEEDED", "case_insensitive": true, "offset": 4, "limit": 5, "context": 1 })),
        (true, json!({ "pattern": r"user1\d007$" })),
        (true, json!({ "pattern": r"quota .* user(7|5007)$" })),
        (true, json!({ "pattern": r"Quota\.php:\d+" })),
        (true, json!({ "pattern": "nowhere at all" })),
        (true, json!({ "pattern": "ERROR split", "limit": 50 })),
        (true, json!({ "pattern": "hidden5334" })),
        (true, json!({ "pattern": "not ended" })),
        (true, json!({ "pattern": "longline", "limit": 50 })),
        (true, json!({ "pattern": "slow request Gr.+e", "limit": 3 })),
        (true, json!({ "pattern": "of (anna|berta|clara)", "limit": 60 })),
        (true, json!({ "pattern": "key was read", "context": 2, "limit": 50 })),
        // What a mask hides is not found.
        (true, json!({ "pattern": canary.get(..8) })),
        (true, json!({ "pattern": "AASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj" })),
        (true, json!({ "pattern": "Us8cKj$", "context": 5 })),
        (true, json!({ "pattern": "BEGIN PRIVATE", "context": 2, "limit": 50 })),
        // It does not: no literal, one that may be of a mask, or one that is everywhere.
        (false, json!({ "pattern": r"\d{5} ms", "limit": 3 })),
        (false, json!({ "pattern": "redacted", "limit": 60 })),
        (false, json!({ "pattern": "request", "limit": 3 })),
        (false, json!({ "limit": 3, "context": 1 })),
        // Windows of time.
        (
            true,
            json!({ "pattern": "quota", "since": "2025-01-01T12:00:00Z", "until": "2025-01-02T03:00:00Z", "limit": 50 }),
        ),
        (true, json!({ "pattern": "at main", "since": "2025-01-01T12:00:00Z", "context": 2, "limit": 50 })),
        (false, json!({ "since": "2025-01-02T17:00:00Z", "limit": 20 })),
        (false, json!({ "until": "2025-01-01T00:01:00Z", "limit": 20 })),
        (false, json!({ "since": "2025-01-03T00:00:00Z" })),
        // Levels.
        (true, json!({ "level": "error", "limit": 80 })),
        (true, json!({ "level": "error", "pattern": "quota", "limit": 80, "context": 2 })),
        (false, json!({ "level": "info", "pattern": r"\d{5} was", "limit": 4 })),
    ];
    for (preselected, case) in cases {
        let (there, here) = (search(&client, "web", &case).await, search(&client, "here", &case).await);
        assert_eq!(essence(&there), essence(&here), "{case}\n{}\n{}", there.text, here.text);
        assert_eq!(here.structured["files"].as_array().unwrap().len(), 4, "{}", here.text);
        assert_eq!(there.structured["files"][0]["preselected"] == true, preselected, "{case}\n{}", there.text);
        assert!(!there.raw.contains(canary.as_str()) && !there.raw.contains("8jNbvJZHtCSuYEvu"), "{case}");
    }
}

#[tokio::test]
async fn both_parts_of_a_large_log_are_searched_as_one() {
    let (_house, host, client) = house(Sshd::shape()).await;
    let (size, line) = (10_000_000, [&[b'.'; 99][..], b"\n"].concat());
    let mut log = line.repeat(size / line.len());
    // Where the second part begins, in the middle of a line and of a word; and on both sides of it.
    let part = size / 65_536 * 7 / 20 * 65_536;
    for at in [20, part - 5, part + 3_000, part + 70_000, size - 80] {
        log[at..][..14].copy_from_slice(b"quota exceeded");
    }
    for at in [part - 9_000 - part % 100, part + 90_000 - part % 100] {
        log[at..][..18].copy_from_slice(b"quota\x1b[0m exceeded");
    }
    host.plant("logs/app.log", log);
    for case in [json!({ "pattern": "quota exceeded", "limit": 50 }), json!({ "pattern": "nowhere at all" })] {
        let (there, here) = (search(&client, "web", &case).await, search(&client, "here", &case).await);
        assert_eq!(essence(&there), essence(&here), "{}\n{}", there.text, here.text);
        assert_eq!(there.structured["files"][0]["preselected"], true, "{}", there.text);
    }
    let found = search(&client, "web", &json!({ "pattern": "quota exceeded", "limit": 1 })).await;
    assert_eq!(found.structured["matches"], 7, "{}", found.text);
}

#[tokio::test]
async fn nothing_outside_of_a_root_is_read_and_nothing_blocks() {
    for shape in [Sshd::shape(), Sshd::shape().busybox_only(), Sshd::shape().sftp_jail()] {
        let what = format!("{shape:?}");
        let (_house, host, client) = house(shape).await;
        host.plant("secret.txt", "outside");
        host.plant("logs/sub/inside.txt", "inside\n");
        let logs = host.path("logs");
        symlink("../secret.txt", logs.join("out")).unwrap();
        symlink("sub/inside.txt", logs.join("in")).unwrap();
        symlink("sub", logs.join("way")).unwrap();
        symlink("/", logs.join("all")).unwrap();
        symlink("/dev/zero", logs.join("endless.log")).unwrap();
        std::process::Command::new("mkfifo").arg(logs.join("pipe.log")).status().unwrap();
        std::fs::set_permissions(host.plant("logs/closed", "closed"), PermissionsExt::from_mode(0o000)).unwrap();
        chown(logs.join("closed"), Some(0), Some(0)).unwrap();
        for path in ["out", "in", "way/inside.txt", "all/etc/passwd", "endless.log", "pipe.log", "closed"] {
            for tool in ["read_file", "search_logs"] {
                let answer = client.call(tool, json!({ "root": "web", "path": path })).await;
                let code = answer.code();
                assert!(
                    code == "PATH_REFUSED" || path == "closed" && code == "WORLD_FAILED",
                    "{what} {tool} {path}: {}",
                    answer.text
                );
            }
        }
        for path in ["way", "all", "sub/none", "none", "none/none"] {
            let answer = read(&client, path).await;
            assert!(["PATH_REFUSED", "NOT_FOUND"].contains(&answer.code()), "{what} {path}: {}", answer.text);
        }
        for path in ["../secret.txt", "/etc/passwd", "sub/../../secret.txt", "sub//inside.txt", "-x"] {
            let refused = client.try_call("read_file", json!({ "root": "web", "path": path })).await;
            assert!(refused.is_err() || refused.unwrap().is_error, "{what} {path}");
        }
        let inside = read(&client, "sub/inside.txt").await;
        assert_eq!(inside.get("/untrusted_text"), "1: inside\n", "{what} {}", inside.text);
        assert_eq!(inside.structured["bytes"], 7, "{what} {}", inside.text);
        let listed = read(&client, "sub").await;
        assert_eq!(listed.structured["entries"][0]["name"], "inside.txt", "{what} {}", listed.text);
    }
}

#[tokio::test]
async fn files_are_shown_as_here() {
    for shape in [Sshd::shape(), Sshd::shape().busybox_only(), Sshd::shape().sftp_only()] {
        let what = format!("{shape:?}");
        let (house, host, client) = house(shape).await;
        let canary = &house.sandbox.canary;
        let long = "n".repeat(251) + ".txt";
        let odd = "a 'b' \"c\" $d `e` *ü;&.txt";
        host.plant(&format!("logs/{long}"), "long name\n");
        host.plant(&format!("logs/{odd}"), "odd name\n");
        host.plant("logs/text", format!("one\ntwo {canary}\n{KEY}three\n"));
        host.plant("logs/binary", b"GIF89a\0\0");
        host.plant("logs/empty", "");
        host.plant("logs/.env", format!("API_KEY={canary}\nEMPTY=\n"));
        host.plant("logs/id_rsa", KEY);
        host.plant("logs/server.key", KEY);
        let large: String = (0..60_000).map(|n| format!("line {n} of a large file\n")).collect();
        host.plant("logs/large", &large);
        for path in [long.as_str(), odd, "text", "binary", "empty", ".env", "large", "id_rsa", "server.key"] {
            for more in
                [json!({}), json!({ "from_line": 3, "limit": 4 }), json!({ "grep": "name" }), json!({ "grep": canary })]
            {
                let mut arguments = json!({ "root": "web", "path": path });
                arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                let there = client.call("read_file", arguments.clone()).await;
                arguments["root"] = json!("here");
                let here = client.call("read_file", arguments.clone()).await;
                let shown = |answer: &Answer| {
                    ["bytes", "modified", "binary", "untrusted_text", "more", "error"]
                        .map(|key| answer.structured[key].clone())
                };
                assert_eq!(shown(&there), shown(&here), "{what} {arguments}");
                assert!(
                    !there.raw.contains(canary.as_str()) && !there.raw.contains("8jNbvJZHtCSuYEvu"),
                    "{what} {path}"
                );
            }
        }
        let deep = client.call("read_file", json!({ "root": "web", "path": "large", "from_line": 59_999 })).await;
        assert!(deep.get("/untrusted_text").contains("line 59999 of"), "{what} {}", deep.text);
        let names = |answer: &Answer| answer.structured["entries"].clone();
        let (there, here) = (
            client.call("read_file", json!({ "root": "web" })).await,
            client.call("read_file", json!({ "root": "here" })).await,
        );
        assert_eq!(names(&there), names(&here), "{what}");
        let found =
            client.call("search_logs", json!({ "root": "web", "path": "large", "pattern": "line 41234 " })).await;
        assert_eq!(found.structured["matches"], 1, "{what} {}", found.text);
        let refused = client.call("search_logs", json!({ "root": "web", "path": ".env" })).await;
        assert_eq!(refused.code(), "PATH_REFUSED", "{what} {}", refused.text);
    }
}

#[tokio::test]
async fn a_part_that_is_swapped_again_and_again_never_leads_out() {
    let (_house, host, client) = house(Sshd::shape()).await;
    host.plant("outside/file.txt", "outside\n");
    host.plant("logs/part/file.txt", "inside\n");
    host.plant("logs/last", "inside\n");
    let swaps = "cd \"$0\" && while :; do mv part kept && ln -s ../outside part && rm part && mv kept part; \
        ln -sf ../outside/file.txt link && mv -f last lost && mv -f link last; mv -f lost last; done";
    let mut swapping = shell(swaps, &host.path("logs"));
    let reading = async {
        let mut seen = (0, 0);
        for _ in 0..60 {
            for path in ["part/file.txt", "last"] {
                let answer = read(&client, path).await;
                assert!(!answer.raw.contains("outside"), "{path}: {}", answer.text);
                if answer.is_error { seen.1 += 1 } else { seen.0 += 1 }
            }
        }
        seen
    };
    tokio::select! {
        ended = swapping.wait() => panic!("{ended:?}"),
        seen = reading => assert!(seen.0 > 0 && seen.1 > 0, "both happen: {seen:?}"),
    }
}

#[tokio::test]
async fn a_file_that_grows_comes_to_an_end() {
    let (_house, host, client) = house(Sshd::shape()).await;
    let line = "2025-01-15T10:00:00Z INFO grows without an end\n";
    host.plant("logs/app.log", line.repeat(40_000));
    let grow = "while :; do head -c 100000 \"$0\" >\"$0.part\" && cat \"$0.part\" >>\"$0\"; done";
    let mut growing = shell(grow, &host.path("logs/app.log"));
    let searching = async {
        for pattern in [json!("ends"), json!("grows"), json!("[g]rows")] {
            let found = search(&client, "web", &json!({ "pattern": pattern })).await;
            assert!(!found.is_error && found.structured["matches"].as_u64().unwrap() < 10_000_000, "{}", found.text);
        }
        read(&client, "app.log").await
    };
    tokio::select! {
        ended = growing.wait() => panic!("{ended:?}"),
        answer = searching => assert!(answer.structured["more"] == true, "{}", answer.text),
    }
}

#[tokio::test]
async fn a_service_knows_its_logs_and_its_env_file() {
    let (house, host, _client) = house(Sshd::shape()).await;
    host.plant("app/.env", format!("API_KEY={}\nMODE=\n", house.sandbox.canary));
    host.plant("logs/app.log", "2025-01-15T10:00:00Z ERROR of the app\n2025-01-15T10:00:01Z INFO fine\n");
    host.plant("logs/other.log", "2025-01-15T10:00:00Z ERROR of another\n");
    house.commit(&[("web.env.example", "API_KEY=\nMODE=\nMAIL=\n")], "v2025.02.01");
    let repository = house.path("repository").display().to_string();
    house.configure(|text| {
        format!(
            "{text}\n[services.site]\nrepository = \"{repository}\"\nenv_example = \"web.env.example\"\n\
             [services.site.deploy]\nkind = \"release\"\nartifact = \"shop\"\n\
             [services.site.targets.production]\nhost = \"web\"\nroot = \"app\"\nenv_file = \".env\"\nlogs = [\"web/app.log\"]\n"
        )
    });
    let client = house.server().await;
    let keys = client.call("verify_secret", json!({ "service": "site" })).await;
    assert_eq!(keys.structured["env_keys"], json!({ "missing": ["MODE", "MAIL"], "present": 1 }), "{}", keys.text);
    let found = client.call("search_logs", json!({ "service": "site", "level": "error" })).await;
    assert_eq!(found.structured["matches"], 1, "{}", found.text);
    assert!(found.get("/untrusted_text").starts_with("== web/app.log\n>1: "), "{}", found.text);
    assert_eq!(client.call("search_logs", json!({ "service": "forum" })).await.code(), "NOT_FOUND");
    let both = client.call("search_logs", json!({ "service": "site", "root": "web" })).await;
    assert_eq!(both.code(), "BAD_ARGUMENT");
    let resources = client.call("list_services", json!({ "section": "resources" })).await;
    let root = resources.structured["roots"].as_array().unwrap().iter().find(|root| root["name"] == "web").unwrap();
    assert_eq!(root["host"], "web", "{}", resources.text);
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_said() {
    let (_house, mut host, client) = house(Sshd::shape()).await;
    host.plant("logs/app.log", "text\n");
    assert!(!read(&client, "app.log").await.is_error);
    host.stop().await;
    let refused = read(&client, "app.log").await;
    assert!(["HOST_UNREACHABLE", "CONNECTION_LOST"].contains(&refused.code()), "{}", refused.text);
    host.start_again().await;
    let again = crate::support::wait::until_async(async || {
        let answer = read(&client, "app.log").await;
        (!answer.is_error).then_some(answer)
    });
    assert_eq!(again.await.get("/untrusted_text"), "1: text\n");
}

/// A script that goes on beside the test, on this machine.
fn shell(script: &str, argument: &Path) -> tokio::process::Child {
    let mut command = tokio::process::Command::new("bash");
    command.args(["-c", script]).arg(argument).stderr(std::process::Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

/// A program that shall be on the way of everything.
fn replace_program(host: &Sshd, name: &str, script: &str) {
    let path = host.outside(Path::new("/usr/bin").join(name));
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_grep_that_lies_changes_nothing() {
    let (house, host, client) = house(Sshd::shape()).await;
    host.plant("logs/app.log", log(&house.sandbox.canary));
    let wanted = essence(&search(&client, "here", &json!({ "pattern": "quota exceeded", "limit": 50 })).await);
    for script in [
        "#!/bin/sh\nexit 2",
        "#!/bin/sh\necho nonsense",
        "#!/bin/sh\nprintf '1:5:quota exceeded\\n'",
        "#!/bin/sh\nprintf '1:99999999999:quota exceeded\\n'",
        "#!/bin/sh\nprintf '7:30:other words\\n'",
        "#!/bin/sh\nprintf '\\033]0;x\\007\\n'; exec cat /dev/zero",
        "#!/bin/sh\nwhile :; do echo 1:0:quota exceeded; done",
    ] {
        replace_program(&host, "grep", script);
        let found = search(&client, "web", &json!({ "pattern": "quota exceeded", "limit": 50 })).await;
        assert_eq!(essence(&found), wanted, "{script}: {}", found.text);
    }
}

#[tokio::test]
async fn what_a_lying_host_says_is_refused_or_shown_masked_and_clean() {
    let house = House::staging().await;
    let canary = house.sandbox.canary.clone();
    let begin = "deploy-ops 100 1736933400 0";
    let plain = |text: &str| format!("{begin} plain\n{text}");
    let answers: Vec<(&str, Vec<Act>)> = vec![
        ("masked", honest(0, &plain(&format!("token {canary} and\n")), "")),
        ("clean", [vec![Act::Out(plain("").into()), Act::Out(storm())], honest(0, "", "")].concat()),
        ("ends", vec![Act::Out(plain("").into()), Act::Endless(b"again\n".to_vec())]),
        ("refused", honest(0, &format!("{begin} zstd\nthis is no zstd"), "")),
        ("refused", honest(0, &format!("{begin} gzip\nthis is no gzip"), "")),
        ("refused", honest(7, &plain("text\n"), &format!("{canary}\u{1b}[2J"))),
        ("refused", vec![Act::Out(plain("text\n").into()), Act::Cut]),
        ("refused", vec![Act::Out(plain("text\n").into()), Act::Close]),
        ("refused", honest(0, &format!("{begin} windows\ntext\n"), "")),
        ("refused", honest(0, "deploy-ops 99999999999999999999999 1 0 plain\ntext\n", "")),
        ("refused", honest(42, "", "")),
        ("refused", honest(0, "", "")),
        ("refused", vec![Act::Endless(vec![b'x'; 1000])]),
    ];
    let next = Arc::new(Mutex::new(Vec::new()));
    let said = next.clone();
    let answer = move |command: &str| match command {
        "subsystem sftp" => vec![Act::Close],
        _ => said.lock().unwrap().clone(),
    };
    let liar = Liar::start(answer).await;
    let root = "[roots]\nweb = { host = \"web\", path = \"/www/htdocs/w0000001\" }\n";
    house.configure(|text| text.replace("[roots]\n", root) + &liar.toml("web"));
    let client = house.server().await;
    for (wanted, acts) in answers {
        *next.lock().unwrap() = acts.clone();
        let answer = read(&client, "app.log").await;
        assert!(!answer.raw.contains(&canary) && !answer.raw.contains("\\u001b"), "{acts:?} {}", answer.raw);
        match wanted {
            "masked" => assert_eq!(answer.get("/untrusted_text"), "1: token [redacted] and\n"),
            "clean" => assert!(answer.text.contains("red") && !answer.is_error, "{}", answer.text),
            "ends" => assert!(answer.structured["more"] == true, "{}", answer.text),
            _ => assert!(answer.is_error, "{acts:?} {}", answer.text),
        }
    }
}
