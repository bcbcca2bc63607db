//! Numbers and traces: at `/metrics` for whoever may read, in a file, and at a collector.

use std::{io::BufRead, os::unix::fs::PermissionsExt, process::Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{mcp::House, stage::program, wait::until};

const READER: &str = "mcp-Rd4vQ9pLw2XcT7bN5sHd8fGj1rYm6";
const PLANNER: &str = "mcp-Pl4vQ9pLw2XcT7bN5sHd8fGj1rYm6";
const COLLECTOR: &str = "otel-Ck4vQ9pLw2XcT7bN5sHd8fGj1rY";

/// A collector that refuses the first trace and keeps the others: heads and bodies.
async fn collector() -> (String, std::sync::Arc<std::sync::Mutex<Vec<(String, Value)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let kept = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = kept.clone();
    tokio::spawn(async move {
        for turn in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            let (head, body) = loop {
                assert!(stream.read_buf(&mut read).await.unwrap() > 0);
                let text = String::from_utf8_lossy(&read).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n")
                    && let Ok(body) = serde_json::from_str(body)
                {
                    break (head.to_lowercase(), body);
                }
            };
            let status = if turn == 0 { "503 Service Unavailable" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            if turn > 0 {
                keep.lock().unwrap().push((head, body));
            }
        }
    });
    (url, kept)
}

/// A secret's file, for its owner alone.
fn secret(house: &House, name: &str, value: &str) {
    let file = house.path("secrets").join(name);
    std::fs::write(&file, value).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A text as its labels and its value: `deploy_ops_x{…} 1`.
fn number(text: &str, sample: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn an_operation_is_told_as_numbers_in_a_file_and_as_a_trace() {
    let house = House::staging().await;
    let (url, kept) = collector().await;
    secret(&house, "collector", COLLECTOR);
    let (file, secret) = (house.path("deploy_ops.prom"), house.path("secrets/collector"));
    house.configure(|text| {
        let secrets = format!("[secrets]\nCOLLECTOR = \"file:{}\"", secret.display());
        format!(
            "{}\n[telemetry]\ntraces = \"{url}\"\ntoken = \"COLLECTOR\"\nmetrics_file = \"{}\"\n",
            text.replace("[secrets]", &secrets),
            file.display()
        )
    });
    let client = house.server().await;
    for (version, state) in [("v2025.01.14", "succeeded"), ("v2025.01.15", "rolled_back")] {
        let plan = client.plan("shop", version).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), state, "{}", done.text);
    }
    let place = "{service=\"shop\",environment=\"production\"}";
    let rolled = "deploy_ops_operations_total{kind=\"deploy\",service=\"shop\",environment=\"production\",state=\"rolled_back\"}";
    let text = until(|| {
        let text = std::fs::read_to_string(&file).ok()?;
        (number(&text, rolled) == Some(1.0)).then_some(text)
    })
    .await;
    for (sample, wanted) in [
        (rolled.replace("rolled_back", "succeeded"), Some(1.0)),
        (rolled.replace("\"deploy\"", "\"dry_run\"").replace("rolled_back", "succeeded"), Some(2.0)),
        (format!("deploy_ops_services_deployed_total{place}"), Some(1.0)),
        (format!("deploy_ops_rollbacks_total{place}"), Some(1.0)),
        (format!("deploy_ops_last_deployment_success{place}"), Some(0.0)),
        (format!("deploy_ops_last_deployment_quality_gates{place}"), Some(2.0)),
        (format!("deploy_ops_last_deployment_restore_tested{place}"), Some(1.0)),
        // Nobody measured it: it is not 0.
        (format!("deploy_ops_last_deployment_e2e_pass_ratio{place}"), None),
        ("deploy_ops_halted".to_owned(), Some(0.0)),
    ] {
        assert_eq!(number(&text, &sample), wanted, "{sample} in {text}");
    }
    // Each family is told once, with what it means.
    let families: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let once: std::collections::BTreeSet<&&str> = families.iter().collect();
    assert_eq!((once.len(), text.matches("# HELP ").count()), (families.len(), families.len()), "{text}");
    assert!(!text.contains("v2025"), "what callers ask for is no label: {text}");

    let traces = until(|| {
        let kept = kept.lock().unwrap();
        (kept.len() == 4).then(|| kept.clone())
    })
    .await;
    let (head, trace) = traces.iter().find(|(_, trace)| trace.to_string().contains("\"rolled_back\"")).unwrap();
    assert!(head.contains(&format!("authorization: bearer {}", COLLECTOR.to_lowercase())), "{head}");
    let spans = trace["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    let root = &spans[0];
    assert_eq!((root["name"].as_str(), root["status"]["code"].as_u64()), (Some("deploy"), Some(2)));
    let names: Vec<&str> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"take_snapshot") && names.contains(&"undo switch_release"), "{names:?}");
    for span in &spans[1..] {
        assert_eq!((&span["traceId"], &span["parentSpanId"]), (&root["traceId"], &root["spanId"]));
        let time = |key: &str| span[key].as_str().unwrap().parse::<u64>().unwrap();
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"), "{span}");
        assert_eq!(span["spanId"].as_str().unwrap().len(), 16);
    }
    assert_eq!(root["traceId"].as_str().unwrap().len(), 32);
    let told = json!(traces.iter().map(|(_, trace)| trace).collect::<Vec<_>>()).to_string();
    for secret in [COLLECTOR, &house.sandbox.canary] {
        assert!(!told.contains(secret) && !text.contains(secret) && !client.log().contains(secret));
    }
}

#[tokio::test]
async fn metrics_are_for_those_who_may_read() {
    let house = House::staging().await;
    for (name, value) in [("reader", READER), ("planner", PLANNER)] {
        secret(&house, name, value);
    }
    let at = |name: &str| house.path("secrets").join(name).display().to_string();
    let secrets = format!("[secrets]\nREADER = \"file:{}\"\nPLANNER = \"file:{}\"", at("reader"), at("planner"));
    house.configure(|text| {
        text.replace("[secrets]", &secrets)
            + "\n[[tokens]]\nname = \"reader\"\nsecret = \"READER\"\nscopes = [\"read\"]\n\
               [[tokens]]\nname = \"planner\"\nsecret = \"PLANNER\"\nscopes = [\"plan\"]\n"
    });
    let mut command = std::process::Command::new(program());
    command.arg("serve").arg("--config").arg(&house.sandbox.config).args(["--http", "127.0.0.1:0"]);
    let mut server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = std::io::BufReader::new(server.stderr.take().unwrap()).lines();
    let address = log
        .find_map(|line| {
            let (_, rest) = line.as_ref().unwrap().split_once("http://")?;
            Some(rest.split_once('/')?.0.to_owned())
        })
        .unwrap();
    let ask = async |head: &str| {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{head}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    for (head, status) in [
        (String::new(), "401"),
        ("authorization: Bearer wrong\r\n".to_owned(), "401"),
        (format!("authorization: Bearer {PLANNER}\r\n"), "403"),
    ] {
        let answer = ask(&head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && !answer.contains("deploy_ops_"), "{answer}");
    }
    let answer = ask(&format!("authorization: Bearer {READER}\r\n")).await;
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    assert!(answer.contains("\n# TYPE deploy_ops_ledger_entries_total counter\n"), "{answer}");
}
