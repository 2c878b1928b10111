//! The header of a message (`data-format/message-header.md`), written and read.

use std::collections::BTreeMap;

use super::suite::{COMMITMENT_BYTES, FRAME_BYTES_MAX, MESSAGE_ID_BYTES, Suite};
use crate::error::EnvelopeError::{self, NotThisFormat};
use crate::gcm::TAG_BYTES;

/// Bytes of the longest header that is read or written.
pub const HEADER_BYTES_MAX: usize = 256 * 1024;
/// How many encrypted data keys a message may have.
pub const DATA_KEYS_MAX: usize = 100;

/// The data key of a message as one key has encrypted it. A message may have several, for several keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedDataKey {
    /// Who encrypted it: `aws-kms` for KMS.
    pub provider: String,
    /// Under which key: for KMS the key's ARN.
    pub key: Vec<u8>,
    /// The data key, encrypted: for KMS the `CiphertextBlob`.
    pub ciphertext: Vec<u8>,
}

/// The header of a message, as it was read. Nothing in it is secret, and nothing is to be trusted before the data key
/// has verified it: [`MessageOpener::new`](super::MessageOpener::new).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHeader {
    pub(super) suite: Suite,
    pub(super) message_id: [u8; MESSAGE_ID_BYTES],
    context: BTreeMap<String, String>,
    data_keys: Vec<EncryptedDataKey>,
    frame_bytes: usize,
    pub(super) commitment: [u8; COMMITMENT_BYTES],
    /// Everything before the tag.
    pub(super) body: Vec<u8>,
    pub(super) tag: [u8; TAG_BYTES],
}

impl MessageHeader {
    /// Reads the header at the beginning of `bytes`, and says how many bytes it has. `None` if it goes on behind `bytes`:
    /// read more and call again.
    ///
    /// # Errors
    /// [`EnvelopeError::NotThisFormat`] for another version or suite, a body without frames, frames of no bytes or of more
    /// than [`FRAME_BYTES_MAX`], no data key or more than [`DATA_KEYS_MAX`], a context that is not well-formed, or more than
    /// [`HEADER_BYTES_MAX`] altogether.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, EnvelopeError> {
        match Self::read(bytes.get(..HEADER_BYTES_MAX).unwrap_or(bytes)) {
            Ok(read) => Ok(Some(read)),
            Err(Unread::Short) if bytes.len() < HEADER_BYTES_MAX => Ok(None),
            Err(_) => Err(NotThisFormat),
        }
    }

    /// The algorithm suite.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The encryption context, with which KMS decrypts the data key. The suite that signs keeps its public key there, as
    /// `aws-crypto-public-key`.
    #[must_use]
    pub fn context(&self) -> &BTreeMap<String, String> {
        &self.context
    }

    /// The data key, encrypted under one key or several. At least one.
    #[must_use]
    pub fn encrypted_data_keys(&self) -> &[EncryptedDataKey] {
        &self.data_keys
    }

    /// Plaintext bytes of every frame but the last one, which may have fewer: 1 to [`FRAME_BYTES_MAX`].
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        self.frame_bytes
    }

    fn read(bytes: &[u8]) -> Result<(Self, usize), Unread> {
        let mut fields = HeaderFields(bytes);
        // The first byte alone tells a file that is something else.
        require(fields.array::<1>()? == [VERSION])?;
        let suite = Suite::of_id(fields.number()?).ok_or(Unread::Wrong)?;
        let message_id = fields.array()?;
        let context = context(fields.counted()?)?;
        let data_keys = fields.data_keys()?;
        require(fields.array::<1>()? == [FRAMED])?;
        let frame_bytes = usize::try_from(u32::from_be_bytes(fields.array()?)).map_err(|_| Unread::Wrong)?;
        require((1..=FRAME_BYTES_MAX).contains(&frame_bytes))?;
        let commitment = fields.array()?;
        let before = bytes.len() - fields.0.len();
        let tag = fields.array()?;
        let body = bytes.get(..before).ok_or(Unread::Short)?.to_vec();
        let header = Self { suite, message_id, context, data_keys, frame_bytes, commitment, body, tag };
        Ok((header, before + TAG_BYTES))
    }
}

