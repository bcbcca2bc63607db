//! Lists over all their pages: a page that is missing is an error, never a shorter list.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Repository,
    call::{Ask, unlike},
    error::{GitHubError, Trouble},
};

/// More pages than this are not asked for: a hundred thousand things are not looked through.
const PAGES: usize = 1000;

/// A list: where it stands in the answer, when the answer is not the list itself.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Listed {
    /// The answer is the list.
    Plain,
    /// The answer is an object that holds the list under this key, beside `total_count`.
    Under(&'static str),
}

impl Repository<'_> {
    /// Every element of a list below the repository, over all pages. `below` may have a query; a hundred per page are asked for.
    pub(in crate::world) async fn list<T: DeserializeOwned>(
        &self,
        doing: &str,
        below: &str,
        listed: Listed,
    ) -> Result<Vec<T>, GitHubError> {
        self.list_at(doing, &self.path(below), listed).await
    }

    /// The same anywhere in the API.
    pub(in crate::world) async fn list_at<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        listed: Listed,
    ) -> Result<Vec<T>, GitHubError> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut place = format!("{path}{joint}per_page=100");
        let (mut all, mut said) = (Vec::new(), None);
        for _ in 0..PAGES {
            let answer = self.ask(Ask::get(doing, place.clone())).await?;
            let (page, total) = elements(doing, &answer.body, listed)?;
            said = total.or(said);
            all.extend(page);
            match answer.link.as_deref().and_then(next) {
                Some(next) if next == place => {
                    return Err(Trouble::Unreadable { what: "a page names itself as the next" }.at(doing));
                }
                Some(next) => place = next,
                None => return complete(doing, all, said),
            }
        }
        Err(Trouble::Unreadable { what: "it has too many pages" }.at(doing))
    }
}

fn elements<T: DeserializeOwned>(
    doing: &str,
    body: &[u8],
    listed: Listed,
) -> Result<(Vec<T>, Option<u64>), GitHubError> {
    let Listed::Under(key) = listed else {
        return Ok((serde_json::from_slice(body).map_err(|error| unlike(doing, &error))?, None));
    };
    let mut answer: Value = serde_json::from_slice(body).map_err(|error| unlike(doing, &error))?;
    let total = answer.get("total_count").and_then(Value::as_u64);
    let list = answer.get_mut(key).map(Value::take).unwrap_or_default();
    Ok((serde_json::from_value(list).map_err(|error| unlike(doing, &error))?, total))
}

/// More than was said may have come: something was added meanwhile.
fn complete<T>(doing: &str, all: Vec<T>, said: Option<u64>) -> Result<Vec<T>, GitHubError> {
    let given = u64::try_from(all.len()).unwrap_or(u64::MAX);
    match said {
        Some(said) if given < said => Err(Trouble::Incomplete { said, given }.at(doing)),
        _ => Ok(all),
    }
}

/// The next page, of a `Link` header (RFC 8288).
fn next(link: &str) -> Option<String> {
    link.split(',').find_map(|part| {
        let (url, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
        let wanted = |parameter: &str| matches!(parameter.trim().split_once('='), Some(("rel", rel)) if rel.trim_matches('"') == "next");
        parameters.split(';').any(wanted).then(|| url.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let link = r#"<https://api.github.com/repositories/1/issues?page=1>; rel="prev", <https://api.github.com/repositories/1/issues?page=3>; rel="next", <https://api.github.com/repositories/1/issues?page=9>; rel="last""#;
        assert_eq!(next(link).as_deref(), Some("https://api.github.com/repositories/1/issues?page=3"));
        assert_eq!(next(r#"<https://api.github.com/x>; rel="last""#), None);
        assert_eq!(next("nonsense, <, >; rel=next"), None);
    }

    #[test]
    fn a_list_that_is_shorter_than_it_says_is_an_error() {
        let (page, total) = elements::<u8>("t", br#"{"total_count":3,"runs":[1,2]}"#, Listed::Under("runs")).unwrap();
        assert_eq!((page.len(), total), (2, Some(3)));
        assert!(matches!(complete("t", page, total).unwrap_err().trouble, Trouble::Incomplete { said: 3, given: 2 }));
        assert!(elements::<u8>("t", br#"{"total_count":3}"#, Listed::Under("runs")).is_err(), "a list is missing");
        assert!(elements::<u8>("t", b"[1,2", Listed::Plain).is_err(), "it was cut");
    }
}
