//! A real Alertmanager for the tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    daemon::{Daemon, free_port, program, run, template},
    home::Home,
};

/// Where Grafana serves its own Alertmanager.
pub(crate) const OF_GRAFANA: &str = "/api/alertmanager/grafana";
/// A credential in its configuration: whoever leaks it is seen.
pub(crate) const CANARY: &str = "am-canary-7Kq2wE9rTz5uIo3p";

/// A server. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Alertmanager {
    home: Home,
    daemon: Option<Daemon>,
    port: u16,
    prefix: &'static str,
}

impl Alertmanager {
    pub(crate) async fn start() -> Self {
        Self::below("").await
    }

    /// One that serves everything below a path.
    pub(crate) async fn below(prefix: &'static str) -> Self {
        let home = Home::of(&template("alertmanager", "1", configure));
        let port = free_port();
        let mut command =
            Command::new(program(&["/usr/bin", "/usr/local/bin"].map(PathBuf::from), "prometheus-alertmanager"));
        command.arg(format!("--config.file={}", home.data().join("alertmanager.yml").display()));
        command.arg(format!("--storage.path={}", home.run().display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        command.args(["--cluster.listen-address=", "--log.level=warn", &format!("--web.route-prefix={prefix}/")]);
        // Whoever makes a client has to bring the ciphers.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = format!("http://127.0.0.1:{port}{prefix}");
        let ready = format!("{url}/-/ready");
        let daemon = Daemon::start(&home, None, command, || async {
            reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success())
        });
        let daemon = daemon.await;
        Self { home, daemon: Some(daemon), port, prefix }
    }

    /// Its base URL, without the prefix.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// An alert fires; with the labels `name=value`.
    pub(crate) async fn fire(&self, labels: &[(&str, &str)], summary: &str) {
        let labels: serde_json::Map<String, Value> =
            labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        self.post("alerts", &json!([{ "labels": labels, "annotations": { "summary": summary } }])).await;
    }

    /// The alert of that name is over.
    pub(crate) async fn resolve(&self, labels: &[(&str, &str)]) {
        let labels: serde_json::Map<String, Value> =
            labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        self.post(
            "alerts",
            &json!([{ "labels": labels, "endsAt": "2020-01-01T00:00:00Z", "startsAt": "2019-01-01T00:00:00Z" }]),
        )
        .await;
    }

    /// Alerts of that name are silenced.
    pub(crate) async fn silence(&self, name: &str) {
        let silence = json!({
            "matchers": [{ "name": "alertname", "value": name, "isRegex": false, "isEqual": true }],
            "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z", "createdBy": "ada", "comment": "planned",
        });
        self.post("silences", &silence).await;
    }

    async fn post(&self, what: &str, body: &Value) {
        let url = format!("{}{}/api/v2/{what}", self.origin(), self.prefix);
        let client = reqwest::Client::new().post(url).header("content-type", "application/json").body(body.to_string());
        let answer = client.send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap());
    }

    /// Stops it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.stop(&self.home, Signal::TERM);
        }
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One route to nobody; a host that is down explains what is critical on it.
fn configure(data: &Path) {
    let config = format!(
        "route: {{receiver: none}}\ninhibit_rules:\n- source_matchers: [alertname=\"HostDown\"]\n  \
         target_matchers: [alertname!=\"HostDown\", severity=\"critical\"]\n  equal: [host]\nreceivers:\n- name: none\n  \
         webhook_configs:\n  - url: \"http://127.0.0.1:9/\"\n    http_config: {{bearer_token: {CANARY}}}\n"
    );
    fs::write(data.join("alertmanager.yml"), config).unwrap();
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(data));
}
