//! What `deploy_service` and `rollback` share: facts, migrations, scripts and the way back.

pub(super) mod artifact;
pub(super) mod facts;
pub(super) mod gates;
pub(super) mod github_secrets;
pub(super) mod loss;
pub(super) mod migrations;
pub(super) mod mode;
pub(super) mod monitoring;
pub(super) mod obsolete;
pub(super) mod pages;
pub(super) mod place;
pub(super) mod script;
pub(super) mod secrets;
pub(super) mod version;
pub(super) mod way_back;
