//! What `deploy_service` and `rollback` share: facts, scripts and the way back.

pub(super) mod facts;
pub(super) mod mode;
pub(super) mod script;
pub(super) mod way_back;
