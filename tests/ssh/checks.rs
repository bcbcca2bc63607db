//! HTTP checks through a host: which of them go that way, over a line that stands still, and to servers with certificates.

use std::{path::Path, process::Command, time::Duration};

use deploy_ops_mcp::{
    domain::{
        evidence::Outcome,
        inventory::{HttpCheck, SmokeCheck, SmokeKind, SmokeRules},
        refusal::Code,
    },
    world::http::HttpRequest,
};
use serde_json::json;

use super::web::move_to;
use crate::support::{
    cut::Cut,
    mcp::{Client, House},
    sandbox::Sandbox,
    sshd::Sshd,
    stage::program,
    wait::until,
};

/// Serves on the loopback of the host: a port, what it says, and the name of a certificate, for each three arguments.
const SERVER: &str = r#"
import http.server, ssl, sys, threading
def serve(port, text, certificate):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/slow": threading.Event().wait()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
        def log_message(self, *_): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if certificate != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate + ".crt", certificate + ".key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever).start()
for port, text, certificate in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]): serve(int(port), text, certificate)
open("listening", "w").close()
"#;

/// Serves on a host as [`SERVER`] is told.
async fn serve(host: &Sshd, servers: &str) {
    host.plant("server.py", SERVER);
    host.run(&format!("setsid python3 server.py {servers} >server.log 2>&1 </dev/null &")).await;
    until(|| {
        let log = std::fs::read_to_string(host.path("server.log")).unwrap_or_default();
        assert!(log.is_empty(), "{log}");
        host.path("listening").exists().then_some(())
    })
    .await;
}

/// A server on this machine that says `here`, and its port.
async fn serve_here() -> u16 {
    let router = axum::Router::new().fallback(|| async { "here" });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

#[tokio::test]
async fn a_check_says_itself_from_where_it_is_asked_or_its_target_does() {
    let host = Sshd::shape().own_network().start().await;
    // The same address says something else here than on the host.
    let port = serve_here().await;
    serve(&host, &format!("{port} there -")).await;
    for (target_asks, checks) in [(false, [None, Some(true)]), (true, [Some(false), None])] {
        let sandbox = Sandbox::with(&[], |inventory| {
            move_to(&host, host.port(), inventory);
            for service in inventory.services.values_mut() {
                let check = |name: &str, contains: &str, through_host| SmokeCheck {
                    name: name.parse().unwrap(),
                    kind: SmokeKind::Http(HttpCheck {
                        path: "/".to_owned(),
                        contains: Some(contains.to_owned()),
                        through_host,
                        ..HttpCheck::of_url(&SmokeRules::default())
                    }),
                    timeout_ms: 5_000,
                    attempts: 1,
                };
                service.smoke = vec![check("near", "here", checks[0]), check("far", "there", checks[1])];
                for target in service.targets.values_mut() {
                    target.url = Some(format!("http://127.0.0.1:{port}/").parse().unwrap());
                    target.through_host = target_asks;
                }
            }
        });
        let (service, target) = (&sandbox.service, sandbox.target());
        let found = sandbox.world.reader().smoke_once(service, &target, None).await;
        assert!(found.iter().all(|check| check.outcome == Outcome::Pass), "{found:?}");
        let through: Vec<bool> = found.iter().map(|check| check.detail.contains("through host web")).collect();
        assert_eq!(through, [target_asks, false, true], "{found:?}");
    }
}

#[tokio::test]
async fn a_line_that_stands_still_says_nothing_of_the_service() {
    let host = Sshd::shape().own_network().start().await;
    let line = Cut::before(host.port()).await;
    serve(&host, "8080 there -").await;
    let sandbox = Sandbox::with(&[], |inventory| move_to(&host, line.port(), inventory));
    let request = |path: &str, timeout: Duration| HttpRequest {
        through: Some("web".parse().unwrap()),
        ..HttpRequest::get(format!("http://127.0.0.1:8080{path}").parse().unwrap(), timeout)
    };
    let (reader, short) = (sandbox.world.reader(), Duration::from_millis(300));
    let answer = reader.http_check(&request("/", Duration::from_secs(5))).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"there"[..]));
    let slow = reader.http_check(&request("/slow", short)).await.unwrap_err();
    assert!(slow.code == Code::WorldFailed && slow.problem == "no answer within 300 ms", "{slow}");
    // As the cable was pulled: nobody says that the connection is gone, and nothing is rolled back for it.
    line.stall();
    let silent = reader.http_check(&request("/", short)).await.unwrap_err();
    assert!(silent.code == Code::ConnectionLost && silent.problem == "host web does not answer", "{silent}");
    line.up().await;
    reader.http_check(&request("/", Duration::from_secs(5))).await.unwrap();
}

/// A certificate for a name that nobody signed but itself, valid until then, as `<name>.crt` and `<name>.key` in a directory.
fn certify(directory: &Path, name: &str, host: &str, until: &str) {
    let config = "[ca]\ndefault_ca = d\n[d]\ndatabase = index\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\n\
                  unique_subject = no\npolicy = p\n[p]\ncommonName = supplied\n";
    std::fs::write(directory.join("ca.cnf"), config).unwrap();
    std::fs::write(directory.join("index"), "").unwrap();
    std::fs::write(
        directory.join("ext"),
        format!("subjectAltName = DNS:{host}\nbasicConstraints = critical,CA:FALSE\n"),
    )
    .unwrap();
    let run = |arguments: String| {
        let ran = Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output().unwrap();
        assert!(ran.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ran.stderr));
    };
    run(format!(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"
    ));
    run(format!(
        "ca -batch -config ca.cnf -selfsign -keyfile {name}.key -in {name}.csr -startdate 20200101000000Z -enddate {until} \
         -extfile ext -notext -out {name}.crt"
    ));
}

