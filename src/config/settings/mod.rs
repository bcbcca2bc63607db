//! The sections of the file that are not inventory, one file each.

mod approvers;
mod limits;
mod policy;
mod redaction;
mod server;
mod state;
mod tokens;

use std::path::Path;

pub use approvers::Approver;
pub use limits::Limits;
pub use policy::PolicySettings;
pub use redaction::RedactionSettings;
pub use server::ServerSettings;
pub use state::{StateSettings, StateStore, StateTls};
pub use tokens::Token;

use super::{names::Names, raw::Section};

/// How the server behaves, apart from what it deploys.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where it keeps what it knows.
    pub state: StateSettings,
    /// How long evidence and plans count.
    pub policy: PolicySettings,
    /// How it is reached, and which tools it shows.
    pub server: ServerSettings,
    /// What it refuses as too much.
    pub limits: Limits,
    /// What is hidden besides all secrets of the inventory.
    pub redaction: RedactionSettings,
    /// Who may call over HTTP.
    pub tokens: Vec<Token>,
    /// Who may approve with a one-time password.
    pub approvers: Vec<Approver>,
}

impl Settings {
    pub(super) fn read(file: &Section<'_>, names: &Names, directory: &Path) -> Self {
        let settings = Self {
            state: state::read(file, names, directory),
            policy: policy::read(file),
            server: server::read(file),
            limits: limits::read(file),
            redaction: redaction::read(file),
            tokens: tokens::read(file, names),
            approvers: approvers::read(file, names),
        };
        if settings.server.http.is_some() && file.optional("tokens").is_none() {
            file.item().error(
                "server.http is given, but no token: nobody could call",
                "add [[tokens]] with name, secret and scopes",
            );
        }
        settings
    }
}
