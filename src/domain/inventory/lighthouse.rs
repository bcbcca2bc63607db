//! How Lighthouse is run, and what it must say.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::lighthouse::{Category, Metric};

/// Lighthouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lighthouse {
    /// The program and its first arguments: `node` and the path of Lighthouse's `cli/index.js`.
    pub command: Vec<String>,
    /// How often a page is measured; the median counts.
    pub runs: u32,
    /// How long one run may take, seconds.
    pub timeout_s: u32,
    /// The least score of each category, 0 to 100.
    pub minimum: BTreeMap<Category, u32>,
    /// The most of a metric, where that is limited.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub budgets: BTreeMap<Metric, u32>,
}
