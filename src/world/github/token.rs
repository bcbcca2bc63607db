//! Who we are on GitHub: a token of the inventory, or one of an App's installation, renewed before it ends
//! (<https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app>).

use base64::Engine as _;
use http::HeaderValue;
use serde::Deserialize;

use super::{
    super::Reader,
    call::{Ask, Credentials},
    error::{GitHubError, Trouble},
};
use crate::{
    domain::{
        inventory::{GitHubAccess, GitHubCredential},
        time::Time,
    },
    redact::Secret,
};

/// How long a token of the inventory is used before it is read again, seconds: an operator may have changed it.
const READ_AGAIN_S: i64 = 60;
/// How long before its end an installation's token is renewed, seconds.
const RENEW_S: i64 = 120;

/// The token in use.
#[derive(Debug, Default)]
pub(super) struct Held(tokio::sync::Mutex<Option<Token>>);

#[derive(Clone)]
struct Token {
    secret: Secret,
    until: Time,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}

/// What GitHub answers to an App that asks for a token.
#[derive(Deserialize)]
struct Minted {
    token: String,
    expires_at: Time,
}

impl Held {
    /// Forgets the token: GitHub does not accept it.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }

    /// The value of the `Authorization` header.
    pub(super) async fn header(
        &self,
        reader: Reader<'_>,
        access: &GitHubAccess,
        doing: &str,
    ) -> Result<HeaderValue, GitHubError> {
        let mut held = self.0.lock().await;
        let now = reader.now();
        let token = match held.as_ref().filter(|token| now < token.until) {
            Some(token) => token.clone(),
            None => held.insert(fresh(reader, access, doing).await?).clone(),
        };
        bearer(token.secret.expose(), doing)
    }
}

fn bearer(token: &str, doing: &str) -> Result<HeaderValue, GitHubError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
        .map_err(|error| Trouble::TokenMissing.because(doing, error))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn fresh(reader: Reader<'_>, access: &GitHubAccess, doing: &str) -> Result<Token, GitHubError> {
    let secret = reader.secret_value(access.credential.secret()).await;
    let secret = secret.map_err(|error| Trouble::TokenMissing.because(doing, error))?;
    let now = reader.now();
    let GitHubCredential::App { id, installation, .. } = access.credential else {
        return Ok(Token { secret, until: now.plus_s(READ_AGAIN_S) });
    };
    let doing = "get a token for the installation of the GitHub App";
    let proof = bearer(&signed(id, secret.expose(), now).ok_or_else(|| Trouble::TokenMissing.at(doing))?, doing)?;
    let path = format!("/app/installations/{installation}/access_tokens");
    let answer =
        Box::pin(Ask::post(doing, &path, &serde_json::json!({}))?.send(reader, access, Credentials::These(proof)))
            .await?;
    let minted: Minted = answer.json(doing)?;
    let secret = Secret::new(access.credential.secret().as_str(), minted.token);
    // It is a secret like the others from now on, though no file holds it.
    reader.world.redactor.add([secret.clone()]);
    Ok(Token { secret, until: minted.expires_at.plus_s(-RENEW_S) })
}

/// A JSON Web Token that proves to be the App, good for nine minutes (RFC 7519, RFC 7518 section 3.3).
///
/// None when the key is not an RSA key in PEM.
fn signed(app: u32, pem: &str, now: Time) -> Option<String> {
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let second = now.as_millis() / 1000;
    // A minute back: GitHub's clock may be behind ours.
    let claims = serde_json::json!({ "iat": second - 60, "exp": second + 540, "iss": app.to_string() });
    let text = format!("{}.{}", encode(br#"{"alg":"RS256","typ":"JWT"}"#), encode(claims.to_string().as_bytes()));
    let key = rsa_key(pem)?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&ring::signature::RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), text.as_bytes(), &mut signature)
        .ok()?;
    Some(format!("{text}.{}", encode(&signature)))
}

/// The key in PKCS #1, as GitHub gives it, or in PKCS #8.
fn rsa_key(pem: &str) -> Option<ring::rsa::KeyPair> {
    use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
    match PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()? {
        PrivateKeyDer::Pkcs1(der) => ring::rsa::KeyPair::from_der(der.secret_pkcs1_der()).ok(),
        PrivateKeyDer::Pkcs8(der) => ring::rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
        _ => None,
    }
}
