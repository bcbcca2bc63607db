//! An answer as HTTP, whole as the description has it.

use serde_json::{Value, json};

use super::{
    answer::{Answer, refusal},
    call::Call,
    contract::Contract,
    fill::fill,
    pages::{self, Page},
    reply::Reply,
    routes::Route,
    site::hex,
};

/// `address` is that of the question, for the links to other pages.
pub(super) fn written(route: &Route, call: &Call, answer: Answer, address: &str) -> Reply {
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
