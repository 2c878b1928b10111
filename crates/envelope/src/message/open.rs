//! Reading a message, frame by frame.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA384};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, UnparsedPublicKey};
use secret::Plaintext;

use super::derived::{derive, frame_aad, nonce};
use super::header::MessageHeader;
use super::seal::{FINAL_FRAME_HEAD_BYTES, FRAME_HEAD_BYTES};
use super::suite::{FINAL_FRAME, MESSAGE_ID_BYTES, Suite};
use crate::error::EnvelopeError::{self, NotThisFormat, WouldNotOpen};
use crate::gcm::{Gcm, TAG_BYTES};

/// Opens one message, from its first byte behind the header to its last one.
///
/// The reader keeps a buffer of what was read and not opened yet, and calls [`MessageOpener::open_next`] with the buffer
/// until nothing more can be read; then [`MessageOpener::finish`]. Until then the end of the message may be missing, and
/// its signature too: put the plaintext where nobody takes it for whole.
pub struct MessageOpener {
    key: Gcm,
    message_id: [u8; MESSAGE_ID_BYTES],
    frame_bytes: usize,
    /// The number of the next frame.
    next: u32,
    ahead: Ahead,
    /// For the suite that signs.
    signature: Option<Signature>,
}

/// What the beginning of a buffer was.
pub enum Front<'a> {
    /// It is not whole. Read until the buffer has this many bytes, and call again; if nothing more can be read, finish.
    Needs(usize),
    /// So many bytes are done with. They sealed this plaintext, which may be empty.
    Opened {
        /// Bytes to remove from the beginning of the buffer.
        used: usize,
        /// The plaintext, in its place in the buffer.
        plaintext: &'a mut [u8],
    },
}

impl MessageOpener {
    /// Verifies the header: its commitment to the data key, before anything else, and its tag.
    ///
    /// # Errors
    /// [`EnvelopeError::WouldNotOpen`] if the data key is another one, or the header was altered.
    /// [`EnvelopeError::NotThisFormat`] if the data key does not have 32 bytes, and for a context that has a public key
    /// without a suite that signs, or the other way round.
    pub fn new(header: &MessageHeader, data_key: &Plaintext) -> Result<Self, EnvelopeError> {
        let (key, commitment) = derive(data_key, header.suite, &header.message_id)?;
        verify_slices_are_equal(&commitment, &header.commitment).map_err(|_| WouldNotOpen)?;
        key.open(nonce(0), &header.body, &mut header.tag.clone())?;
        Ok(Self {
            key,
            message_id: header.message_id,
            frame_bytes: header.frame_bytes(),
            next: 1,
            ahead: Ahead::Frame,
            signature: Signature::of(header)?,
        })
    }