#[tokio::test]
async fn https_through_a_host_is_verified_for_the_name_in_the_url() {
    let host = Sshd::shape().own_network().start().await;
    let directory = tempfile::tempdir().unwrap();
    let certificates = [
        ("good", "localhost", "20991231000000Z"),
        ("other", "other.example.org", "20991231000000Z"),
        ("old", "localhost", "20200201000000Z"),
        ("strange", "localhost", "20991231000000Z"),
    ];
    let (mut servers, mut trusted) = (Vec::new(), String::new());
    for (port, (name, valid_for, until)) in (8441..).zip(certificates) {
        certify(directory.path(), name, valid_for, until);
        let read = |kind: &str| std::fs::read_to_string(directory.path().join(format!("{name}.{kind}"))).unwrap();
        for kind in ["crt", "key"] {
            host.plant(&format!("{name}.{kind}"), read(kind));
        }
        servers.push(format!("{port} {name} {name}"));
        if name != "strange" {
            trusted += &read("crt");
        }
    }
    serve(&host, &servers.join(" ")).await;
    std::fs::write(directory.path().join("trusted.pem"), trusted).unwrap();
    let house = House::staging().await;
    let repository = house.path("repository").display().to_string();
    house.configure(|text| {
        let service = |(port, (name, ..)): (u32, (&str, &str, &str))| {
            format!(
                "[services.{name}]\nrepository = \"{repository}\"\n[services.{name}.deploy]\nkind = \"release\"\nartifact = \"shop\"\n\
                 [services.{name}.targets.production]\nhost = \"web\"\nroot = \"{name}\"\nurl = \"https://localhost:{port}/\"\n\
                 through_host = true\n"
            )
        };
        let services: String = (8441..).zip(certificates).map(service).collect();
        format!("{text}\n{}\n{services}", host.toml("web"))
    });
    let mut command = tokio::process::Command::new(program());
    command.arg("serve").arg("--config").arg(&house.sandbox.config);
    command.env("SSL_CERT_FILE", directory.path().join("trusted.pem")).env_remove("SSL_CERT_DIR");
    let client = Client::start(command).await;
    let asked =
        client.call("run_smoke", json!({ "services": ["good", "other", "old", "strange"], "all_checks": true })).await;
    for (service, wanted) in [
        ("good", "HTTP 200 through host web in "),
        ("other", "No answer through host web: its TLS certificate is not for the name in the URL."),
        ("old", "No answer through host web: its TLS certificate has expired at 2020-02-01T00:00:00.000Z."),
        (
            "strange",
            "No answer through host web: its TLS certificate is signed by itself and by nobody whom this machine trusts.",
        ),
    ] {
        let all = asked.structured["services"].as_array().unwrap();
        let found = all.iter().find(|one| one["service"] == service).unwrap();
        assert!(found["details"][0]["found"].as_str().unwrap().starts_with(wanted), "{wanted}: {}", asked.text);
    }
}

#[tokio::test]
async fn monitors_and_channels_are_reached_through_a_host() {
    let host = Sshd::shape().own_network().start().await;
    serve(&host, "8080 [] -").await;
    let house = House::staging().await;
    let hook = house.path("secrets/hook");
    std::fs::write(&hook, "http://127.0.0.1:8080/webhook/canary-7Hy6Gt5Fr4De3Sw2").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    house.configure(|text| {
        let text = text.replace("[secrets]", &format!("[secrets]\nHOOK = \"file:{}\"", hook.display()));
        let monitor = |name: &str, port: u16| {
            format!(
                "[monitoring.{name}]\nkind = \"alertmanager\"\nurl = \"http://127.0.0.1:{port}/\"\nvia = \"web\"\n\
                 timeout_ms = 10000\n"
            )
        };
        let channel = |name: &str, secret: &str| {
            format!("[notify.{name}]\nkind = \"webhook\"\nurl = \"{secret}\"\nvia = \"web\"\n")
        };
        format!(
            "{text}\n{}\n{}{}{}",
            host.toml("web"),
            monitor("there", 8080),
            monitor("away", 8081),
            channel("team", "HOOK")
        )
    });
    let client = house.server().await;
    let asked = client.call("check_monitoring", json!({})).await;
    let doubts = asked.structured["doubts"].to_string();
    // It answers, with what is no list of clusters.
    assert!(doubts.contains("there: whether it is ready cannot be told: its answer cannot be read"), "{}", asked.text);
    let wanted = "away: it cannot be reached through the host: nothing answers host web at that address";
    assert!(doubts.contains(wanted), "{}", asked.text);
    let probed = client.call("verify_secret", json!({ "secrets": ["HOOK"], "probe": true })).await;
    let found = probed.get("/found/0/tried/0/found");
    assert_eq!(found, "Reachable ✓; nothing was said to it.");
    assert!(!probed.raw.contains("canary-7Hy6"), "{}", probed.raw);
}
