//! The tests' own hypervisor: authorities, a signer, and documents of any form.
//!
//! The tests of the whole server use this file as well.

use std::time::Duration;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair},
};
use minicbor::{Encoder, data::Tag};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use time::OffsetDateTime;

/// Authorities from a root to a signer, and the signer's key.
pub(crate) struct Hypervisor {
    /// The certificates in DER, the root first, the signer last.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// The root in PEM.
    pub(crate) root_pem: String,
    signer: EcdsaKeyPair,
}

/// A CBOR value, as it will be written.
#[derive(Clone)]
pub(crate) enum Cbor {
    Unsigned(u64),
    Negative(i64),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Cbor>),
    Map(Vec<(Cbor, Cbor)>),
    /// A map of indefinite length.
    OpenMap(Vec<(Cbor, Cbor)>),
    /// An array of indefinite length.
    OpenArray(Vec<Cbor>),
    /// A byte string of indefinite length, in these pieces.
    OpenBytes(Vec<Vec<u8>>),
    Tagged(u64, Box<Cbor>),
    Null,
}

/// The members of a document, in order.
#[derive(Clone)]
pub(crate) struct Members(pub(crate) Vec<(Cbor, Cbor)>);

/// A register of one byte, repeated.
pub(crate) fn register(byte: u8) -> Cbor {
    Cbor::Bytes(vec![byte; 48])
}

pub(crate) fn text(text: &str) -> Cbor {
    Cbor::Text(text.to_owned())
}

/// The module id of documents.
pub(crate) const MODULE: &str = "i-0123456789abcdef0-enc0123456789abcdef";

impl Hypervisor {
    /// A root, two authorities and a signer, as AWS has them. Their certificates are valid around a time.
    pub(crate) fn at(now_ms: u64) -> Self {
        Self::with(now_ms, 4, |_, _| ())
    }

    /// `levels` certificates, each changed by `change`. Number 0 is the root, the last number the signer.
    pub(crate) fn with(now_ms: u64, levels: usize, change: impl Fn(usize, &mut CertificateParams)) -> Self {
        let keys: Vec<KeyPair> =
            (0..levels).map(|_| KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap()).collect();
        let mut params: Vec<CertificateParams> =
            (0..levels).map(|level| certificate(now_ms, level, levels)).collect();
        params.iter_mut().enumerate().for_each(|(level, params)| change(level, params));
        let issued = |level: usize| match level.checked_sub(1) {
            None => params[level].self_signed(&keys[level]).unwrap(),
            Some(above) => {
                let issuer = Issuer::from_params(&params[above], &keys[above]);
                params[level].signed_by(&keys[level], &issuer).unwrap()
            }
        };
        let certificates: Vec<_> = (0..levels).map(issued).collect();
        let root_pem = certificates[0].pem();
        let certificates = certificates.iter().map(|certificate| certificate.der().to_vec()).collect();
        let signer = keys.last().unwrap().serialize_der();
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &signer).unwrap();
        Self { certificates, root_pem, signer }
    }

    /// The members of an enclave's document: registers 0 to 15, each filled with its number.
    pub(crate) fn members(&self, timestamp_ms: u64, public_key: Option<&[u8]>) -> Members {
        let registers = (0..16).map(|number| (Cbor::Unsigned(number), register(number as u8))).collect();
        let (signer, bundle) = self.certificates.split_last().unwrap();
        Members(vec![
            (text("module_id"), text(MODULE)),
            (text("digest"), text("SHA384")),
            (text("timestamp"), Cbor::Unsigned(timestamp_ms)),
            (text("pcrs"), Cbor::Map(registers)),
            (text("certificate"), Cbor::Bytes(signer.clone())),
            (text("cabundle"), Cbor::Array(bundle.iter().cloned().map(Cbor::Bytes).collect())),
            (text("public_key"), public_key.map_or(Cbor::Null, |key| Cbor::Bytes(key.to_vec()))),
            (text("user_data"), Cbor::Null),
            (text("nonce"), Cbor::Null),
        ])
    }

    /// A document for a public key.
    pub(crate) fn document(&self, timestamp_ms: u64, public_key: &[u8]) -> Vec<u8> {
        self.sign(&self.members(timestamp_ms, Some(public_key)).payload())
    }

    /// A payload signed.
    pub(crate) fn sign(&self, payload: &[u8]) -> Vec<u8> {
        let protected = Cbor::Map(vec![(Cbor::Unsigned(1), Cbor::Negative(-35))]).encode();
        self.frame(&protected, payload).encode()
    }

    /// The four elements of a signed payload.
    pub(crate) fn frame(&self, protected: &[u8], payload: &[u8]) -> Cbor {
        let signed = Cbor::Array(vec![
            text("Signature1"),
            Cbor::Bytes(protected.to_vec()),
            Cbor::Bytes(Vec::new()),
            Cbor::Bytes(payload.to_vec()),
        ]);
        let signature = self.signer.sign(&SystemRandom::new(), &signed.encode()).unwrap();
        Cbor::Array(vec![
            Cbor::Bytes(protected.to_vec()),
            Cbor::Map(Vec::new()),
            Cbor::Bytes(payload.to_vec()),
            Cbor::Bytes(signature.as_ref().to_vec()),
        ])
    }
}

