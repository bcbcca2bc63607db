//! The engine behind the door.

use serde_json::{Map, Value};

use super::door::{CompletionKind, Door, Opening, ResourceContent, ResourceInfo};
use crate::{
    domain::{principal::Scope, refusal::Refusal},
    engine::{Caller, Engine, Given},
    redact::{Redacted, Redactor},
    tools::Tool,
};

impl Door for Engine {
    fn call<'a>(&'a self, caller: Caller, tool: &'a str, arguments: Map<String, Value>) -> Opening<'a, Given> {
        Box::pin(Engine::give(self, caller, tool, arguments))
    }

    fn tools(&self) -> &[Tool] {
        Engine::tools(self)
    }

    fn resources<'a>(&'a self, caller: &'a Caller) -> Opening<'a, Vec<ResourceInfo>> {
        Box::pin(async move {
            if !caller.scopes.contains(&Scope::Read) {
                return Vec::new();
            }
            let found = Engine::resources(self).await.into_iter();
            found
                .map(|resource| ResourceInfo {
                    title: resource.description.clone(),
                    uri: resource.uri,
                    name: resource.name,
                    description: resource.description,
                    mime: resource.mime,
                })
                .collect()
        })
    }

    fn read_resource<'a>(&'a self, caller: &'a Caller, uri: &'a str) -> Opening<'a, Result<ResourceContent, Refusal>> {
        Box::pin(async move {
            let (mime, body) = Engine::read_resource(self, caller, uri).await?;
            Ok(ResourceContent { mime, body })
        })
    }

    fn complete<'a>(
        &'a self,
        caller: &'a Caller,
        kind: CompletionKind,
        prefix: &'a str,
        service: Option<&'a str>,
    ) -> Opening<'a, Vec<Redacted<String>>> {
        Box::pin(async move {
            if !caller.scopes.contains(&Scope::Read) {
                return Vec::new();
            }
            let argument = match kind {
                CompletionKind::Service => "service",
                CompletionKind::Environment => "environment",
                CompletionKind::Version => "version",
                CompletionKind::Operation => "operation",
                CompletionKind::Report => "report",
                CompletionKind::Plan => "plan",
                CompletionKind::Database => "database",
            };
            Engine::complete(self, argument, prefix, service).await
        })
    }

    fn instructions(&self) -> String {
        Engine::instructions(self)
    }

    fn redactor(&self) -> Redactor {
        Engine::redactor(self).clone()
    }
}
