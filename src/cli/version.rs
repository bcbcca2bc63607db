//! `deploy-ops version`

use super::{Exit, terminal::Terminal};
use crate::{domain::canonical, server::catalogue, tools};

/// The version, and the digest of what `tools/list` answers without any switch: two servers with the same digest show a model the same.
pub(super) fn run(terminal: &Terminal) -> Exit {
    terminal.line(&format!("deploy-ops {}", env!("CARGO_PKG_VERSION")));
    match canonical::digest("tools-list", &catalogue::describe(&tools::all())) {
        Ok(digest) => terminal.line(&format!("tools/list sha256:{digest}")),
        Err(_) => return terminal.mistake("the tool list cannot be written as JSON; report this as a defect"),
    }
    Exit::Done
}