    /// Opens what `buffer` begins with: a frame, or the footer. A frame is decrypted in place.
    ///
    /// # Errors
    /// [`EnvelopeError::WouldNotOpen`] if it is not the next frame of this message, the signature is wrong, or bytes were
    /// altered. [`EnvelopeError::NotThisFormat`] for a frame that is longer than the header says, and for bytes behind the
    /// message. Give the message up then; no plaintext is left of what did not open.
    pub fn open_next<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Front<'a>, EnvelopeError> {
        match self.ahead {
            Ahead::Frame => self.open_frame(buffer),
            Ahead::Footer => self.verify_footer(buffer),
            Ahead::Nothing if buffer.is_empty() => Ok(Front::Needs(1)),
            Ahead::Nothing => Err(NotThisFormat),
        }
    }

    /// Ends the message, when nothing more can be read. `rest` is what is left in the buffer.
    ///
    /// # Errors
    /// [`EnvelopeError::WouldNotOpen`] if the final frame or the signature is missing: the message was cut.
    /// [`EnvelopeError::NotThisFormat`] if something stands behind the message.
    pub fn finish(self, rest: &[u8]) -> Result<(), EnvelopeError> {
        match self.ahead {
            Ahead::Nothing if rest.is_empty() => Ok(()),
            Ahead::Nothing => Err(NotThisFormat),
            Ahead::Frame | Ahead::Footer => Err(WouldNotOpen),
        }
    }

    fn open_frame<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Front<'a>, EnvelopeError> {
        let Some(first) = buffer.first_chunk() else { return Ok(Front::Needs(4)) };
        let last = *first == FINAL_FRAME.to_be_bytes();
        let head_bytes = if last { FINAL_FRAME_HEAD_BYTES } else { FRAME_HEAD_BYTES };
        let Some((head, _)) = buffer.split_at_checked(head_bytes) else {
            return Ok(Front::Needs(head_bytes));
        };
        let bytes = self.ciphertext_bytes(last, head).ok_or(WouldNotOpen)?;
        if bytes > self.frame_bytes {
            return Err(NotThisFormat);
        }
        let used = head_bytes + bytes + TAG_BYTES;
        let Some(frame) = buffer.get_mut(..used) else { return Ok(Front::Needs(used)) };
        if let Some(signature) = &mut self.signature {
            signature.signed.update(frame);
        }
        let associated = frame_aad(&self.message_id, last, self.next, bytes);
        let sealed = frame.get_mut(head_bytes..).ok_or(NotThisFormat)?;
        let plaintext = self.key.open(nonce(self.next), &associated, sealed)?;
        if !last {
            self.next = self.next.checked_add(1).ok_or(NotThisFormat)?;
        } else if self.signature.is_some() {
            self.ahead = Ahead::Footer;
        } else {
            self.ahead = Ahead::Nothing;
        }
        Ok(Front::Opened { used, plaintext })
    }

    /// Reads what stands before the ciphertext of the next frame, and says how many bytes the ciphertext has. `None` for
    /// another frame. The IV is the number, as `client-apis/encrypt.md` has it.
    fn ciphertext_bytes(&self, last: bool, head: &[u8]) -> Option<usize> {
        let head = if last { head.strip_prefix(&FINAL_FRAME.to_be_bytes())? } else { head };
        let behind = head.strip_prefix(&self.next.to_be_bytes())?.strip_prefix(&nonce(self.next))?;
        if !last {
            return Some(self.frame_bytes);
        }
        let bytes = behind.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))?;
        usize::try_from(bytes).ok()
    }

    /// The footer: the signature behind its length (`data-format/message-footer.md`).
    fn verify_footer<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Front<'a>, EnvelopeError> {
        let Some(bytes) = buffer.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes))) else {
            return Ok(Front::Needs(2));
        };
        if bytes > SIGNATURE_BYTES_MAX {
            return Err(NotThisFormat);
        }
        let used = 2 + bytes;
        let Some(signature) = buffer.get(2..used) else { return Ok(Front::Needs(used)) };
        self.signature.take().ok_or(NotThisFormat)?.verify(signature)?;
        self.ahead = Ahead::Nothing;
        Ok(Front::Opened { used, plaintext: &mut [] })
    }
}

/// What comes next in a message.
#[derive(Clone, Copy)]
enum Ahead {
    Frame,
    Footer,
    Nothing,
}

/// A signature that is still to be verified.
struct Signature {
    public_key: Vec<u8>,
    /// Everything so far that is signed: header, tag, frames.
    signed: Context,
}

impl Signature {
    /// That of the suite that signs. The context has the public key, as a compressed point in base64
    /// (`framework/default-cmm.md`).
    fn of(header: &MessageHeader) -> Result<Option<Self>, EnvelopeError> {
        match (header.suite, header.context().get(PUBLIC_KEY)) {
            (Suite::Commits, None) => Ok(None),
            (Suite::CommitsAndSigns, Some(public_key)) => {
                let public_key =
                    base64_simd::STANDARD.decode_to_vec(public_key).map_err(|_| NotThisFormat)?;
                let mut signed = Context::new(&SHA384);
                signed.update(&header.body);
                signed.update(&header.tag);
                Ok(Some(Self { public_key, signed }))
            }
            _ => Err(NotThisFormat),
        }
    }

    fn verify(self, signature: &[u8]) -> Result<(), EnvelopeError> {
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, self.public_key)
            .verify_digest(&self.signed.finish(), signature)
            .map_err(|_| WouldNotOpen)
    }
}

const PUBLIC_KEY: &str = "aws-crypto-public-key";
/// Of two numbers of 48 bytes in DER: at most 104.
const SIGNATURE_BYTES_MAX: usize = 128;
