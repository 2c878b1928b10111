//! A body in chunks, `aws-chunked`.
//!
//! ```text
//! hex(size) [;chunk-signature=hex] CRLF data CRLF      any number of times
//! 0 [;chunk-signature=hex] CRLF
//! [name:value CRLF [x-amz-trailer-signature:hex CRLF]]
//! CRLF
//! ```
//!
//! The documents are those that `chain` names. S3 takes no other extension of a chunk, one trailer at most, and refuses a
//! chunk of less than [`CHUNK_BYTES_MIN`] before the last one.

use bytes::Bytes;
use http::HeaderMap;
use memchr::memchr;

use super::{chain::Chain, refusal::S3AuthError};

/// The checksum that came behind a streamed body. Nothing of it is compared with the body yet: that is for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    /// The name in lower case, such as `x-amz-checksum-crc32`.
    pub name: String,
    /// The value as it was sent, without spaces around it.
    pub value: String,
}

/// Where a body is, byte for byte; it keeps no data.
pub(super) struct Streamed {
    awaited: Awaited,
    /// What came of the line that is being read.
    line: Vec<u8>,
    length: u64,
    given: u64,
    chunks: u64,
    chunk_bytes: u64,
    /// The signature of the chunk that is being read.
    signature: Vec<u8>,
    chain: Option<Chain>,
    trailers: Option<Trailers>,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// The line that begins a chunk.
    Size,
    /// This many bytes of a chunk's data.
    Data(u64),
    /// The end of the line behind a chunk's data.
    DataEnd,
    /// The trailer.
    Trailer,
    /// The rest of the end of the trailer's line: some clients write LF CRLF.
    TrailerEnd,
    /// The trailer's signature.
    TrailerSignature,
    /// The empty line at the end.
    End,
    /// Nothing.
    Done,
    /// Nothing that would be believed.
    Refused,
}

/// The trailer that was announced, and what came of it.
pub(super) struct Trailers {
    name: String,
    value: Option<String>,
}

impl Streamed {
    /// A body of `length` decoded bytes, with signatures if there is a chain for them.
    pub(super) fn new(length: u64, chain: Option<Chain>, trailers: Option<Trailers>) -> Self {
        Self {
            awaited: Awaited::Size,
            line: Vec::with_capacity(LINE_BYTES),
            length,
            given: 0,
            chunks: 0,
            chunk_bytes: 0,
            signature: Vec::new(),
            chain,
            trailers,
        }
    }

