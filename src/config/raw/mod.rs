//! The file as it is written: a tree of values with their positions.
//!
//! The tree is read by hand instead of by derived deserialisers: those stop at the first error, and their messages quote
//! the value that they did not like, which may be a secret.

mod item;
mod lines;
mod secret_names;
mod section;
mod source;
mod syntax;
mod values;

pub(crate) use item::{Bounds, Item};
pub(crate) use secret_names::{holds_secret, is_secret_name};
pub(crate) use section::Section;
pub(crate) use source::Source;
pub(crate) use syntax::parse;
pub(crate) use values::is_host_or_address;
