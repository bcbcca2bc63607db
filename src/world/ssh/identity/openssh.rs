//! OpenSSH's own format, as far as the library does not read it. OpenSSH writes the scalar of an ECDSA key as a number, without the
//! zeros that it begins with, and the library takes a number of less than 32 bytes for a damaged one: one key of P-256 in 512. On the
//! larger curves a scalar that short does not occur.

use russh::keys::{
    Algorithm, EcdsaCurve, PrivateKey,
    ssh_key::{
        Cipher, Error, Kdf, Mpint,
        cipher::Tag,
        encoding::{Decode, DecodePem, Reader, pem::PemLabel},
        private::{EcdsaKeypair, KeypairData},
        public::{EcdsaPublicKey, KeyData},
    },
};

/// What the format begins with.
const MAGIC: &[u8] = b"openssh-key-v1\0";
const P256: Algorithm = Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 };
/// The length of a scalar of P-256, bytes.
const SCALAR: usize = 32;

/// A key whose private half is not read yet.
pub(super) struct Envelope {
    cipher: Cipher,
    kdf: Kdf,
    public: KeyData,
    private: Vec<u8>,
    tag: Option<Tag>,
}

impl PemLabel for Envelope {
    const PEM_LABEL: &'static str = "OPENSSH PRIVATE KEY";
}

impl Decode for Envelope {
    type Error = Error;

    fn decode(reader: &mut impl Reader) -> Result<Self, Error> {
        let mut magic = [0; MAGIC.len()];
        if reader.read(&mut magic)? != MAGIC {
            return Err(Error::FormatEncoding);
        }
        let (cipher, kdf) = (Cipher::decode(reader)?, Kdf::decode(reader)?);
        if u32::decode(reader)? != 1 {
            return Err(Error::FormatEncoding);
        }
        let public = reader.read_prefixed(KeyData::decode)?;
        let private = Vec::decode(reader)?;
        let mut tag = cipher.has_tag().then(Tag::default);
        if let Some(tag) = &mut tag {
            reader.read(tag)?;
        }
        Ok(Self { cipher, kdf, public, private, tag })
    }
}

impl Envelope {
    /// The envelope of a text; whatever follows in the text is an error.
    pub(super) fn of(text: &str) -> Result<Self, Error> {
        Self::decode_pem(text.trim())
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.cipher.is_some()
    }

    /// The key of P-256 in it, however short its scalar is. Of other keys this is an error.
    pub(super) fn p256(self, passphrase: Option<&str>) -> Result<PrivateKey, Error> {
        let Self { cipher, kdf, public, mut private, tag } = self;
        if public.algorithm() != P256 {
            return Err(Error::AlgorithmUnknown);
        }
        if cipher.is_some() {
            let (key, iv) = kdf.derive_key_and_iv(cipher, passphrase.ok_or(Error::Encrypted)?)?;
            cipher.decrypt(&key, &iv, &mut private, tag)?;
        }
        let pair = pair(&private)?;
        if KeyData::from(EcdsaPublicKey::from(&pair)) != public {
            return Err(Error::PublicKey);
        }
        KeypairData::from(pair).try_into()
    }
}

/// Both halves of the key in the clear text. Behind it stand a comment and padding that counts from one.
fn pair(mut private: &[u8]) -> Result<EcdsaKeypair, Error> {
    let reader = &mut private;
    // The same number twice, or it was decrypted with another key.
    if u32::decode(reader)? != u32::decode(reader)? {
        return Err(Error::Crypto);
    }
    if Algorithm::decode(reader)? != P256 {
        return Err(Error::AlgorithmUnknown);
    }
    let EcdsaPublicKey::NistP256(public) = EcdsaPublicKey::decode(reader)? else { return Err(Error::AlgorithmUnknown) };
    let number = Mpint::decode(reader)?;
    let number = number.as_positive_bytes().ok_or(Error::FormatEncoding)?;
    let mut scalar = [0; SCALAR];
    let zeros = SCALAR.checked_sub(number.len()).ok_or(Error::FormatEncoding)?;
    scalar.iter_mut().skip(zeros).zip(number).for_each(|(to, from)| *to = *from);
    String::decode(reader)?;
    if reader.iter().zip(1..).any(|(byte, wanted)| *byte != wanted) {
        return Err(Error::FormatEncoding);
    }
    Ok(EcdsaKeypair::NistP256 { public, private: scalar.into() })
}