    /// See [`S3Body::read`](super::S3Body::read).
    pub(super) fn read(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, S3AuthError> {
        let read = self.read_on(input);
        if read.is_err() {
            self.awaited = Awaited::Refused;
        }
        read
    }

    fn read_on(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, S3AuthError> {
        while !input.is_empty() {
            if let Awaited::Data(left) = self.awaited {
                return self.data(left, input).map(Some);
            }
            if matches!(self.awaited, Awaited::Done | Awaited::Refused) {
                return Err(S3AuthError::IncompleteBody);
            }
            if self.line_ends(input)? {
                let line = std::mem::take(&mut self.line);
                self.take(&line)?;
                self.line = line;
                self.line.clear();
            }
        }
        Ok(None)
    }

    /// The next piece of a chunk's data. The chunk is verified before its last piece is given.
    fn data(&mut self, left: u64, input: &mut Bytes) -> Result<Bytes, S3AuthError> {
        let length = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        let data = input.split_to(length);
        if let Some(chain) = &mut self.chain {
            chain.update(&data);
        }
        let length = u64::try_from(length).unwrap_or(left);
        self.given += length;
        if length < left {
            self.awaited = Awaited::Data(left - length);
        } else {
            self.end_chunk()?;
            self.awaited = Awaited::DataEnd;
        }
        Ok(data)
    }

    fn end_chunk(&mut self) -> Result<(), S3AuthError> {
        self.chain.as_mut().map_or(Ok(()), |chain| chain.end_chunk(&self.signature))
    }

    /// Moves bytes of a line out of `input`; whether they are the last ones.
    fn line_ends(&mut self, input: &mut Bytes) -> Result<bool, S3AuthError> {
        let end = memchr(b'\n', input);
        let piece = input.split_to(end.map_or(input.len(), |at| at + 1));
        if self.line.len() + piece.len() > LINE_BYTES_MAX {
            return Err(S3AuthError::IncompleteBody);
        }
        self.line.extend_from_slice(&piece);
        Ok(end.is_some())
    }

    /// Takes a line, with its end.
    fn take(&mut self, line: &[u8]) -> Result<(), S3AuthError> {
        let ended = line.strip_suffix(b"\r\n");
        self.awaited = match (self.awaited, ended) {
            (Awaited::Size, Some(line)) => self.begin_chunk(line)?,
            (Awaited::DataEnd, Some(b"")) => Awaited::Size,
            (Awaited::Trailer, Some(line)) => self.trailer(line)?,
            (Awaited::Trailer, None) => {
                self.trailer(line.trim_ascii_end())?;
                Awaited::TrailerEnd
            }
            (Awaited::TrailerEnd, Some(b"")) => self.behind_trailer(),
            (Awaited::TrailerSignature, Some(line)) => self.trailer_signature(line)?,
            (Awaited::End, Some(b"")) => Awaited::Done,
            _ => return Err(S3AuthError::IncompleteBody),
        };
        Ok(())
    }

    fn begin_chunk(&mut self, line: &[u8]) -> Result<Awaited, S3AuthError> {
        let (size, signature) = match memchr(b';', line).and_then(|at| line.split_at_checked(at)) {
            Some((size, extension)) => (size, extension.strip_prefix(b";chunk-signature=")),
            None => (line, None),
        };
        let is_signed = signature.is_some();
        if is_signed != self.chain.is_some() || (!is_signed && size.len() < line.len()) {
            return Err(S3AuthError::IncompleteBody);
        }
        let size = size_of(size).ok_or(S3AuthError::IncompleteBody)?;
        self.signature.clear();
        self.signature.extend_from_slice(signature.unwrap_or_default());
        let previous = std::mem::replace(&mut self.chunk_bytes, size);
        self.chunks += 1;
        if size == 0 {
            self.end_chunk()?;
            let is_whole = self.given == self.length;
            let next = if self.trailers.is_some() { Awaited::Trailer } else { Awaited::End };
            return is_whole.then_some(next).ok_or(S3AuthError::IncompleteBody);
        }
        if self.chunks > 1 && previous < CHUNK_BYTES_MIN {
            return Err(S3AuthError::ChunkTooSmall { chunk: self.chunks, bytes: previous });
        }
        if size > self.length - self.given {
            return Err(S3AuthError::IncompleteBody);
        }
        Ok(Awaited::Data(size))
    }

    fn trailer(&mut self, line: &[u8]) -> Result<Awaited, S3AuthError> {
        let announced = self.trailers.as_mut().ok_or(S3AuthError::IncompleteBody)?;
        if line.is_empty() {
            return Err(S3AuthError::MalformedTrailer);
        }
        let text = std::str::from_utf8(line)
            .ok()
            .filter(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        let (name, value) = text.and_then(|text| text.split_once(':')).ok_or(S3AuthError::IncompleteBody)?;
        if !name.trim().eq_ignore_ascii_case(&announced.name) {
            return Err(S3AuthError::MalformedTrailer);
        }
        announced.value = Some(value.trim().to_owned());
        Ok(self.behind_trailer())
    }

    fn behind_trailer(&self) -> Awaited {
        if self.chain.is_some() { Awaited::TrailerSignature } else { Awaited::End }
    }

    fn trailer_signature(&mut self, line: &[u8]) -> Result<Awaited, S3AuthError> {
        let Some(signature) = line.strip_prefix(b"x-amz-trailer-signature:") else {
            return Err(S3AuthError::MalformedTrailer);
        };
        let (Some(chain), Some(Trailers { name, value: Some(value) })) = (&mut self.chain, &self.trailers)
        else {
            return Err(S3AuthError::IncompleteBody);
        };
        chain.end_trailer(format!("{name}:{value}\n").as_bytes(), signature.trim_ascii())?;
        Ok(Awaited::End)
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// See [`S3Body::finish`](super::S3Body::finish).
    pub(super) fn finish(self) -> Result<Option<Trailer>, S3AuthError> {
        match (self.awaited, self.trailers) {
            (Awaited::Done, None) => Ok(None),
            (Awaited::Done, Some(Trailers { name, value: Some(value) })) => Ok(Some(Trailer { name, value })),
            _ => Err(S3AuthError::IncompleteBody),
        }
    }
}

impl Trailers {
    /// The one trailer that a signed header announces, which is there once. S3 knows checksums alone.
    pub(super) fn announced(headers: &HeaderMap) -> Result<Option<Self>, S3AuthError> {
        let Some(value) = headers.get("x-amz-trailer") else { return Ok(None) };
        if memchr(b',', value.as_bytes()).is_some() {
            return Err(S3AuthError::ManyTrailers);
        }
        let name = value.as_bytes().trim_ascii().to_ascii_lowercase();
        let is_checksum = name.strip_prefix(b"x-amz-checksum-").is_some_and(|algorithm| {
            !algorithm.is_empty() && algorithm.iter().all(u8::is_ascii_alphanumeric)
        });
        let name =
            String::from_utf8(name).ok().filter(|_| is_checksum).ok_or(S3AuthError::UnsupportedTrailer)?;
        Ok(Some(Self { name, value: None }))
    }
}

/// The size of a chunk, in hexadecimal digits.
fn size_of(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_hexdigit))?;
    u64::from_str_radix(text, 16).ok().filter(|_| digits.len() <= SIZE_DIGITS_MAX)
}

/// The smallest chunk before the last one, in bytes.
const CHUNK_BYTES_MIN: u64 = 8192;

/// The digits of the largest size.
const SIZE_DIGITS_MAX: usize = 16;

/// Room for most lines.
const LINE_BYTES: usize = 128;

/// The longest line, in bytes.
const LINE_BYTES_MAX: usize = 1024;