impl Members {
    /// With another value for a member, or with none.
    pub(crate) fn with(mut self, name: &str, value: Option<Cbor>) -> Self {
        let place = self.0.iter().position(|(known, _)| matches!(known, Cbor::Text(known) if known == name));
        match (place, value) {
            (Some(place), Some(value)) => self.0[place].1 = value,
            (Some(place), None) => drop(self.0.remove(place)),
            (None, Some(value)) => self.0.push((text(name), value)),
            (None, None) => {}
        }
        self
    }

    pub(crate) fn payload(&self) -> Vec<u8> {
        Cbor::Map(self.0.clone()).encode()
    }
}

impl Cbor {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        self.write(&mut e);
        e.into_writer()
    }

    fn write(&self, e: &mut Encoder<Vec<u8>>) {
        match self {
            Self::Unsigned(number) => {
                e.u64(*number).unwrap();
            }
            Self::Negative(number) => {
                e.i64(*number).unwrap();
            }
            Self::Text(text) => {
                e.str(text).unwrap();
            }
            Self::Bytes(bytes) => {
                e.bytes(bytes).unwrap();
            }
            Self::Null => {
                e.null().unwrap();
            }
            Self::Array(items) => {
                e.array(items.len() as u64).unwrap();
                items.iter().for_each(|item| item.write(e));
            }
            Self::OpenArray(items) => {
                e.begin_array().unwrap();
                items.iter().for_each(|item| item.write(e));
                e.end().unwrap();
            }
            Self::Map(pairs) => {
                e.map(pairs.len() as u64).unwrap();
                write_pairs(pairs, e);
            }
            Self::OpenMap(pairs) => {
                e.begin_map().unwrap();
                write_pairs(pairs, e);
                e.end().unwrap();
            }
            Self::OpenBytes(pieces) => {
                e.begin_bytes().unwrap();
                for piece in pieces {
                    e.bytes(piece).unwrap();
                }
                e.end().unwrap();
            }
            Self::Tagged(tag, value) => {
                e.tag(Tag::new(*tag)).unwrap();
                value.write(e);
            }
        }
    }
}

fn write_pairs(pairs: &[(Cbor, Cbor)], e: &mut Encoder<Vec<u8>>) {
    for (key, value) in pairs {
        key.write(e);
        value.write(e);
    }
}

fn certificate(now_ms: u64, level: usize, levels: usize) -> CertificateParams {
    let now = OffsetDateTime::UNIX_EPOCH + Duration::from_millis(now_ms);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, format!("level {level}"));
    params.not_before = now - Duration::from_secs(3600);
    params.not_after = now + Duration::from_secs(3 * 3600);
    if level + 1 == levels {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    } else {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    }
    params
}
