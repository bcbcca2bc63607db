//! What people are told about operations. The facts come from the ledger; a caller's own words stand apart, and say so.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    digest::Digest,
    inventory::{Channel, ChannelKind, Event},
    name::ChannelName,
    operation::{Operation, OperationState},
};

/// The version of the payload. Fields are added, never renamed.
const VERSION: u32 = 1;
/// What the ledger calls the channel of a notice.
const CHANNEL: &str = "sent-to";
/// What the ledger calls its key.
const KEY: &str = "sent-as";

/// Tell a channel about an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notify {
    /// The channel.
    pub channel: ChannelName,
    /// What makes a repetition known as one.
    pub key: String,
    /// What is sent: JSON, redacted.
    pub body: String,
}

impl Event {
    /// What a state means for those who wait.
    pub fn of(state: OperationState) -> Self {
        match state {
            OperationState::Running | OperationState::RollingBack => Self::Started,
            OperationState::Succeeded | OperationState::Accepted => Self::Succeeded,
            OperationState::Failed | OperationState::Cancelled => Self::Failed,
            OperationState::RolledBack => Self::RolledBack,
            OperationState::AwaitingDecision | OperationState::RollbackFailed | OperationState::Indeterminate => {
                Self::Attention
            }
        }
    }

    /// The word for it, in payloads and in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Attention => "attention",
        }
    }
}

impl Notify {
    /// What is told of an operation as it stands, with the words of a caller, which nobody has checked.
    pub fn new(channel: &Channel, operation: &Operation, event: Event, note: Option<&str>) -> Self {
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        let mut key = format!("{}:{}", operation.id, event.word());
        if event == Event::Attention {
            // A human may have to look twice at one operation.
            key = format!("{key}:{}", word(operation.state));
        }
        if let Some(note) = note {
            key = format!("{key}:{}", Digest::of(note.as_bytes()).short());
        }
        let body = match channel.kind {
            ChannelKind::N8n | ChannelKind::Webhook => payload(&key, operation, event, note),
            ChannelKind::Slack => json!({ "text": for_slack(&text(operation, event, note)) }),
        };
        Self { channel: channel.name.clone(), key, body: body.to_string() }
    }

    /// Which one it is, in the ledger. What is named like a secret is redacted, so these are names that no secret can have.
    pub fn named(&self) -> Map<String, Value> {
        let named = [(CHANNEL, json!(self.channel)), (KEY, json!(self.key))];
        named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whether an entry of the ledger is about this one.
    pub fn is_named_in(&self, entry: &Value) -> bool {
        let says = |name: &str| entry.get(name).and_then(Value::as_str);
        says(CHANNEL) == Some(self.channel.as_str()) && says(KEY) == Some(self.key.as_str())
    }

    /// What the ledger keeps of it while it is owed. The body is a value, not a text: a redactor sees what is a key in it.
    pub fn owed(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let mut kept = self.named();
        kept.insert("payload".to_owned(), body);
        Value::Object(kept)
    }

    /// A notice from what the ledger keeps; nothing when that is none.
    pub fn of_owed(kept: &Value) -> Option<Self> {
        let text = |key: &str| kept.get(key)?.as_str();
        let (channel, key) = (text(CHANNEL)?.parse().ok()?, text(KEY)?.to_owned());
        Some(Self { channel, key, body: kept.get("payload")?.to_string() })
    }

    /// Whether it is the same for the same channel.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.channel, &self.key) == (&other.channel, &other.key)
    }

    /// What is told, in a word: its key without the operation.
    pub fn about(&self) -> &str {
        self.key.split_once(':').map_or(self.key.as_str(), |(_, about)| about)
    }
}

/// The payload, as `docs/notify.md` describes it.
fn payload(key: &str, operation: &Operation, event: Event, note: Option<&str>) -> Value {
    let mut payload = json!({
        "version": VERSION,
        "key": key,
        "event": event,
        "text": text(operation, event, None),
        "operation": {
            "id": operation.id,
            "kind": operation.kind,
            "service": operation.service,
            "environment": operation.environment,
            "version": operation.version,
            "state": operation.state,
            "requester": operation.requester,
            "started_at": operation.started_at,
            "finished_at": operation.finished_at,
            "decide_by": operation.decide_by,
            "summary": operation.summary,
            "metrics": operation.metrics,
            "verdict": operation.verdict,
        },
    });
    if let (Some(note), Value::Object(payload)) = (note, &mut payload) {
        payload.insert("note".to_owned(), json!({ "text": note, "checked": false }));
    }
    payload
}

