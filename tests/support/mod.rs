//! What several tests need.

pub(crate) mod alertmanager;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod cut;
mod daemon;
pub(crate) mod dns;
pub(crate) mod dovecot;
pub(crate) mod e2e;
pub(crate) mod forum;
#[allow(dead_code, unused_imports, reason = "each test takes what it needs")]
pub(crate) mod github;
pub(crate) mod github_house;
mod home;
pub(crate) mod kept;
pub(crate) mod liar_mail;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod liar_ssh;
pub(crate) mod lighthouse;
pub(crate) mod manifests;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod mariadb;
pub(crate) mod mcp;
pub(crate) mod on_github;
pub(crate) mod pages;
pub(crate) mod permit;
pub(crate) mod port;
#[allow(dead_code, reason = "each test takes what it needs")]
pub(crate) mod postgres;
pub(crate) mod sandbox;
pub(crate) mod signer;
pub(crate) mod site;
pub(crate) mod small_disk;
#[allow(dead_code, unused_imports, clippy::unused_self, reason = "each test takes what it needs, of the host at hand")]
pub(crate) mod sshd;
pub(crate) mod stage;
pub(crate) mod stand_in;
pub(crate) mod terminal;
pub(crate) mod wait;
