//! Frames and the hash that chains them.
//!
//! A frame is `word (u32 LE) | payload | chain value (32 bytes)`. The chain value is SHA-256 (FIPS 180-4) over the
//! chain value before it, the word and the payload. A frame ends in its chain value, and the next frame follows
//! directly. The 32 bytes before any frame are therefore the value on which it builds: sealing and checking hash
//! one contiguous slice.
//!
//! The word is the payload's length; its top bit, [`AFTER_SYNC`], says that everything before this frame was on
//! disk when the frame was written. Recovery needs this bit to tell a torn group from damage.

use aws_lc_rs::digest;

/// Longest payload the journal takes, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a chain value.
pub(crate) const CHAIN_LEN: usize = 32;

/// Bytes a frame adds to its payload.
pub(crate) const FRAME_OVERHEAD: usize = WORD_LEN + CHAIN_LEN;

/// Set in a frame's word when all bytes before the frame had been synced before it was written.
const AFTER_SYNC: u32 = 1 << 31;
const WORD_LEN: usize = 4;

/// A link of the chain.
pub(crate) type Chain = [u8; CHAIN_LEN];

/// A frame that verified.
pub(crate) struct Frame<'a> {
    pub(crate) payload: &'a [u8],
    /// Everything before this frame had been synced when it was written.
    pub(crate) after_sync: bool,
    pub(crate) chain: Chain,
    /// Offset of the first byte behind the frame.
    pub(crate) end: usize,
}

/// SHA-256.
pub(crate) fn hash(bytes: &[u8]) -> Chain {
    let mut chain = [0; CHAIN_LEN];
    for (to, from) in chain.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    chain
}

/// Adds an unsealed frame. Check the payload's length first; see [`is_payload_len`].
pub(crate) fn push_frame(buffer: &mut Vec<u8>, payload: &[u8]) {
    let word = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    buffer.reserve(payload.len() + FRAME_OVERHEAD);
    buffer.extend_from_slice(&word.to_le_bytes());
    buffer.extend_from_slice(payload);
    buffer.extend_from_slice(&[0; CHAIN_LEN]);
}

/// Whether a payload of `len` bytes can be framed. An empty payload cannot, so that zeroed disk space is no frame.
pub(crate) fn is_payload_len(len: usize) -> bool {
    (1..=PAYLOAD_BYTES_MAX).contains(&len)
}

/// Seals the frames in `buffer`, which begins with room for one chain value. It writes `before` there, marks the
/// first frame if `after_sync`, fills in each frame's chain value and returns the last. `None` means that the
/// buffer does not consist of frames.
pub(crate) fn seal(buffer: &mut [u8], before: &Chain, after_sync: bool) -> Option<Chain> {
    *buffer.first_chunk_mut::<CHAIN_LEN>()? = *before;
    let mut last = *before;
    let mut at = CHAIN_LEN;
    while at < buffer.len() {
        let word = buffer.get_mut(at..)?.first_chunk_mut::<WORD_LEN>()?;
        let len = payload_len(u32::from_le_bytes(*word))?;
        let mark = if after_sync && at == CHAIN_LEN { AFTER_SYNC } else { 0 };
        *word = (u32::try_from(len).ok()? | mark).to_le_bytes();
        let payload_end = at + WORD_LEN + len;
        last = hash(buffer.get(at - CHAIN_LEN..payload_end)?);
        *buffer.get_mut(payload_end..)?.first_chunk_mut::<CHAIN_LEN>()? = last;
        at = payload_end + CHAIN_LEN;
    }
    Some(last)
}

/// The frame at `at`, if it is whole and its chain value builds on the 32 bytes before it.
pub(crate) fn frame_at(bytes: &[u8], at: usize) -> Option<Frame<'_>> {
    let before = bytes.get(at.checked_sub(CHAIN_LEN)?..)?.first_chunk()?;
    let frame = unchecked(bytes, at, before)?;
    let stored = bytes.get(frame.end - CHAIN_LEN..frame.end)?;
    (stored == frame.chain).then_some(frame)
}

