//! Bearer tokens.

use std::{collections::BTreeSet, sync::Arc};

use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    domain::{
        principal::{Principal, Scope},
        reach::Reach,
    },
    redact::Secret,
    server::identity::Identity,
};

/// A token as the server keeps it: its name, its SHA-256, what it may do. The value itself is forgotten.
#[derive(Clone)]
pub struct Token {
    identity: Identity,
    sha256: [u8; 32],
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Token {
    /// The token of that name in the configuration.
    pub fn new(name: &str, value: &Secret, scopes: BTreeSet<Scope>) -> Self {
        let principal = Principal::token(name);
        let session = format!("http/{principal}").into();
        Self {
            identity: Identity { principal, scopes: Arc::new(scopes), reach: Reach::default(), session },
            sha256: Sha256::digest(value.expose().as_bytes()).into(),
        }
    }

    /// The same token, whose bearer may change something there alone.
    #[must_use]
    pub fn within(mut self, reach: Reach) -> Self {
        self.identity.reach = reach;
        self
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// There is no bearer token.
    NoToken,
    /// There is one, and it is not ours.
    WrongToken,
}

/// Whose token the request carries. Every token is compared, whichever fits, and only hashes are, so that time tells nothing.
pub fn identify(headers: &HeaderMap, tokens: &[Token]) -> Result<Identity, Stranger> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(Stranger::NoToken);
    };
    let token = value.as_bytes().split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
    let (_, token) = token.ok_or(Stranger::NoToken)?;
    let hash: [u8; 32] = Sha256::digest(token).into();
    let mut found = None;
    for known in tokens {
        if bool::from(known.sha256.ct_eq(&hash)) {
            found = Some(&known.identity);
        }
    }
    found.cloned().ok_or(Stranger::WrongToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_token_gives_its_principal_and_its_scopes() {
        let tokens = [
            Token::new("ci", &Secret::new("ci", "first-token-value"), [Scope::Read].into()),
            Token::new("ops", &Secret::new("ops", "second-token-value"), [Scope::Read, Scope::Execute].into()),
        ];
        let ops = identify(&headers(&["Bearer second-token-value"]), &tokens).unwrap();
        assert_eq!(ops.principal, Principal::token("ops"));
        assert_eq!(*ops.scopes, [Scope::Read, Scope::Execute].into());
        assert!(identify(&headers(&["bearer first-token-value"]), &tokens).is_ok());
        for (given, why) in [
            (&["Bearer first-token-valuf"][..], Stranger::WrongToken),
            (&["Bearer  first-token-value"], Stranger::WrongToken),
            (&["Bearer "], Stranger::WrongToken),
            (&["Basic first-token-value"], Stranger::NoToken),
            (&["Bearer first-token-value", "Bearer second-token-value"], Stranger::NoToken),
            (&["Bear"], Stranger::NoToken),
            (&[], Stranger::NoToken),
        ] {
            assert_eq!(identify(&headers(given), &tokens), Err(why), "{given:?}");
        }
    }
}
