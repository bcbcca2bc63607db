//! Who is at the other end of a connection.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    domain::{
        principal::{Principal, Scope},
        reach::Reach,
    },
    engine::Caller,
};

/// A caller without a request: derived from the transport, never from what a client says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who.
    pub principal: Principal,
    /// What they may do.
    pub scopes: Arc<BTreeSet<Scope>>,
    /// Where they may change something.
    pub reach: Reach,
    /// The connection or session, for budgets.
    pub session: Arc<str>,
}

impl Identity {
    /// The owner of this process, with every scope that an MCP client can have.
    pub fn local(session: &str) -> Self {
        Self {
            principal: Principal::local(rustix::process::getuid().as_raw()),
            scopes: Arc::new([Scope::Read, Scope::Plan, Scope::Execute].into()),
            reach: Reach::default(),
            session: session.into(),
        }
    }

    /// The same caller in another session.
    pub fn in_session(&self, session: &str) -> Self {
        Self { session: session.into(), ..self.clone() }
    }

    /// The caller as the engine wants it.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            principal: self.principal.clone(),
            scopes: (*self.scopes).clone(),
            reach: self.reach.clone(),
            session: self.session.to_string(),
            progress: None,
        }
    }
}
