//! Channels: where people are told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::name::{ChannelName, SecretName},
    Way,
};

/// A channel: a webhook that somebody listens at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Channel {
    /// Its name in the inventory.
    pub name: ChannelName,
    /// Who listens.
    pub kind: ChannelKind,
    /// The secret that holds its address: whoever knows it can write there.
    pub url: SecretName,
    /// How it is reached.
    pub way: Way,
    /// The secret that messages are signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<SecretName>,
}

/// Who listens at a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A workflow of n8n that begins with a webhook.
    N8n,
    /// Anything that takes our payload.
    Webhook,
    /// An incoming webhook of Slack, or of what is like it (Mattermost, Rocket.Chat, Discord's `/slack`): one text.
    Slack,
}

/// What an environment tells where by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Telling {
    /// The channel.
    pub channel: ChannelName,
    /// Which events.
    pub on: Vec<Event>,
}

/// What happened to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It began, and has not ended.
    Started,
    /// It ended well.
    Succeeded,
    /// It ended without a change.
    Failed,
    /// It was taken back.
    RolledBack,
    /// A human has to look.
    Attention,
}
