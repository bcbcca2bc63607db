//! Who calls, and how to reach them while they wait.

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::domain::{
    principal::{Principal, Scope},
    reach::Reach,
};
use crate::redact::Redacted;

/// One caller of tools, as the transport knows it.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// What they may do.
    pub scopes: BTreeSet<Scope>,
    /// Where they may change something.
    pub reach: Reach,
    /// The connection or session, for budgets; unique in the process.
    pub session: String,
    /// Told about progress; never blocks.
    pub progress: Option<Arc<dyn Fn(Redacted<String>) + Send + Sync>>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("principal", &self.principal)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
