//! Things of one kind in the order they came, cheap to list.

use std::sync::Arc;

use serde_json::Value;

#[derive(Debug, Default)]
pub(crate) struct Shelf(Vec<Arc<Value>>);

impl Shelf {
    /// Puts a thing at the end, to be altered there.
    pub(super) fn put(&mut self, thing: Value) -> &mut Value {
        self.0.push(Arc::new(thing));
        Arc::make_mut(self.0.last_mut().unwrap())
    }

    /// Puts a thing in the place of the one with the same value in this field, or at the end.
    pub(super) fn replace(&mut self, field: &str, thing: Value) -> &mut Value {
        self.0.retain(|it| it[field] != thing[field]);
        self.put(thing)
    }

    pub(crate) fn all(&self) -> &[Arc<Value>] {
        &self.0
    }

    pub(crate) fn find(&self, field: &str, value: impl Into<Value>) -> Option<&Arc<Value>> {
        let value = value.into();
        self.0.iter().find(|it| it[field] == value)
    }

    pub(crate) fn find_mut(&mut self, field: &str, value: impl Into<Value>) -> Option<&mut Value> {
        let value = value.into();
        self.0.iter_mut().find(|it| it[field] == value).map(Arc::make_mut)
    }

    pub(super) fn select(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Arc<Value>> {
        self.0.iter().filter(|it| wanted(it)).cloned().collect()
    }

    pub(crate) fn remove(&mut self, field: &str, value: impl Into<Value>) -> bool {
        let (value, before) = (value.into(), self.0.len());
        self.0.retain(|it| it[field] != value);
        self.0.len() < before
    }
}
