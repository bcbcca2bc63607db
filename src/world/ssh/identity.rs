//! What proves that it is us.

use std::sync::Arc;

use russh::{
    client::{AuthResult, Handle},
    keys::{PrivateKey, PrivateKeyWithHashAlg, load_secret_key},
};

use super::connection::Client;
use crate::{
    domain::{
        inventory::{SshIdentity, SshLogin},
        name::HostName,
    },
    world::{Reader, WorldError},
};

/// A key that is ready to sign.
pub(super) struct Identity(Arc<PrivateKey>);

/// Reads the identity of a login.
pub(super) async fn load(_: Reader<'_>, host: &HostName, login: &SshLogin) -> Result<Identity, WorldError> {
    match &login.identity {
        SshIdentity::File { path, .. } => {
            let key = load_secret_key(path, None);
            let key =
                key.map_err(|error| WorldError::unsupported(format!("log in to {host}"), "this key").because(error))?;
            Ok(Identity(Arc::new(key)))
        }
        _ => Err(WorldError::unsupported(format!("log in to {host}"), "this identity")),
    }
}

impl Identity {
    /// Logs in.
    pub(super) async fn authenticate(
        &self,
        user: &str,
        handle: &mut Handle<Client>,
    ) -> Result<AuthResult, russh::Error> {
        let hash = handle.best_supported_rsa_hash().await?.flatten();
        handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(self.0.clone(), hash)).await
    }
}
