//! A permit cannot come from a file, a request or a client.
use deploy_ops_mcp::policy::Permit;
use serde::{
    Deserialize as _,
    de::{
        IntoDeserializer as _,
        value::{Error, StrDeserializer},
    },
};

fn read(text: &str) -> Option<Permit> {
    let words: StrDeserializer<'_, Error> = text.into_deserializer();
    Permit::deserialize(words).ok()
}

fn main() {}
