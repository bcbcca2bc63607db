//! What the other programs do wrong, done right: it compiles.
use deploy_ops_mcp::{
    domain::{digest::Digest, plan::Plan},
    engine::Reply,
    policy::Permit,
    redact::Redacted,
    tools::Context,
    world::Reader,
};
use serde::{
    Deserialize as _,
    de::{
        IntoDeserializer as _,
        value::{Error, StrDeserializer},
    },
};

fn look(plan: &Plan) -> usize {
    plan.body().steps.len()
}

fn reader<'a>(context: Context<'a>) -> Reader<'a> {
    context.reader
}

fn execute(_: Permit) {}

fn once(permit: Permit) {
    execute(permit);
}

fn read(text: &str) -> Option<Digest> {
    let words: StrDeserializer<'_, Error> = text.into_deserializer();
    Digest::deserialize(words).ok()
}

fn reply(reply: &mut Reply, text: Redacted<String>) {
    reply.text = text;
}

fn main() {}
