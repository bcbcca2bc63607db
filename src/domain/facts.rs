//! The facts a plan is bound to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Named facts about the world, read at the dry run and read again under the lock before anything changes.
///
/// A fact is whatever, if it changed, would make an approval wrong: the commit, the script's bytes, the live release,
/// a database's migration head. Values are digests, ids and short texts, never secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Facts(BTreeMap<String, String>);

/// One fact that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// The name of the fact.
    pub fact: String,
    /// What the plan says; absent when the fact is new.
    pub planned: Option<String>,
    /// What is true now; absent when the fact is gone.
    pub found: Option<String>,
}

impl Facts {
    /// Records a fact. The last value of a name counts.
    pub fn set(&mut self, name: impl Into<String>, value: impl ToString) {
        self.0.insert(name.into(), value.to_string());
    }
    /// The value of a fact.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
    /// All facts in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
    /// Adds all facts of `other`.
    pub fn extend(&mut self, other: Facts) {
        self.0.extend(other.0);
    }
    /// What differs between the planned facts (`self`) and `found`, in the order of the names.
    pub fn drift(&self, found: &Facts) -> Vec<Drift> {
        let mut names: Vec<&String> = self.0.keys().chain(found.0.keys()).collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .filter(|name| self.0.get(*name) != found.0.get(*name))
            .map(|name| Drift {
                fact: name.clone(),
                planned: self.0.get(name).cloned(),
                found: found.0.get(name).cloned(),
            })
            .collect()
    }
}