/// Whether, somewhere behind the bad frame at `at`, a frame verifies and claims that everything before it was
/// synced. The bad bytes had then been on disk, and something changed them.
///
/// There are two such cases. The later frame builds on intact bytes; trying every offset finds it. Or only the bad
/// frame's own chain value was changed; its successor builds on the value that it should have been.
pub(crate) fn synced_frame_behind(bytes: &[u8], at: usize) -> bool {
    let is_marked = |offset: usize| {
        bytes
            .get(offset..)
            .and_then(|rest| rest.first_chunk::<WORD_LEN>())
            .is_some_and(|word| u32::from_le_bytes(*word) & AFTER_SYNC != 0)
    };
    let successor = at
        .checked_sub(CHAIN_LEN)
        .and_then(|start| bytes.get(start..)?.first_chunk())
        .and_then(|before| unchecked(bytes, at, before))
        .and_then(|bad| {
            let next = unchecked(bytes, bad.end, &bad.chain)?;
            Some(next.after_sync && bytes.get(next.end - CHAIN_LEN..next.end)? == next.chain)
        });
    successor == Some(true)
        || (at + 1..bytes.len()).any(|offset| is_marked(offset) && frame_at(bytes, offset).is_some())
}

/// The frame at `at` with the chain value it ought to have after `before`, whatever is stored there.
fn unchecked<'a>(bytes: &'a [u8], at: usize, before: &Chain) -> Option<Frame<'a>> {
    let word = u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<WORD_LEN>()?);
    let payload_start = at.checked_add(WORD_LEN)?;
    let payload_end = payload_start.checked_add(payload_len(word)?)?;
    let end = payload_end.checked_add(CHAIN_LEN).filter(|end| *end <= bytes.len())?;
    let payload = bytes.get(payload_start..payload_end)?;
    let chain = if bytes.get(at.checked_sub(CHAIN_LEN)?..at)? == before {
        hash(bytes.get(at - CHAIN_LEN..payload_end)?)
    } else {
        hash(&[before, bytes.get(at..payload_end)?].concat())
    };
    Some(Frame { payload, after_sync: word & AFTER_SYNC != 0, chain, end })
}

/// The payload length that a word states; `None` for a length that no writer would have written.
fn payload_len(word: u32) -> Option<usize> {
    usize::try_from(word & !AFTER_SYNC).ok().filter(|len| is_payload_len(*len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(payloads: &[&[u8]], after_sync: bool) -> Vec<u8> {
        let mut buffer = vec![0; CHAIN_LEN];
        for payload in payloads {
            push_frame(&mut buffer, payload);
        }
        seal(&mut buffer, &[7; CHAIN_LEN], after_sync).unwrap();
        buffer
    }

    #[test]
    fn sealed_frames_are_read_back_in_order() {
        let buffer = sealed(&[b"one", b"two two", &[3; PAYLOAD_BYTES_MAX]], true);
        let one = frame_at(&buffer, CHAIN_LEN).unwrap();
        let two = frame_at(&buffer, one.end).unwrap();
        let three = frame_at(&buffer, two.end).unwrap();
        assert_eq!((one.payload, two.payload, three.payload.len()), (&b"one"[..], &b"two two"[..], 65536));
        assert_eq!((one.after_sync, two.after_sync), (true, false));
        assert_eq!(three.end, buffer.len());
        assert!(frame_at(&buffer, three.end).is_none());
    }

    #[test]
    fn the_chain_value_is_sha_256_of_previous_word_and_payload() {
        let buffer = sealed(&[b"abc"], false);
        let expected = hash(&[&[7; 32][..], &[3, 0, 0, 0], b"abc"].concat());
        assert_eq!(buffer[39..], expected);
    }

    #[test]
    fn any_changed_byte_breaks_its_frame() {
        let good = sealed(&[b"payload"], false);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(frame_at(&bad, CHAIN_LEN).is_none(), "offset {at}");
        }
    }

    #[test]
    fn resealing_moves_the_mark_and_the_chain() {
        let mut buffer = sealed(&[b"a", b"b"], true);
        let first = buffer.clone();
        seal(&mut buffer, &[8; CHAIN_LEN], false).unwrap();
        assert_ne!(buffer, first);
        seal(&mut buffer, &[7; CHAIN_LEN], true).unwrap();
        assert_eq!(buffer, first);
    }

    #[test]
    fn zeroes_and_impossible_lengths_are_no_frames() {
        assert!(frame_at(&[0; 100], CHAIN_LEN).is_none());
        assert!(frame_at(&[0xff; 100], CHAIN_LEN).is_none());
        assert!(frame_at(&[1; 10], CHAIN_LEN).is_none());
    }
}
