//! Things that are made once, although an answer may be lost and lists of GitHub may lag behind what was done.

use std::{future::Future, time::Duration};

use super::error::{GitHubError, Trouble};

/// How long is waited before each further look for what was made without an answer.
const WAITS: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_millis(400), Duration::from_millis(800), Duration::from_millis(1600)];

/// What came of making something once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Once<T> {
    /// It was there.
    Found(T),
    /// It is there now.
    Made(T),
}

/// Makes what `find` does not find. After an answer that leaves open what was done it is looked for, patiently; only then is
/// the making an error. Two who do this at once may both make it: the caller holds a lock.
pub(super) async fn once<T, F, G>(find: impl Fn() -> F, make: impl FnOnce() -> G) -> Result<Once<T>, GitHubError>
where
    F: Future<Output = Result<Option<T>, GitHubError>>,
    G: Future<Output = Result<T, GitHubError>>,
{
    once_within(&WAITS, find, make).await
}

/// Looks until it is found, or until a list that lags must have caught up.
pub(super) async fn patiently<T, F>(find: impl Fn() -> F) -> Result<Option<T>, GitHubError>
where
    F: Future<Output = Result<Option<T>, GitHubError>>,
{
    look(&WAITS, find).await
}

async fn once_within<T, F, G>(
    waits: &[Duration],
    find: impl Fn() -> F,
    make: impl FnOnce() -> G,
) -> Result<Once<T>, GitHubError>
where
    F: Future<Output = Result<Option<T>, GitHubError>>,
    G: Future<Output = Result<T, GitHubError>>,
{
    if let Some(found) = find().await? {
        return Ok(Once::Found(found));
    }
    let error = match make().await {
        Ok(made) => return Ok(Once::Made(made)),
        Err(error) => error,
    };
    let found = match error.trouble {
        Trouble::Unreachable | Trouble::Failing { .. } | Trouble::Unreadable { .. } => look(waits, find).await,
        // Somebody may have made it between the look and now.
        Trouble::Conflict { .. } => find().await,
        _ => Ok(None),
    };
    match found {
        Ok(Some(found)) => Ok(Once::Made(found)),
        Ok(None) | Err(_) => Err(error),
    }
}

async fn look<T, F>(waits: &[Duration], find: impl Fn() -> F) -> Result<Option<T>, GitHubError>
where
    F: Future<Output = Result<Option<T>, GitHubError>>,
{
    let mut last = find().await;
    for wait in waits {
        if let Ok(Some(_)) = last {
            break;
        }
        tokio::time::sleep(*wait).await;
        last = find().await;
    }
    last
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// What comes of making it when the making ends like that and the looks from `seen_at` on see it; and how often it was made.
    async fn making(ends: Result<u8, Trouble>, seen_at: usize) -> (Result<Once<u8>, Trouble>, usize, usize) {
        let (looks, made) = (Cell::new(0), Cell::new(0));
        let find = || async {
            looks.set(looks.get() + 1);
            Ok((looks.get() > seen_at).then_some(7))
        };
        let make = || async {
            made.set(made.get() + 1);
            ends.map_err(|trouble| trouble.at("make it"))
        };
        let came = once_within(&[Duration::ZERO; 4], find, make).await.map_err(|error| error.trouble);
        (came, looks.get(), made.get())
    }

    #[tokio::test]
    async fn it_is_looked_for_before_and_after() {
        let limited = || Trouble::Limited { wait_s: 9 };
        assert_eq!(making(Ok(7), 0).await, (Ok(Once::Found(7)), 1, 0));
        assert_eq!(making(Ok(7), 9).await, (Ok(Once::Made(7)), 1, 1));
        assert_eq!(making(Err(Trouble::Unreachable), 1).await, (Ok(Once::Made(7)), 2, 1));
        assert_eq!(making(Err(Trouble::Failing { status: 502 }), 4).await, (Ok(Once::Made(7)), 5, 1));
        assert_eq!(making(Err(Trouble::Unreachable), 9).await, (Err(Trouble::Unreachable), 6, 1));
        assert_eq!(making(Err(limited()), 1).await, (Err(limited()), 1, 1));
        let conflict = || Trouble::Conflict { status: 422 };
        assert_eq!(making(Err(conflict()), 1).await, (Ok(Once::Made(7)), 2, 1));
        assert_eq!(making(Err(conflict()), 2).await, (Err(conflict()), 2, 1));
    }
}
