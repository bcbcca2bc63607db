//! A smoke check of kind `webhook`.

use crate::{
    config::{names::Names, raw::Section},
    domain::inventory::{WebhookAsk, WebhookCheck, WebhookPlace},
};

pub(super) const KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "url", "secret", "ask", "private_network"];

pub(super) fn read(section: &Section<'_>, names: &Names) -> Option<WebhookCheck> {
    let ask = match section.optional("ask") {
        None => Some(WebhookAsk::Connect),
        Some(item) => item.choice(&[
            ("connect", WebhookAsk::Connect),
            ("head", WebhookAsk::Head),
            ("options", WebhookAsk::Options),
        ]),
    };
    let at = match (section.optional("url"), section.optional("secret")) {
        (Some(url), None) => url.web_url().map(WebhookPlace::Url),
        (None, Some(secret)) => secret.reference("entry of [secrets]", &names.secrets).map(WebhookPlace::Secret),
        _ => {
            section.item().error(
                "must have either url or secret",
                "give the URL, or the entry of [secrets] that holds it when whoever knows it may call it",
            );
            None
        }
    };
    let private_network = section.boolean("private_network", false);
    Some(WebhookCheck { at: at?, ask: ask?, private_network })
}
