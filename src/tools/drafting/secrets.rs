//! The secrets of the inventory that a service needs: whether they exist, never their values.

use super::super::Context;
use crate::domain::{
    inventory::{Deploy, Service},
    name::SecretName,
};

/// Every secret that the service needs or that its scripts are granted, each once.
pub(in crate::tools) fn of(service: &Service) -> Vec<SecretName> {
    let scripts = match &service.deploy {
        Deploy::Script(deploy) => vec![Some(&deploy.script), deploy.rollback.as_ref()],
        Deploy::Release(deploy) => vec![deploy.migrate.as_ref()],
    };
    let granted = scripts.into_iter().flatten().flat_map(|script| &script.secrets);
    let mut names: Vec<SecretName> = service.secrets.iter().chain(granted).cloned().collect();
    names.sort();
    names.dedup();
    names
}

/// The names of those that do not exist or cannot be read.
pub(in crate::tools) async fn missing(context: Context<'_>, names: &[SecretName]) -> Vec<String> {
    let mut missing = Vec::new();
    for name in names {
        if !context.reader.secret_exists(name).await.is_ok_and(|state| state.exists) {
            missing.push(name.to_string());
        }
    }
    missing
}
