//! What an App shows of itself: a JSON Web Token that its private key signed.

use std::{path::Path, process::Command};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use super::account::App;

/// No token of an App may be good for longer.
const LONGEST_S: i64 = 600;

/// Whether a token is good at this second, and why not.
pub(super) fn verify(app: &App, token: &str, now: i64) -> Result<(), &'static str> {
    const UNREADABLE: &str = "A JSON web token could not be decoded";
    let (signed, signature) = token.rsplit_once('.').ok_or(UNREADABLE)?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| UNREADABLE)?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &app.public_key);
    key.verify(signed.as_bytes(), &signature).map_err(|_| UNREADABLE)?;
    let (header, claims) = signed.split_once('.').ok_or(UNREADABLE)?;
    if part(header).ok_or(UNREADABLE)?["alg"] != "RS256" {
        return Err(UNREADABLE);
    }
    let claims = part(claims).ok_or(UNREADABLE)?;
    let issuer = claims["iss"].as_str().map_or(claims["iss"].to_string(), str::to_owned);
    if issuer != app.id.to_string() {
        return Err("'Issuer' claim ('iss') must be an Integer");
    }
    let (Some(issued), Some(end)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else { return Err(UNREADABLE) };
    if issued > now {
        return Err("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
    }
    if end <= now {
        return Err(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the \
             assertion expires",
        );
    }
    if end > now + LONGEST_S {
        return Err("'Expiration time' claim ('exp') is too far in the future");
    }
    Ok(())
}

fn part(text: &str) -> Option<Value> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// Makes an RSA key in a file, as PEM; its public half in PKCS#1's form.
pub(super) fn make_key(file: &Path) -> Vec<u8> {
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).arg(file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    run(&["genrsa", "-traditional", "-out"]);
    run(&["rsa", "-RSAPublicKey_out", "-outform", "DER", "-in"])
}