/// Everything of a header that comes before its tag.
///
/// # Errors
/// [`EnvelopeError::NotThisFormat`] for what a reader would refuse, and for names that the format reserves.
pub(super) fn body(
    message_id: &[u8; MESSAGE_ID_BYTES],
    context: &BTreeMap<String, String>,
    data_keys: &[EncryptedDataKey],
    frame_bytes: u32,
    commitment: &[u8; COMMITMENT_BYTES],
) -> Result<Vec<u8>, EnvelopeError> {
    let reserved = context.keys().any(|name| name.starts_with(RESERVED));
    if reserved || !(1..=DATA_KEYS_MAX).contains(&data_keys.len()) {
        return Err(NotThisFormat);
    }
    let mut body = [&[VERSION], Suite::Commits.id().to_be_bytes().as_slice(), message_id].concat();
    counted(&mut body, &pairs(context)?)?;
    body.extend(length(data_keys.len())?);
    for data_key in data_keys {
        counted(&mut body, data_key.provider.as_bytes())?;
        counted(&mut body, &data_key.key)?;
        counted(&mut body, &data_key.ciphertext)?;
    }
    body.push(FRAMED);
    body.extend(frame_bytes.to_be_bytes());
    body.extend(commitment);
    if body.len() + TAG_BYTES > HEADER_BYTES_MAX { Err(NotThisFormat) } else { Ok(body) }
}

const VERSION: u8 = 2;
const FRAMED: u8 = 2;
/// How names begin that the SDK keeps to itself (`framework/structures.md`, *encryption context*).
const RESERVED: &str = "aws-crypto-";

/// Why a header was not read.
enum Unread {
    /// It goes on behind the bytes.
    Short,
    /// It is of no form that is read here.
    Wrong,
}

fn require(holds: bool) -> Result<(), Unread> {
    if holds { Ok(()) } else { Err(Unread::Wrong) }
}

/// Bytes not yet read.
struct HeaderFields<'a>(&'a [u8]);

impl<'a> HeaderFields<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unread> {
        let (field, rest) = self.0.split_first_chunk().ok_or(Unread::Short)?;
        self.0 = rest;
        Ok(*field)
    }

    fn number(&mut self) -> Result<u16, Unread> {
        self.array().map(u16::from_be_bytes)
    }

    /// A field behind its length.
    fn counted(&mut self) -> Result<&'a [u8], Unread> {
        let bytes = self.number()?;
        let (field, rest) = self.0.split_at_checked(usize::from(bytes)).ok_or(Unread::Short)?;
        self.0 = rest;
        Ok(field)
    }

    fn text(&mut self) -> Result<String, Unread> {
        String::from_utf8(self.counted()?.to_vec()).map_err(|_| Unread::Wrong)
    }

    fn data_keys(&mut self) -> Result<Vec<EncryptedDataKey>, Unread> {
        let count = usize::from(self.number()?);
        require((1..=DATA_KEYS_MAX).contains(&count))?;
        let mut data_key = || {
            let (provider, key) = (self.text()?, self.counted()?.to_vec());
            Ok(EncryptedDataKey { provider, key, ciphertext: self.counted()?.to_vec() })
        };
        (0..count).map(|_| data_key()).collect()
    }
}

/// The pairs of a context. An empty one has no bytes, not a count of 0; no name comes twice.
fn context(bytes: &[u8]) -> Result<BTreeMap<String, String>, Unread> {
    let mut pairs = BTreeMap::new();
    if bytes.is_empty() {
        return Ok(pairs);
    }
    // The context is there as a whole: what is short of it is wrong.
    let mut fields = HeaderFields(bytes);
    let whole = |_| Unread::Wrong;
    let count = fields.number().map_err(whole)?;
    for _ in 0..count {
        let (name, value) = (fields.text().map_err(whole)?, fields.text().map_err(whole)?);
        require(pairs.insert(name, value).is_none())?;
    }
    require(count > 0 && fields.0.is_empty())?;
    Ok(pairs)
}

/// A context as `context` reads it, in the order of the names' bytes.
fn pairs(context: &BTreeMap<String, String>) -> Result<Vec<u8>, EnvelopeError> {
    if context.is_empty() {
        return Ok(Vec::new());
    }
    let mut bytes = length(context.len())?.to_vec();
    for text in context.iter().flat_map(|(name, value)| [name, value]) {
        counted(&mut bytes, text.as_bytes())?;
    }
    Ok(bytes)
}

fn counted(to: &mut Vec<u8>, field: &[u8]) -> Result<(), EnvelopeError> {
    to.extend(length(field.len())?);
    to.extend_from_slice(field);
    Ok(())
}

fn length(of: usize) -> Result<[u8; 2], EnvelopeError> {
    u16::try_from(of).map(u16::to_be_bytes).map_err(|_| NotThisFormat)
}
