//! The fixtures that the MCP conformance suite calls by name, behind our own HTTP stack: without tokens, with redaction.
//!
//! `conformance PORT`. For tests only: nothing of this is in the product.

mod content;
mod fixture;
mod jobs;
mod rounds;

use deploy_ops_mcp::{
    redact::{Redactor, Secret},
    server::{
        http::{self, HttpSettings},
        log,
    },
};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).unwrap_or_default().parse()?;
    let redactor = Redactor::default();
    let _ = redactor.add([Secret::new("UNUSED", "a-value-that-no-fixture-shows-4711")]);
    log::start(redactor.clone(), "error");
    let settings = HttpSettings::loopback(port);
    let listener = http::listen(&settings).await?;
    http::serve(listener, fixture::Fixture::new()?, redactor, settings, CancellationToken::new()).await?;
    Ok(())
}
