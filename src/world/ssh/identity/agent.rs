//! A key that an SSH agent holds.

use std::{path::Path, time::Duration};

use russh::keys::{
    HashAlg,
    agent::{AgentIdentity, client::AgentClient},
};

use super::{Identity, refused};
use crate::world::WorldError;

/// How long an agent may take to say which keys it holds. It may have to be unlocked by a human when it signs, not here.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects to an agent that holds the key with this fingerprint. Its other keys are never offered to the host.
pub(super) async fn connect(doing: &str, socket: &Path, fingerprint: &str) -> Result<Identity, WorldError> {
    let shown = socket.display();
    let found = tokio::time::timeout(PATIENCE, async {
        let mut agent = AgentClient::connect_uds(socket).await?;
        let held = agent.request_identities().await?;
        Ok::<_, russh::keys::Error>((agent, held))
    });
    let Ok(Ok((agent, held))) = found.await else {
        let fix = "Start the agent (ssh-agent -a SOCKET) before the server, or correct agent_socket.";
        return Err(refused(doing, format!("no agent answers at {shown}"), fix));
    };
    let mut identities: Vec<AgentIdentity> = held
        .into_iter()
        .filter(|held| held.public_key().fingerprint(HashAlg::Sha256).to_string() == fingerprint)
        .collect();
    identities.sort_by_key(|held| matches!(held, AgentIdentity::PublicKey { .. }));
    if identities.is_empty() {
        let problem = format!("the agent at {shown} does not hold the key {fingerprint}");
        return Err(refused(doing, problem, "Add it with ssh-add FILE (ssh-add -l lists them), or correct agent_key."));
    }
    Ok(Identity::Agent { agent, identities })
}