/// One line for humans: `shop v2025.01.15 in production: rolled back. …`.
fn text(operation: &Operation, event: Event, note: Option<&str>) -> String {
    let service = operation.service.as_ref().map_or("databases", |service| service.as_str());
    let version = operation.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let happened = match event {
        Event::Attention => "needs a human".to_owned(),
        other => other.word().replace('_', " "),
    };
    let line = format!("{service}{version} in {}: {happened}. {}", operation.environment, operation.summary);
    match note {
        Some(note) => format!("{line}\nA note of the caller, unchecked: {note}"),
        None => line,
    }
}

fn word(state: OperationState) -> String {
    serde_json::to_value(state).ok().and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The text without what would name people or channels, or hide where a link leads.
fn for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{2009}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{inventory::Way, operation::OperationKind, principal::Principal, time::Time};

    fn operation() -> Operation {
        Operation {
            id: "op_01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            kind: OperationKind::Deploy,
            service: Some("shop".parse().unwrap()),
            environment: "production".parse().unwrap(),
            version: Some("v2025.01.15".to_owned()),
            plan: None,
            requester: Principal::token("ci"),
            state: OperationState::RolledBack,
            step: None,
            started_at: Time::from_millis(0),
            finished_at: Some(Time::from_millis(60_000)),
            decide_by: None,
            summary: "Rolled back: the verdict is FAILED.".to_owned(),
            verdict: None,
            blockers: Vec::new(),
            metrics: crate::domain::operation::Metrics::default(),
            fence: 1,
        }
    }

    fn channel(kind: ChannelKind) -> Channel {
        let (name, url) = ("team".parse().unwrap(), "URL".parse().unwrap());
        Channel { name, kind, url, way: Way::default(), signing_key: None }
    }

    #[test]
    fn the_same_is_told_under_the_same_key_and_other_words_under_another() {
        let of = |note: Option<&str>| Notify::new(&channel(ChannelKind::N8n), &operation(), Event::RolledBack, note);
        assert_eq!(of(None).key, "op_01890a5d-ac96-774b-bcce-b302099a8057:rolled_back");
        assert_eq!(of(None), of(Some("  ")));
        assert_eq!(of(Some("a")), of(Some("a ")));
        assert_ne!(of(Some("a")).key, of(Some("b")).key);
        let body: Value = serde_json::from_str(&of(Some("look")).body).unwrap();
        assert_eq!(body["note"], json!({ "text": "look", "checked": false }));
        assert!(!body["text"].as_str().unwrap().contains("look"));
        assert_eq!(body["operation"]["state"], "rolled_back");
    }

    #[test]
    fn a_human_who_has_to_look_twice_is_told_twice() {
        let of = |state| {
            let operation = Operation { state, ..operation() };
            Notify::new(&channel(ChannelKind::Webhook), &operation, Event::of(state), None)
        };
        let (decide, failed) = (of(OperationState::AwaitingDecision), of(OperationState::RollbackFailed));
        assert_eq!(decide.about(), "attention:awaiting_decision");
        assert!(!decide.is_same(&failed) && decide.is_same(&of(OperationState::AwaitingDecision)));
    }

    #[test]
    fn what_the_ledger_keeps_of_a_notice_is_the_notice() {
        let notice = Notify::new(&channel(ChannelKind::Webhook), &operation(), Event::RolledBack, None);
        let kept = Notify::of_owed(&notice.owed()).unwrap();
        assert!(kept.is_same(&notice) && notice.is_named_in(&notice.owed()));
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(json(&kept.body), json(&notice.body));
        assert_eq!(Notify::of_owed(&json!({ "sent-to": "team" })), None);
    }

    #[test]
    fn a_text_for_slack_names_nobody() {
        let note = "<!channel> @here <https://evil.example.org|our site> & more";
        let told = Notify::new(&channel(ChannelKind::Slack), &operation(), Event::RolledBack, Some(note));
        let body: Value = serde_json::from_str(&told.body).unwrap();
        let text = body["text"].as_str().unwrap();
        assert!(text.starts_with("shop v2025.01.15 in production: rolled back. Rolled back: the verdict is FAILED.\n"));
        assert!(!text.contains(['<', '>']) && !text.contains("@here"), "{text}");
        assert_eq!(body.as_object().unwrap().len(), 1);
    }
}
