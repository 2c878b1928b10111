//! What is sent over an HTTP/2 connection, frame by frame (RFC 9113 section 4.1).
//!
//! Heads that are too large are answered with 431 by the library, which tells nobody. Its answer is known by its form: no
//! body, and no field but the status. Every other answer has more fields.

/// Bytes of a frame's head.
const HEAD_BYTES: usize = 9;
/// The type of frames that begin an answer (RFC 9113 section 6.2).
const HEADERS: u8 = 1;
/// Flags of such a frame: the answer has no body (`END_STREAM`), and no further fields (`END_HEADERS`).
const WHOLE: u8 = 0x1 | 0x4;
/// A status alone takes at most this many bytes (RFC 7541 section 6.2): a name's index, a length, three digits.
const STATUS_BYTES_MAX: usize = 5;

/// Follows the frames of one connection.
#[derive(Debug, Default)]
pub(super) struct SentFrames {
    head: [u8; HEAD_BYTES],
    /// Bytes of the next frame's head that have been sent.
    sent: usize,
    /// Bytes of the frame that are still to come.
    rest: usize,
    /// The connection is one of HTTP/1.1.
    is_none: bool,
}

impl SentFrames {
    /// Takes note of bytes that are sent. How many answers that are a status alone begin with them.
    pub(super) fn bare_answers(&mut self, mut bytes: &[u8]) -> u32 {
        let mut answers = 0;
        while !(bytes.is_empty() || self.is_none) {
            let payload = self.rest.min(bytes.len());
            self.rest -= payload;
            bytes = bytes.get(payload..).unwrap_or_default();
            let head = bytes.len().min(HEAD_BYTES - self.sent);
            let (now, later) = bytes.split_at(head);
            if let Some(room) = self.head.get_mut(self.sent..self.sent + head) {
                room.copy_from_slice(now);
            }
            self.sent += head;
            bytes = later;
            if self.sent == HEAD_BYTES {
                self.sent = 0;
                answers += u32::from(self.begin());
            }
        }
        answers
    }

    /// A frame's head is complete. Whether the frame is an answer that is a status alone.
    fn begin(&mut self) -> bool {
        if self.head.starts_with(b"HTTP/1") {
            self.is_none = true;
            return false;
        }
        let [high, middle, low, kind, flags, ..] = self.head;
        self.rest = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        kind == HEADERS && flags & WHOLE == WHOLE && self.rest <= STATUS_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let length = u8::try_from(payload).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, 1][..], &vec![0x01; payload]].concat()
    }

    #[test]
    fn answers_of_a_status_alone_are_found_however_the_bytes_are_cut() {
        let sent = [frame(4, 0, 18), frame(1, 0x5, 5), frame(1, 0x4, 5), frame(0, 1, 200), frame(1, 0x5, 1)];
        let sent = [&sent.concat()[..], &frame(1, 0x5, 6)].concat();
        for size in 1..sent.len() {
            let mut frames = SentFrames::default();
            let found: u32 = sent.chunks(size).map(|chunk| frames.bare_answers(chunk)).sum();
            assert_eq!(found, 2, "in pieces of {size}");
        }
    }

    #[test]
    fn answers_of_the_older_protocol_are_no_frames() {
        let mut frames = SentFrames::default();
        let answer = [b"HTTP/1.1 200 OK\r\n\r\n", &frame(1, 0x5, 1)[..]].concat();
        assert_eq!(answer.chunks(3).map(|chunk| frames.bare_answers(chunk)).sum::<u32>(), 0);
    }
}
