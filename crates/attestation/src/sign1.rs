//! The frame: `COSE_Sign1` (RFC 9052, section 4.2) with ES384 (RFC 9053, section 2.1), tagged or not.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use minicbor::{
    Decoder, Encoder,
    data::{Tag, Type},
    decode,
};

use crate::{Rejected, signer::Signer};

/// A signed payload, in its parts.
pub(crate) struct Sign1<'d> {
    protected: &'d [u8],
    pub(crate) payload: &'d [u8],
    signature: &'d [u8],
}

/// The tag of a `COSE_Sign1`.
const SIGN1: Tag = Tag::new(18);
/// The header parameter that names the algorithm (RFC 9052, section 3.1).
const ALGORITHM: i64 = 1;
/// ECDSA on P-384 with SHA-384, the only algorithm of the specification.
const ES384: i64 = -35;
const SIGNATURE_BYTES: usize = 96;
/// The specification's limit.
const PAYLOAD_BYTES_MAX: usize = 16_384;

impl<'d> Sign1<'d> {
    /// Takes the frame apart. It does not look at the payload.
    pub(crate) fn parse(document: &'d [u8]) -> Result<Self, Rejected> {
        let wrong = Rejected::NotSigned;
        let frame = Self::frame(document).map_err(|_| wrong("it is not the required array"))?;
        let (sign1, rest) =
            frame.ok_or(wrong("it lacks its four elements or an empty unprotected header"))?;
        if rest != 0 {
            return Err(wrong("bytes follow it"));
        }
        if !names_es384(sign1.protected) {
            return Err(wrong("its protected header does not say ES384 and nothing else"));
        }
        if sign1.payload.is_empty() || sign1.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(wrong("its payload is not 1 to 16384 bytes long"));
        }
        if sign1.signature.len() != SIGNATURE_BYTES {
            return Err(wrong("its signature is not 96 bytes"));
        }
        Ok(sign1)
    }

    /// Verifies that `signer` signed the payload.
    pub(crate) fn verify(&self, signer: &Signer) -> Result<(), Rejected> {
        let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, signer.public_key());
        key.verify(&self.to_be_signed(), self.signature).map_err(|_| Rejected::WrongSignature)
    }

    /// The parts, and how many bytes follow; `None` for a frame of another shape. The decoder refuses strings of
    /// indefinite length: a signed byte string has one form.
    fn frame(document: &'d [u8]) -> Result<Option<(Self, usize)>, decode::Error> {
        let mut d = Decoder::new(document);
        if d.datatype()? == Type::Tag && d.tag()? != SIGN1 {
            return Ok(None);
        }
        if d.array()? != Some(4) {
            return Ok(None);
        }
        let protected = d.bytes()?;
        if d.map()? != Some(0) {
            return Ok(None);
        }
        let (payload, signature) = (d.bytes()?, d.bytes()?);
        let rest = document.len().saturating_sub(d.position());
        Ok(Some((Self { protected, payload, signature }, rest)))
    }

    /// The `Sig_structure` (RFC 9052, section 4.4), with no external data.
    fn to_be_signed(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::with_capacity(self.payload.len() + 64));
        let written = e
            .array(4)
            .and_then(|e| e.str("Signature1")?.bytes(self.protected)?.bytes(&[])?.bytes(self.payload)?.ok());
        debug_assert!(written.is_ok(), "a Vec takes everything");
        e.into_writer()
    }
}

/// Whether a protected header is `{1: -35}`. A further parameter, such as a critical one, would have to be
/// understood.
fn names_es384(protected: &[u8]) -> bool {
    let mut d = Decoder::new(protected);
    let mut read = || Ok::<_, decode::Error>((d.map()?, d.i64()?, d.i64()?, d.position()));
    read().is_ok_and(|read| read == (Some(1), ALGORITHM, ES384, protected.len()))
}
