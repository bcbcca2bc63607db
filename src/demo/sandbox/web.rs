//! The sandbox's web server: serves what is deployed, on loopback.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// One port per service.
#[derive(Debug)]
pub(super) struct Web {
    ports: BTreeMap<&'static str, u16>,
    tasks: Vec<JoinHandle<()>>,
}

impl Web {
    /// Starts to serve. A service without a live release answers 404.
    pub(super) async fn start(directory: &Path) -> io::Result<Self> {
        let mut web = Self { ports: BTreeMap::new(), tasks: Vec::new() };
        for (service, live) in [("shop", "srv/shop/current"), ("forum", "srv/forum/www"), ("games", "srv/games/www")] {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            web.ports.insert(service, listener.local_addr()?.port());
            let app = Router::new().fallback(page).with_state(directory.join(live));
            web.tasks.push(tokio::spawn(async move {
                // It ends with the demo.
                let _ = axum::serve(listener, app).await;
            }));
        }
        Ok(web)
    }

    pub(super) fn url(&self, service: &str) -> Option<String> {
        self.ports.get(service).map(|port| format!("http://127.0.0.1:{port}/"))
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn page(State(root): State<PathBuf>, uri: Uri) -> Response {
    let name = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') && !name.contains("..");
    match std::fs::read_to_string(root.join(name)) {
        Ok(text) if plain => Html(text).into_response(),
        _ => (StatusCode::NOT_FOUND, "nothing here\n").into_response(),
    }
}
