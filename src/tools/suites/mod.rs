//! Runs of end-to-end tests: those that were kept, and as callers see them.

pub(super) mod kept;
mod view;

pub use view::{SuiteView, TestView, view};
