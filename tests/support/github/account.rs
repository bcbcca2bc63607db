//! Who asks: users, Apps and what they are installed on.

use std::{collections::BTreeMap, sync::Arc};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    site::{self, stamp},
    token::{Kind, Token, usual},
    world::World,
};

/// Who does what an App does.
const APP_LOGIN: &str = "deploy-ops[bot]";

/// An App with its one installation, which is on every repository.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) installation: u64,
    /// The public half of its RSA key, in PKCS#1's form.
    pub(super) public_key: Vec<u8>,
    pub(crate) permissions: BTreeMap<String, String>,
    /// How long its tokens are good for.
    pub(crate) token_lifetime: SignedDuration,
    pub(crate) suspended: bool,
}

impl App {
    pub(super) fn new(id: u64, installation: u64, public_key: Vec<u8>) -> Self {
        let token_lifetime = SignedDuration::from_hours(1);
        Self { id, installation, public_key, permissions: usual(), token_lifetime, suspended: false }
    }

    fn installed(&self, world: &World) -> Value {
        let (at, url) = (world.site.stamp(), format!("{}/app/installations/{}", world.site.base, self.installation));
        json!({
            "id": self.installation, "app_id": self.id, "app_slug": "deploy-ops", "account": site::user("acme"),
            "target_id": 1,
            "target_type": "Organization", "repository_selection": "all", "permissions": self.permissions, "events": [],
            "access_tokens_url": format!("{url}/access_tokens"), "repositories_url": url, "html_url": url,
            "created_at": at, "updated_at": at, "suspended_at": if self.suspended { json!(at) } else { Value::Null },
        })
    }
}

pub(super) fn user_of(world: &World, login: &str) -> Value {
    let mut whole = site::user(login);
    whole["user_view_type"] = "private".into();
    whole["created_at"] = world.site.stamp().into();
    whole
}

pub(super) fn user(world: &mut World, call: &Call) -> Answer {
    Answer::One(200, user_of(world, &call.login))
}

/// Asking costs nothing.
pub(super) fn rate_limit(world: &mut World, call: &Call) -> Answer {
    let token = world.tokens.iter().find(|it| it.text == call.token);
    let core = token.map_or(Value::Null, |it| it.rate.overview());
    Answer::One(200, json!({ "resources": { "core": core, "search": core }, "rate": core }))
}

pub(super) fn team_members(world: &mut World, call: &Call) -> Answer {
    let teams = world.organisations.get(call.part("org")).map(|it| &it.teams);
    match teams.and_then(|teams| teams.get(call.part("team_slug"))) {
        Some(members) => Answer::List(members.iter().cloned().map(Arc::new).collect()),
        None => Answer::not_found(),
    }
}

pub(super) fn app(world: &mut World, _: &Call) -> Answer {
    let at = world.site.stamp();
    Answer::One(
        200,
        json!({
            "id": world.app.as_ref().map(|it| it.id), "slug": "deploy-ops", "name": "Deploy Ops",
            "owner": site::user("acme"),
            "permissions": world.app.as_ref().map(|it| &it.permissions), "events": [], "created_at": at,
            "updated_at": at,
        }),
    )
}

pub(super) fn installation(world: &mut World, call: &Call) -> Answer {
    match &world.app {
        Some(app) if app.installation == call.number("installation_id") => Answer::One(200, app.installed(world)),
        _ => Answer::not_found(),
    }
}

pub(super) fn repository_installation(world: &mut World, call: &Call) -> Answer {
    if world.find(call.part("owner"), call.part("repo")).is_none() {
        return Answer::not_found();
    }
    world.app.as_ref().map_or_else(Answer::not_found, |app| Answer::One(200, app.installed(world)))
}

pub(super) fn access_token(world: &mut World, call: &Call) -> Answer {
    let Some(app) = world.app.as_ref().filter(|it| it.installation == call.number("installation_id")) else {
        return Answer::not_found();
    };
    if app.suspended {
        return Answer::Refused(403, "This installation has been suspended".to_owned());
    }
    let mut permissions = app.permissions.clone();
    if let Some(asked) = call.body["permissions"].as_object() {
        permissions.retain(|name, _| asked.contains_key(name));
        for (name, level) in asked {
            let Some(granted) = permissions.get_mut(name) else {
                return Answer::Refused(
                    422,
                    "The permissions requested are not granted to this installation.".to_owned(),
                );
            };
            *granted = level.as_str().unwrap_or_default().to_owned();
        }
    }
    let end = world.site.now() + app.token_lifetime;
    let mut token = Token::installation(APP_LOGIN, permissions.clone());
    token.expires_at = Some(end);
    if let Some(names) = call.body["repositories"].as_array() {
        let names: Vec<_> = names.iter().filter_map(|name| Some(format!("acme/{}", name.as_str()?))).collect();
        token = token.only(&names.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let text = world.add_token(token);
    Answer::One(
        201,
        json!({ "token": text, "expires_at": stamp(end), "permissions": permissions, "repository_selection": "all" }),
    )
}

pub(super) fn installation_repositories(world: &mut World, call: &Call) -> Answer {
    let Some(token) = world.tokens.iter().find(|it| it.text == call.token && matches!(it.kind, Kind::Installation(_)))
    else {
        return Answer::Refused(403, "You must authenticate with an installation access token".to_owned());
    };
    let seen = world.repositories().iter().filter(|it| token.sees(it)).map(|it| Arc::new(it.about.clone()));
    Answer::listed("repositories", seen.collect())
}
