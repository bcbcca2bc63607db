//! One server's state behind its lock, and the order in which a question is judged.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use http::{HeaderMap, Method, header};
use serde_json::Value;

use super::{
    admission::bearer,
    answer::refusal,
    asked::{Asked, readable},
    call::{Call, read_query},
    contract::Contract,
    fault::{Fault, Faults},
    render::written,
    reply::Reply,
    routes::{self, Handler, Route},
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
        let known = self.world.tokens.iter_mut().find(|it| it.text == token);
        let login = known.map_or(String::new(), |known| {
            known.revoked |= matches!(fault, Some(Fault::RevokeToken));
            known.login.clone()
        });
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
            _ => Some(self.judged(&question, &asked, found, &token, fault.as_ref())),
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
        fault: Option<&Fault>,
    ) -> Reply {
        let refused = |status: u16, message: &str| Reply::json(status, &refusal(status, message));
        if !question.headers.contains_key(header::USER_AGENT) {
            return refused(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
            );
        }
        let Some((route, parameters)) = found else {
            // Links to a repository that was deleted since.
            if asked.path.starts_with("/repositories/") {
                return refused(404, "Not Found");
            }
            self.violations.push(format!("{} {} is not served", asked.method, asked.path));
            return refused(404, "Not Found");
        };
        if let Err((status, message)) = self.let_in(route, token, matches!(fault, Some(Fault::PrimaryLimit))) {
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
        let spoilt = fault.is_some_and(Fault::spoils);
        if !spoilt && known.is_some() && known == reply.headers.get(header::ETAG) {
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
