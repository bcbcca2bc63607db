//! What `verify_secret` looks at besides the sources of the inventory.

pub(super) mod on_github;
