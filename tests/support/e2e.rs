//! Houses with suites of end-to-end tests.

use std::path::PathBuf;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::mcp::House;

/// The suite that does as it is told.
const FAKE: &str = include_str!("../fixtures/fake_playwright.py");

/// Deploys by writing a file.
pub(crate) const DEPLOY: &str = "#!/bin/sh\n[ \"$2\" = --dry-run ] || echo deployed > \"$1/version\"\n";

/// A page that says the same whatever it is asked for.
pub(crate) async fn page(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

impl House {
    /// Commits the suite that does as it is told, and a script that deploys.
    pub(crate) fn commit_fake_suite(&self, tag: &str) {
        self.commit(&[("fake.py", FAKE), ("deploy.sh", DEPLOY)], tag);
    }

    /// A service at `url` with further keys; `suite` are those of its suite `ui`.
    pub(crate) fn add_tested_service(&self, name: &str, url: &str, suite: &str) {
        let repository = self.path("repository").display().to_string();
        std::fs::create_dir_all(self.path("srv").join(name)).unwrap();
        self.configure(|text| {
            format!(
                "{text}\n[services.{name}]\nrepository = \"{repository}\"\n\
                 [services.{name}.deploy]\nkind = \"script\"\ndry_run_argument = \"--dry-run\"\n\
                 script = {{ path = \"deploy.sh\", arguments = [\"{{root}}\"] }}\n\
                 rollback = {{ path = \"deploy.sh\", arguments = [\"{{root}}\"] }}\n\
                 [services.{name}.targets.production]\nhost = \"here\"\nroot = \"{name}\"\nurl = \"{url}\"\n\
                 [[services.{name}.e2e]]\nname = \"ui\"\n{suite}\n"
            )
        });
    }
}

/// The keys of a suite that does as `arguments` say.
pub(crate) fn fake(arguments: &str, more: &str) -> String {
    format!(
        "command = \"python3 fake.py {arguments}\"\nreport = \"report.json\"\nformat = \"playwright\"\ntimeout_s = 60\n{more}"
    )
}

/// A path that `tests/run` gives.
pub(crate) fn given(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).map(PathBuf::from).unwrap_or_default();
    assert!(path.exists(), "{variable} names nothing that exists: run `tests/run --setup`");
    path
}
