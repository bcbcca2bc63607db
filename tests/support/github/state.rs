//! One server's state behind its lock, and the order in which a question is judged.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use http::{HeaderMap, Method, header};
use serde_json::{Value, json};

use super::{
    answer::{Answer, refusal},
    asked::{Asked, readable},
    call::{Call, read_query},
    contract::Contract,
    fault::{Fault, Faults},
    fill::fill,
    jwt,
    pages::{self, Page},
    reply::Reply,
    routes::{self, Handler, Route},
    site::hex,
    token::Kind,
    world::World,
};

#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) faults: Faults,
    pub(super) log: Vec<Asked>,
    /// What clients did that the description does not allow.
    pub(super) violations: Vec<String>,
    pub(super) latency: Duration,
    pub(super) down: bool,
    /// What was answered since the world last changed, by question.
    cache: HashMap<String, Reply>,
}

/// A question as it came in.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    /// Below the prefix.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl State {
    pub(super) fn new(world: World) -> Self {
        Self {
            world,
            faults: Faults::default(),
            log: Vec::new(),
            violations: Vec::new(),
            latency: Duration::ZERO,
            down: false,
            cache: HashMap::new(),
        }
    }

    /// The world, to be altered.
    pub(super) fn edit(&mut self) -> &mut World {
        self.cache.clear();
        &mut self.world
    }

    /// The answer to a question with what goes wrong on its way. No answer is given where that is so.
    pub(super) fn answer(&mut self, question: Question) -> (Option<Reply>, Option<Fault>) {
        let path = self.original(&question.path);
        let found = routes::route(question.method.as_str(), &path);
        let fault = found.as_ref().and_then(|(route, _)| self.faults.next(route.operation));
        let token = bearer(&question.headers);
        if matches!(fault, Some(Fault::RevokeToken)) {
            self.world.revoke(&token);
        }
        let login = self.world.tokens.iter().find(|it| it.text == token).map_or(String::new(), |it| it.login.clone());
        let mut asked = Asked {
            method: question.method.to_string(),
            path,
            operation: found.as_ref().map_or("", |(route, _)| route.operation),
            query: read_query(&question.query),
            headers: readable(&question.headers),
            login,
            body: Value::Null,
            status: 0,
        };
        if !question.body.is_empty() {
            asked.body = serde_json::from_slice(&question.body).unwrap_or_else(|_| {
                self.violations.push(format!("{} {}: the body is no JSON", asked.method, asked.path));
                Value::Null
            });
        }
        let mut reply = match &fault {
            Some(Fault::Hang | Fault::Closed) => None,
            Some(Fault::Status(status)) => Some(Reply::json(*status, &refusal(*status, "Server Error"))),
            Some(Fault::SecondaryLimit { status, retry_after_s }) => {
                let message =
                    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
                let mut reply = Reply::json(*status, &refusal(*status, message));
                reply.say("retry-after", &retry_after_s.to_string());
                Some(reply)
            }
            _ => Some(self.judged(&question, &asked, found, &token, matches!(fault, Some(Fault::PrimaryLimit)))),
        };
        if let Some(reply) = &mut reply {
            self.common_headers(reply, &token);
            if let Some(fault) = &fault {
                reply.spoil(fault);
            }
            asked.status = reply.status;
        }
        if matches!(fault, Some(Fault::Lost)) {
            asked.status = 0;
        }
        self.log.push(asked);
        (reply, fault)
    }

    /// `/repositories/<id>/…` means the repository that has that id.
    fn original(&self, path: &str) -> String {
        let by_id = path.strip_prefix("/repositories/").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
        let known = by_id.and_then(|(id, rest)| Some((self.world.by_id(id.parse().ok()?)?, rest)));
        match known {
            Some((repository, "")) => format!("/repos/{}", repository.full_name()),
            Some((repository, rest)) => format!("/repos/{}/{rest}", repository.full_name()),
            None => path.to_owned(),
        }
    }

    fn judged(
        &mut self,
        question: &Question,
        asked: &Asked,
        found: Option<(&'static Route, BTreeMap<&'static str, String>)>,
        token: &str,
        exhausted: bool,
    ) -> Reply {
        let refused = |status: u16, message: &str| Reply::json(status, &refusal(status, message));
        if !question.headers.contains_key(header::USER_AGENT) {
            return refused(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
            );
        }
        let Some((route, parameters)) = found else {
            self.violations.push(format!("{} {} is not served", asked.method, asked.path));
            return refused(404, "Not Found");
        };
        if let Err((status, message)) = self.let_in(route, token, exhausted) {
            return refused(status, &message);
        }
        if let Some(reply) = self.out_of_sight(asked, &parameters, token, route) {
            return reply;
        }
        let body = (!question.body.is_empty()).then_some(&asked.body);
        let wrong = Contract::github().judge_question(route.operation, &asked.query, body);
        if !wrong.is_empty() {
            self.violations.extend(wrong.iter().map(|wrong| format!("{}: {wrong}", route.operation)));
            return refused(422, "Invalid request.");
        }
        let accept = question.headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let call = Call {
            path: asked.path.clone(),
            parameters,
            query: asked.query.clone(),
            body: asked.body.clone(),
            token: token.to_owned(),
            login: asked.login.clone(),
            accept: accept.to_owned(),
        };
        let reply = self.handled(route, &call);
        let known = question.headers.get(header::IF_NONE_MATCH);
        if known.is_some() && known == reply.headers.get(header::ETAG) {
            let mut same = Reply::new(304);
            same.headers.insert(header::ETAG, reply.headers[header::ETAG].clone());
            return same;
        }
        if route.operation != "GET /rate_limit"
            && let Some(token) = self.world.tokens.iter_mut().find(|it| it.text == token)
        {
            token.rate.used += 1;
        }
        reply
    }

    /// Whether the token is good, and has a question left.
    fn let_in(&mut self, route: &Route, token: &str, exhausted: bool) -> Result<(), (u16, String)> {
        let now = self.world.site.now();
        if let Handler::App(_) = route.handler {
            let Some(app) = &self.world.app else { return Err((401, "Bad credentials".to_owned())) };
            return jwt::refuse(app, token, now.as_second()).map_err(|why| (401, why.to_owned()));
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
    fn out_of_sight(
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
        let url = format!("{}/repositories/{id}{rest}", self.world.site.base);
        let mut body = refusal(301, "Moved Permanently");
        body["url"] = json!(url);
        let mut reply = Reply::json(301, &body);
        reply.say("location", &url);
        Some(reply)
    }

    fn handled(&mut self, route: &'static Route, call: &Call) -> Reply {
        let reads = route.operation.starts_with("GET ");
        let key = format!("{} {:?} {}", call.path, call.query, call.accept);
        let cached = reads && matches!(route.handler, Handler::Repository(_));
        if !reads {
            self.cache.clear();
        }
        if let Some(reply) = self.cache.get(&key).filter(|_| cached) {
            return reply.clone();
        }
        let mut address = format!("{}{}", self.world.site.base, call.path);
        let answer = match route.handler {
            Handler::World(handler) | Handler::App(handler) => handler(&mut self.world, call),
            Handler::Repository(handler) => {
                let repository = self.world.find(call.part("owner"), call.part("repo")).unwrap();
                let below = call.path.splitn(5, '/').nth(4).unwrap_or_default();
                address = repository.url(&format!("/{below}"));
                handler(repository, call)
            }
        };
        let mut reply = written(route, call, answer, &address);
        reply.say("x-accepted-github-permissions", route.permission);
        if cached {
            self.cache.insert(key, reply.clone());
        }
        reply
    }

    fn common_headers(&self, reply: &mut Reply, token: &str) {
        let now = self.world.site.now();
        reply.say("date", &now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        reply.say("x-github-media-type", "github.v3; format=json");
        reply.say("x-github-request-id", &format!("{:04X}:{}", self.log.len(), now.as_millisecond()));
        let Some(token) = self.world.tokens.iter().find(|it| it.text == token) else { return };
        token.rate.write_to(&mut reply.headers);
        if let Kind::Classic(scopes) = &token.kind {
            reply.say("x-oauth-scopes", &scopes.join(", "));
        }
        if let Some(end) = token.expires_at {
            let end = end.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
            reply.say("github-authentication-token-expiration", &end);
        }
    }
}

/// An answer as HTTP, whole as the description has it.
fn written(route: &Route, call: &Call, answer: Answer, address: &str) -> Reply {
    let contract = Contract::github();
    let (status, mut body, link) = match answer {
        Answer::One(status, body) => (status, body, None),
        Answer::List(items) => listed(pages::numbered(&items, call, address), |items| items),
        Answer::Cursor(items) => listed(pages::by_cursor(&items, call, address), |items| items),
        Answer::Listed(key, items, mut more) => listed(pages::numbered(&items, call, address), |page| {
            more["total_count"] = items.len().into();
            more[key] = page;
            more
        }),
        Answer::Done => return Reply::new(204),
        Answer::Elsewhere(url) => {
            let mut reply = Reply::new(302);
            reply.say("location", &url);
            return reply;
        }
        Answer::Refused(status, message) => return Reply::json(status, &refusal(status, &message)),
    };
    if let Some(schema) = contract.answer(route.operation, status) {
        fill(contract, schema, &mut body);
    }
    let mut reply = Reply::json(status, &body);
    if let Some(link) = &link {
        reply.say("link", link);
    }
    if route.operation.starts_with("GET ") {
        let all = [&reply.body[..], link.unwrap_or_default().as_bytes()].concat();
        reply.say("etag", &format!("W/\"{}\"", hex(&all)));
    }
    reply
}

fn listed(page: Page, whole: impl FnOnce(Value) -> Value) -> (u16, Value, Option<String>) {
    (200, whole(json!(page.items)), page.link)
}

/// The token that a question came with.
fn bearer(headers: &HeaderMap) -> String {
    let text = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or_default();
    let known = ["bearer", "token"].iter().any(|it| scheme.eq_ignore_ascii_case(it));
    if known { token.to_owned() } else { String::new() }
}
