//! JSON that means the same to every reader: no object names a key twice, and nothing nests without bound.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Whether the document is JSON, nests at most `depth` deep, and has no key twice in an object.
pub(crate) fn is_strict(document: &[u8], depth: usize) -> bool {
    let mut reader = serde_json::Deserializer::from_slice(document);
    Strict { depth }.deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        self.depth.checked_sub(1).map(|depth| Self { depth }).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut keys = Keys::default();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.is_new(key) {
                return Err(A::Error::custom("a key stands twice"));
            }
            entries.next_value_seed(inner)?;
        }
        Ok(())
    }
}

/// The keys of one object: few as a rule, so a list; a set for those who send many.
#[derive(Default)]
struct Keys {
    few: Vec<String>,
    many: HashSet<String>,
}

impl Keys {
    fn is_new(&mut self, key: String) -> bool {
        const FEW: usize = 16;
        if self.few.contains(&key) || self.many.contains(&key) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_messages_pass() {
        assert!(is_strict(br#"{"jsonrpc":"2.0","id":1,"params":{"a":[1,-2,2.5e3,"x\n",true,null,{}]}}"#, 8));
    }

    #[test]
    fn a_key_twice_does_not() {
        assert!(!is_strict(br#"{"a":{"mode":"dry_run","mode":"execute"}}"#, 8));
        assert!(!is_strict(br#"{"a":1,"\u0061":2}"#, 8), "the same key in another spelling");
        let many: String = (0..40).map(|n| format!("\"k{n}\":1,")).collect();
        assert!(is_strict(format!("{{{many}\"last\":1}}").as_bytes(), 8));
        assert!(!is_strict(format!("{{{many}\"k39\":1}}").as_bytes(), 8));
    }

    #[test]
    fn neither_does_depth_without_bound() {
        assert!(is_strict(b"[[[1]]]", 3));
        assert!(!is_strict(b"[[[1]]]", 2));
        assert!(!is_strict("[".repeat(100_000).as_bytes(), 32));
    }

    #[test]
    fn nor_what_is_not_json() {
        for bad in [&b"{"[..], b"{} {}", b"\xff", b""] {
            assert!(!is_strict(bad, 8));
        }
    }
}
