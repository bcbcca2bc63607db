//! The stand-in for GitHub is held to GitHub's own description of its API.

mod behaviour;
mod contract;
mod faults;

use reqwest::{Client, Method, Response, redirect::Policy};
use serde_json::Value;

use crate::support::github::GitHub;

/// A client that does nothing by itself: no redirects, no retries.
struct Curl {
    client: Client,
    url: String,
    token: String,
}

impl Curl {
    fn new(github: &GitHub) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).user_agent("tests").build().unwrap();
        Self { client, url: github.url().to_owned(), token: github.token().to_owned() }
    }

    fn with_token(&self, token: &str) -> Self {
        Self { client: self.client.clone(), url: self.url.clone(), token: token.to_owned() }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> reqwest::Result<Response> {
        let address = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let mut request = self.client.request(method, address);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::read(self.send(Method::GET, path, &[], None).await.unwrap()).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.send(Method::POST, path, &[], Some(body)).await.unwrap()).await
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Value,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Self { status, headers, body }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// Where the next page is.
    fn next(&self) -> Option<String> {
        let next = self.header("link").split(", ").find(|link| link.ends_with("rel=\"next\""))?;
        Some(next.split_once('>')?.0.trim_start_matches('<').to_owned())
    }
}
