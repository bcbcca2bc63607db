//! Encryption of stored snapshots in the age format (<https://c2sp.org/age>); without recipients there is none.

use std::io::{self, BufRead, Read, Write};

use age::{Decryptor, Encryptor, Identity, Recipient, stream::StreamWriter, x25519};

use crate::{
    domain::refusal::Code,
    redact::Secret,
    world::{Reader, WorldError},
};

/// Whom snapshots are encrypted to, and what decrypts them; by default nobody and nothing.
#[derive(Default)]
pub(super) struct Keys {
    recipients: Vec<x25519::Recipient>,
    identity: Option<x25519::Identity>,
}

/// A writer that encrypts, or not.
pub(super) enum Encrypting<W: Write> {
    Age(StreamWriter<W>),
    Plain(W),
}

impl Reader<'_> {
    /// The keys that the inventory names.
    pub(super) async fn snapshot_keys(self) -> Result<Keys, WorldError> {
        let storage = &self.inventory().snapshots;
        let recipients = storage.recipients.iter().map(|text| text.parse().map_err(|_| unusable("a recipient")));
        let recipients = recipients.collect::<Result<_, _>>()?;
        let identity = match &storage.identity {
            Some(name) => Some(identity_of(&self.secret_value(name).await?)?),
            None => None,
        };
        Ok(Keys { recipients, identity })
    }
}

/// The file of `age-keygen` has comments around the key.
fn identity_of(secret: &Secret) -> Result<x25519::Identity, WorldError> {
    let lines = secret.expose().lines().map(str::trim);
    let key = lines.into_iter().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    key.parse().map_err(|_| unusable("the identity"))
}

impl Keys {
    /// Whether what is written now is encrypted.
    pub(super) fn encrypts(&self) -> bool {
        !self.recipients.is_empty()
    }

    pub(super) fn encrypt<W: Write>(&self, inner: W) -> Result<Encrypting<W>, WorldError> {
        if self.recipients.is_empty() {
            return Ok(Encrypting::Plain(inner));
        }
        let recipients = self.recipients.iter().map(|recipient| recipient as &dyn Recipient);
        let encryptor =
            Encryptor::with_recipients(recipients).map_err(|error| unusable("the recipients").because(error))?;
        let writer = encryptor.wrap_output(inner).map_err(|e| WorldError::io("store the snapshot", e))?;
        Ok(Encrypting::Age(writer))
    }

    /// Decrypts what begins like an age file; anything else is passed on as it is.
    pub(super) fn decrypt<'r>(&self, mut inner: impl BufRead + 'r) -> Result<Box<dyn Read + 'r>, WorldError> {
        let io = |e| WorldError::io("decode the snapshot", e);
        let encrypted = inner.fill_buf().map_err(io)?.starts_with(b"age-encryption.org/");
        if !encrypted {
            return Ok(Box::new(inner));
        }
        let Some(identity) = &self.identity else {
            return Err(WorldError::new(
                Code::SecretMissing,
                "decrypt the snapshot",
                "no identity is configured",
                "Name the secret with the identity in [snapshots] of deploy-ops.toml.",
            ));
        };
        let decryptor = Decryptor::new_buffered(inner).map_err(|error| io(io::Error::other(error)))?;
        let reader = decryptor
            .decrypt(std::iter::once(identity as &dyn Identity))
            .map_err(|error| unusable("the identity").because(error))?;
        Ok(Box::new(reader))
    }
}

impl<W: Write> Encrypting<W> {
    /// Writes what is left. Without it the file is cut, and cannot be decrypted to its end.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Age(writer) => writer.finish(),
            Self::Plain(inner) => Ok(inner),
        }
    }
}

impl<W: Write> Write for Encrypting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Age(writer) => writer.write(bytes),
            Self::Plain(inner) => inner.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Age(writer) => writer.flush(),
            Self::Plain(inner) => inner.flush(),
        }
    }
}

fn unusable(what: &str) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        "use the keys of the snapshots",
        format!("{what} cannot be used"),
        "Make a new pair with age-keygen and name it in [snapshots] of deploy-ops.toml.",
    )
}
