//! Who may ask what: tokens, limits, what can be seen, what has moved.

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use serde_json::json;

use super::{
    answer::refusal,
    asked::Asked,
    call::write_query,
    jwt,
    reply::Reply,
    routes::{Handler, Route},
    state::State,
};

impl State {
    /// Whether the token is good, and has a question left.
    pub(super) fn let_in(&mut self, route: &Route, token: &str, exhausted: bool) -> Result<(), (u16, String)> {
        let now = self.world.site.now();
        if let Handler::App(_) = route.handler {
            let Some(app) = &self.world.app else { return Err((401, "Bad credentials".to_owned())) };
            return jwt::verify(app, token, now.as_second()).map_err(|why| (401, why.to_owned()));
        }
        if token.is_empty() {
            return if route.permission.is_empty() { Err((401, "Requires authentication".to_owned())) } else { Ok(()) };
        }
        let Some(known) = self.world.tokens.iter_mut().find(|it| it.text == token).filter(|it| it.is_good(now)) else {
            return Err((401, "Bad credentials".to_owned()));
        };
        known.rate.turn(now);
        if exhausted {
            known.rate.leave(0);
        }
        if known.rate.remaining() == 0 && route.operation != "GET /rate_limit" {
            return Err((403, format!("API rate limit exceeded for user {}.", known.login)));
        }
        Ok(())
    }

    /// What the token may not see, or what is not there, or what has moved.
    pub(super) fn out_of_sight(
        &mut self,
        asked: &Asked,
        parts: &BTreeMap<&str, String>,
        token: &str,
        route: &Route,
    ) -> Option<Reply> {
        if let Handler::App(_) = route.handler {
            return None;
        }
        let not_found = || Some(Reply::json(404, &refusal(404, "Not Found")));
        if let Handler::Repository(_) = route.handler {
            let (owner, name) = (&parts["owner"], &parts["repo"]);
            let Some(index) = self.world.find(owner, name).map(|it| it.id) else {
                return self.moved(asked, owner, name).or_else(not_found);
            };
            let repository = self.world.by_id(index)?;
            let token = self.world.tokens.iter().find(|it| it.text == token);
            if !token.map_or(repository.is_public(), |token| token.sees(repository)) {
                return not_found();
            }
        }
        let token = self.world.tokens.iter().find(|it| it.text == token);
        match token {
            Some(token) if !token.may(route.permission) => Some(Reply::json(403, &refusal(403, token.refusal()))),
            None if route.permission.ends_with("=write") => not_found(),
            _ => None,
        }
        .map(|mut reply| {
            reply.say("x-accepted-github-permissions", route.permission);
            reply
        })
    }

    /// Where a repository is that had this name.
    fn moved(&self, asked: &Asked, owner: &str, name: &str) -> Option<Reply> {
        let id = self.world.renamed.get(&format!("{owner}/{name}").to_lowercase())?;
        let rest = asked.path.splitn(5, '/').nth(4).map_or(String::new(), |rest| format!("/{rest}"));
        let query = if asked.query.is_empty() { String::new() } else { format!("?{}", write_query(&asked.query)) };
        let url = format!("{}/repositories/{id}{rest}{query}", self.world.site.base);
        let (status, message) =
            if asked.method == "GET" { (301, "Moved Permanently") } else { (307, "Temporary Redirect") };
        let mut body = refusal(status, message);
        body["url"] = json!(url);
        let mut reply = Reply::json(status, &body);
        reply.say("location", &url);
        Some(reply)
    }
}

/// The token that a question came with.
pub(super) fn bearer(headers: &HeaderMap) -> String {
    let text = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or_default();
    let known = ["bearer", "token"].iter().any(|it| scheme.eq_ignore_ascii_case(it));
    if known { token.to_owned() } else { String::new() }
}
