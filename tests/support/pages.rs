//! A site with pages that can be changed, and that remembers who asked for what.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};

use super::mcp::House;

#[derive(Clone, Default)]
pub(crate) struct Site(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    pages: BTreeMap<String, String>,
    asked: Vec<String>,
}

impl Site {
    /// Serves the pages: `/500` answers with that status, `/loop` redirects to itself, `/never` does not end, `/away:<url>` leads there.
    pub(crate) async fn start(pages: &[(&str, &str)]) -> (Self, String) {
        let site = Self::default();
        for (path, html) in pages {
            site.set(path, html);
        }
        let router = Router::new().fallback(answer).with_state(site.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (site, url)
    }

    pub(crate) fn set(&self, path: &str, html: &str) {
        self.0.lock().unwrap().pages.insert(path.to_owned(), html.to_owned());
    }

    /// What was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }
}

async fn answer(State(site): State<Site>, uri: Uri) -> Response {
    let page = {
        let mut inner = site.0.lock().unwrap();
        inner.asked.push(uri.path().to_owned());
        inner.pages.get(uri.path()).cloned()
    };
    match (uri.path(), page) {
        ("/loop", _) => Redirect::temporary("/loop").into_response(),
        ("/never", _) => std::future::pending().await,
        ("/500", _) => (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/html")], "<h1>broken</h1>")
            .into_response(),
        ("/away", Some(to)) => Redirect::temporary(&to).into_response(),
        (_, Some(html)) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        (_, None) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Adds a service `site` at `url` with these pages to the configuration of a house.
pub(crate) fn site_service(house: &House, url: &str, pages: &str) {
    std::fs::create_dir_all(house.path("srv/site")).unwrap();
    let repository = house.path("repository").display().to_string();
    house.configure(|text| {
        format!(
            "{text}\n[services.site]\nrepository = \"{repository}\"\n\
             [services.site.deploy]\nkind = \"release\"\nartifact = \"shop\"\n\
             [services.site.targets.production]\nhost = \"here\"\nroot = \"site\"\nurl = \"{url}\"\n\
             [services.site.pages]\n{pages}\n"
        )
    });
}
