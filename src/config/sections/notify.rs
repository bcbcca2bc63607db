//! `[notify.<name>]`, and what environments tell there

use std::collections::BTreeMap;

use super::way;
use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Channel, ChannelKind, Event, Host, Telling},
        name::{ChannelName, HostName},
    },
};

const KEYS: &[&str] = &["kind", "url", "via", "ca", "signing_key"];
const TELLING_KEYS: &[&str] = &["channel", "on"];

pub(super) fn read(
    channels: &Item<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
) -> BTreeMap<ChannelName, Channel> {
    let entries = channels.entries::<ChannelName>().into_iter();
    entries
        .filter_map(|(name, item)| Some((name.clone(), channel(name, &item.section(KEYS)?, names, hosts)?)))
        .collect()
}

fn channel(
    name: ChannelName,
    section: &Section<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
) -> Option<Channel> {
    let kinds = [("n8n", ChannelKind::N8n), ("webhook", ChannelKind::Webhook), ("slack", ChannelKind::Slack)];
    let kind = section.required("kind").and_then(|item| item.choice(&kinds));
    let secret = |item: &Item<'_>| item.reference("entry of [secrets]", &names.secrets);
    let url = section.required("url").and_then(|item| url(&item, names));
    let signing_key = section.optional("signing_key").map_or(Some(None), |item| secret(&item).map(Some));
    let way = way::to_interface(section, names, hosts);
    Some(Channel { name, kind: kind?, url: url?, way: way?, signing_key: signing_key? })
}

/// The name of the secret that holds the address.
fn url(item: &Item<'_>, names: &Names) -> Option<crate::domain::name::SecretName> {
    if item.text()?.contains("://") {
        item.error(
            "must name the secret that holds the address: whoever knows it can write there",
            "declare it below [secrets], write its name here, and replace the webhook",
        );
        return None;
    }
    item.reference("entry of [secrets]", &names.secrets)
}

/// What an environment tells by itself.
pub(super) fn telling(item: &Item<'_>, names: &Names) -> Option<Telling> {
    let section = item.section(TELLING_KEYS)?;
    let channel = section.required("channel").and_then(|item| item.reference("entry of [notify]", &names.channels));
    let events = [
        ("started", Event::Started),
        ("succeeded", Event::Succeeded),
        ("failed", Event::Failed),
        ("rolled_back", Event::RolledBack),
        ("attention", Event::Attention),
    ];
    let on = match section.optional("on") {
        Some(item) => item.list().iter().filter_map(|item| item.choice(&events)).collect(),
        None => events.map(|(_, event)| event).into(),
    };
    Some(Telling { channel: channel?, on })
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            ("[notify.a]\nurl = \"CRM_DB_PASSWORD\"", 1, "notify.a: kind is missing", "add kind"),
            ("[notify.a]\nkind = \"n8n\"", 1, "notify.a: url is missing", "add url"),
            (
                "[notify.a]\nkind = \"n8n\"\nurl = \"https://n8n.example.org/webhook/hunter2\"",
                3,
                "notify.a.url: must name the secret",
                "declare it",
            ),
            (
                "[notify.a]\nkind = \"slack\"\nurl = \"CRM_DB_PASSWORD\"\nsigning_key = \"KEY\"",
                4,
                "notify.a.signing_key: there is no entry of [secrets]",
                "",
            ),
            (
                "[notify.a]\nkind = \"mail\"\nurl = \"CRM_DB_PASSWORD\"",
                2,
                "notify.a.kind: is not one of",
                "write one of",
            ),
            (
                "[environments.e]\nnotify = [{ channel = \"teams\" }]\n[notify.team]\nkind = \"n8n\"\nurl = \"CRM_DB_PASSWORD\"",
                2,
                "environments.e.notify.channel: there is no entry of [notify]",
                "did you mean team",
            ),
            (
                "[environments.e]\nnotify = [{ channel = \"team\", on = [\"done\"] }]\n[notify.team]\nkind = \"n8n\"\nurl = \"CRM_DB_PASSWORD\"",
                2,
                "environments.e.notify.on: is not one of",
                "write one of",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
