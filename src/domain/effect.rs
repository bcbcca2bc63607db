//! What a tool or a step can do to the world.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The worst that can happen. Every tool and every step states it as a constant; the server, never the model, enforces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Reads only.
    Observe,
    /// Changes something in a way that can be undone, or only adds.
    Change,
    /// May lose data.
    Destroy,
}

/// How much care an environment wants. An environment without a tier is `Production`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// No approval is needed.
    Development,
    /// An approval is needed when the policy says so.
    Staging,
    /// An approval by a human other than the requester is always needed.
    #[default]
    Production,
}
