//! Lists over all their pages: a page that is missing is an error, never a shorter list.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{
    Repository,
    call::{Ask, unlike},
    error::{GitHubError, Trouble},
};

/// More pages than this are not asked for: a hundred thousand things are not looked through.
const PAGES: usize = 1000;
/// How many pages of one list are on their way at once: a quarter of what all calls together may be.
const AT_ONCE: usize = 8;

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
        let first = self.page::<T>(doing, format!("{path}{joint}per_page=100"), listed).await?;
        let rest = first.link.as_deref().and_then(numbered).unwrap_or_default();
        let rest = stream::iter(rest).map(|place| self.page(doing, place, listed));
        // The futures are made at once and are small; what they hold on their way is on the heap.
        let mut pages: Vec<Page<T>> = rest.buffered(AT_ONCE).try_collect().await?;
        pages.insert(0, first);
        // What has a cursor instead of numbers, and what was added meanwhile, is told by the last page alone.
        while let Some(next) = pages.last().and_then(|page| page.link.as_deref()).and_then(next) {
            if pages.len() >= PAGES {
                return Err(Trouble::Unreadable { what: "it has too many pages" }.at(doing));
            }
            if pages.last().is_some_and(|page| page.place == next) {
                return Err(Trouble::Unreadable { what: "a page names itself as the next" }.at(doing));
            }
            pages.push(self.page(doing, next, listed).await?);
        }
        together(doing, pages)
    }

    async fn page<T: DeserializeOwned>(
        &self,
        doing: &str,
        place: String,
        listed: Listed,
    ) -> Result<Page<T>, GitHubError> {
        let answer = Box::pin(self.ask(Ask::get(doing, place.clone()))).await?;
        let (elements, said) = elements(doing, &answer.body, listed)?;
        Ok(Page { place, elements, said, link: answer.link })
    }
}

/// One page.
struct Page<T> {
    place: String,
    elements: Vec<T>,
    /// How many elements the whole list has, as this page says.
    said: Option<u64>,
    link: Option<String>,
}

/// All pages as one list.
fn together<T>(doing: &str, pages: Vec<Page<T>>) -> Result<Vec<T>, GitHubError> {
    let said = pages.iter().rev().find_map(|page| page.said);
    let hole = pages.iter().rev().skip(1).any(|page| page.elements.is_empty());
    if hole {
        return Err(Trouble::Unreadable { what: "a page is empty, and others follow it" }.at(doing));
    }
    complete(doing, pages.into_iter().flat_map(|page| page.elements).collect(), said)
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
    related(link, "next")
}

fn related(link: &str, to: &str) -> Option<String> {
    link.split(',').find_map(|part| {
        let (url, parameters) = part.trim().strip_prefix('<')?.split_once('>')?;
        let wanted = |parameter: &str| matches!(parameter.trim().split_once('='), Some(("rel", rel)) if rel.trim_matches('"') == to);
        parameters.split(';').any(wanted).then(|| url.to_owned())
    })
}

/// Where the second and all later pages are, when GitHub numbers them and says on the first how many there are.
fn numbered(link: &str) -> Option<Vec<String>> {
    let (next, last) = (related(link, "next")?, related(link, "last")?);
    let (next, last) = (Url::parse(&next).ok()?, Url::parse(&last).ok()?);
    let count: usize = last.query_pairs().find(|(key, _)| key == "page")?.1.parse().ok()?;
    // Only the number may differ; anything else is followed page by page.
    let plain = at_page(&next, 2) == next && at_page(&last, 2) == next && count <= PAGES;
    plain.then(|| (2..=count).map(|page| at_page(&next, page).into()).collect())
}

/// The same URL with another number of the page.
fn at_page(url: &Url, page: usize) -> Url {
    let pairs = url.query_pairs().map(|(key, value)| {
        let value = if key == "page" { page.to_string() } else { value.into_owned() };
        (key.into_owned(), value)
    });
    let pairs: Vec<(String, String)> = pairs.collect();
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url
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
    fn numbered_pages_are_known_from_the_first_and_others_are_followed() {
        let link = |next: &str, last: &str| {
            format!(
                "<https://github.example.org/{next}>; rel=\"next\", <https://github.example.org/{last}>; rel=\"last\""
            )
        };
        let pages = numbered(&link("x?state=open&page=2&per_page=100", "x?state=open&page=4&per_page=100")).unwrap();
        let wanted = |page: usize| format!("https://github.example.org/x?state=open&page={page}&per_page=100");
        assert_eq!(pages, [2, 3, 4].map(wanted));
        for (next, last) in [
            ("x?page=3", "x?page=4"),
            ("x?page=2", "y?page=4"),
            ("x?page=2&after=a", "x?page=4&after=b"),
            ("x?after=a", "x?after=b"),
            ("x?page=2", "x?page=1001"),
            ("x?page=2", "x?page=many"),
        ] {
            assert_eq!(numbered(&link(next, last)), None, "{next} {last}");
        }
        assert_eq!(numbered("<https://github.example.org/x?page=2>; rel=\"next\""), None);
    }

    #[test]
    fn an_empty_page_before_others_is_a_hole() {
        let page = |elements: &[u8]| Page { place: String::new(), elements: elements.to_vec(), said: None, link: None };
        assert_eq!(together("t", vec![page(&[1]), page(&[2]), page(&[])]).unwrap(), [1, 2]);
        assert_eq!(together("t", vec![page(&[])]).unwrap(), [0_u8; 0]);
        assert!(together("t", vec![page(&[1]), page(&[]), page(&[3])]).is_err());
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
