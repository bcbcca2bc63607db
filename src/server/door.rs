//! What stands behind the door, as the transports see it.

use std::{future::Future, pin::Pin};

use serde_json::{Map, Value};

use crate::{
    domain::refusal::Refusal,
    engine::{Caller, Given, ResourceBody},
    redact::{Redacted, Redactor},
    tools::Tool,
};

/// A future of the door.
pub type Opening<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The engine, as the server sees it. Whatever it hands out is redacted already.
///
/// A future that is dropped loses its answer, never the operation behind it.
pub trait Door: Send + Sync + 'static {
    /// Calls a tool. What the caller can fix comes back as a reply with `is_error`.
    fn call<'a>(&'a self, caller: Caller, tool: &'a str, arguments: Map<String, Value>) -> Opening<'a, Given>;
    /// The tools that are switched on, in the order of their names.
    fn tools(&self) -> &[Tool];
    /// The resources that the caller may read now.
    fn resources<'a>(&'a self, caller: &'a Caller) -> Opening<'a, Vec<ResourceInfo>>;
    /// Reads one resource.
    fn read_resource<'a>(&'a self, caller: &'a Caller, uri: &'a str) -> Opening<'a, Result<ResourceContent, Refusal>>;
    /// Values that begin with `prefix`, best first, at most a hundred; versions those of `service`, where that is given.
    fn complete<'a>(
        &'a self,
        caller: &'a Caller,
        kind: CompletionKind,
        prefix: &'a str,
        service: Option<&'a str>,
    ) -> Opening<'a, Vec<Redacted<String>>>;
    /// What a model should know before its first call.
    fn instructions(&self) -> String;
    /// The redactor that every answer went through.
    fn redactor(&self) -> Redactor;
}

/// A resource in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceInfo {
    /// Its address, `deploy-ops://…`.
    pub uri: String,
    /// Its name for a program.
    pub name: String,
    /// Its title for a human.
    pub title: String,
    /// What is in it, in one sentence.
    pub description: String,
    /// Its media type.
    pub mime: &'static str,
}

/// A resource that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceContent {
    /// Its media type.
    pub mime: &'static str,
    /// What is in it.
    pub body: ResourceBody,
}

/// What a completion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompletionKind {
    /// A service of the inventory.
    Service,
    /// An environment of the inventory.
    Environment,
    /// A version that could be deployed.
    Version,
    /// The id of an operation.
    Operation,
    /// The id of a plan.
    Plan,
    /// A database of the inventory.
    Database,
    /// The id of an operation that has a report.
    Report,
}
