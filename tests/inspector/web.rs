//! The guestbook's web server: pages with PHP tags, as far as the guestbook uses them, over what is live.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Response},
};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};

#[derive(Clone)]
struct Live {
    root: PathBuf,
    /// What a careless installation shows on its error page.
    password: String,
}

/// Serves what is live below `root` until the test's process ends.
pub(super) fn serve(root: PathBuf, password: String) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let app = Router::new().fallback(page).with_state(Live { root, password });
            axum::serve(listener, app).await.unwrap();
        });
    });
    address
}

async fn page(State(live): State<Live>, uri: Uri) -> Response {
    let name = match uri.path().trim_start_matches('/') {
        "" => "index.php",
        name => name,
    };
    let public = live.root.join("current/public");
    let Ok(text) = std::fs::read_to_string(public.join(name)) else {
        return (StatusCode::NOT_FOUND, "nothing here\n").into_response();
    };
    if !name.ends_with(".php") {
        return text.into_response();
    }
    match fill(&live.root, &public, &text).await {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            let body = format!("PHP Fatal error: {error}\n$_ENV: GUESTBOOK_ADMIN_PASSWORD={}\n", live.password);
            (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
        }
    }
}

/// Replaces the tags of a page.
async fn fill(root: &Path, public: &Path, page: &str) -> Result<String, String> {
    let mut html = String::new();
    let mut rest = page;
    while let Some((before, behind)) = rest.split_once("<?") {
        let (tag, after) = behind.split_once("?>").ok_or("syntax error, unexpected end of file")?;
        html.push_str(before);
        html.push_str(&value(root, public, tag).await?);
        rest = after;
    }
    Ok(html + rest)
}

async fn value(root: &Path, public: &Path, tag: &str) -> Result<String, String> {
    match tag.trim() {
        "= $version" => {
            std::fs::read_to_string(root.join("current/VERSION")).map(|version| version.trim().to_owned()).map_err(text)
        }
        "= $entries" => count(root, "entries").await,
        "= $moods" => count(root, "moods").await,
        tag => match tag.strip_prefix("php include '").and_then(|tag| tag.strip_suffix('\'')) {
            Some(file) => std::fs::read_to_string(public.join(file))
                .map_err(|_| format!("Failed opening required '{file}' (include_path='.')")),
            None => Err(format!("unexpected {tag}")),
        },
    }
}

async fn count(root: &Path, table: &str) -> Result<String, String> {
    let options = SqliteConnectOptions::new().filename(root.join("shared/guestbook.db")).read_only(true);
    let mut connection: SqliteConnection = options.connect().await.map_err(text)?;
    let query = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    let number: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.map_err(text)?;
    Ok(number.to_string())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
