//! Parts, sealed and opened some chunks at a time: what goes into a file or an object, and comes out of it.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use catalog::FileId;
use envelope::{
    CHUNK_BYTES, EnvelopeError, HEADER_BYTES, ObjectKey, PartHeader, PartOpener, PartSealer, PartSize,
    Randomness, SEALED_CHUNK_BYTES, Slot, Stretch, TAG_BYTES,
};

/// Chunks that are sealed at a time: half a mebibyte. Each time is a change of threads.
const SEALED_AT_ONCE: usize = 8;
/// Chunks that are opened at a time. Some more of them wait for the client.
const OPENED_AT_ONCE: u64 = 2;

/// Seals a part.
pub(crate) struct BatchSealer {
    sealer: PartSealer,
    header: PartHeader,
    /// Plaintext, with room for a tag behind each chunk.
    batch: Box<[u8]>,
    /// Chunks that there is room for.
    room: usize,
    /// Chunks of the batch that are full, and bytes of the next one.
    full: usize,
    filled: usize,
}

/// What is read of one part.
#[derive(Debug, Clone)]
pub(crate) struct PartPiece {
    pub(crate) file: FileId,
    pub(crate) slot: Slot,
    /// Says that the part has this slot in its object.
    pub(crate) voucher: Bytes,
    /// Within the part.
    pub(crate) range: Range<u64>,
}

/// Opens what is wanted of a part.
pub(crate) struct BatchOpener {
    opener: PartOpener,
    stretch: Stretch,
    next: u64,
    spare: SpareBuffers,
}

/// What is wanted of chunks that were opened, in their order.
pub(crate) type OpenedBatch = Vec<Bytes>;

/// Buffers that clients have taken everything from. They are read into again, and wiped when the last of them goes.
#[derive(Clone, Default)]
struct SpareBuffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// A buffer for a batch, which becomes a spare one.
pub(crate) struct BatchBuffer {
    bytes: Vec<u8>,
    spare: SpareBuffers,
}

impl BatchSealer {
    /// Begins a part, under a salt of its own. With a length of its plaintext, there is no more room than that takes.
    pub(crate) fn start(
        key: &ObjectKey,
        length: Option<u64>,
        randomness: &dyn Randomness,
    ) -> Result<Self, EnvelopeError> {
        let (sealer, header) = PartSealer::start(key, randomness)?;
        let needed = length.and_then(|length| usize::try_from(length / CHUNK_BYTES as u64 + 1).ok());
        let room = needed.map_or(SEALED_AT_ONCE, |needed| needed.min(SEALED_AT_ONCE));
        Ok(Self {
            sealer,
            header,
            batch: vec![0; room * SEALED_CHUNK_BYTES].into(),
            room,
            full: 0,
            filled: 0,
        })
    }

    /// What the part begins with, before its batches.
    pub(crate) fn header(&self) -> PartHeader {
        self.header
    }

    /// Takes as much of the data as there is room for. If there is more data, [`BatchSealer::seal_full`] is due.
    pub(crate) fn take(&mut self, data: &mut &[u8]) {
        while !data.is_empty() && self.full < self.room {
            let at = self.full * SEALED_CHUNK_BYTES + self.filled;
            let count = (CHUNK_BYTES - self.filled).min(data.len());
            let (now, rest) = data.split_at(count);
            if let Some(to) = self.batch.get_mut(at..at + count) {
                to.copy_from_slice(now);
            }
            *data = rest;
            self.filled += count;
            if self.filled == CHUNK_BYTES {
                (self.full, self.filled) = (self.full + 1, 0);
            }
        }
    }

    /// Seals a full batch, behind which more follows. What is returned is to be written before anything else is taken.
    pub(crate) fn seal_full(&mut self) -> Result<&[u8], EnvelopeError> {
        seal(&mut self.sealer, &mut self.batch)?;
        (self.full, self.filled) = (0, 0);
        Ok(&self.batch)
    }

    /// Seals the rest of the part.
    pub(crate) fn seal_rest(mut self) -> Result<(Vec<u8>, PartSize), EnvelopeError> {
        // A part that ends with a full chunk ends with this one.
        if self.filled == 0 && self.full > 0 {
            (self.full, self.filled) = (self.full - 1, CHUNK_BYTES);
        }
        let (before, last) = self.batch.split_at_mut(self.full * SEALED_CHUNK_BYTES);
        seal(&mut self.sealer, before)?;
        let (chunk, rest) = last.split_at_mut(self.filled);
        let (made, size) = self.sealer.seal_last_chunk(chunk)?;
        if let Some(tag) = rest.first_chunk_mut::<TAG_BYTES>() {
            *tag = made;
        }
        let mut sealed = self.batch.into_vec();
        sealed.truncate(self.full * SEALED_CHUNK_BYTES + self.filled + TAG_BYTES);
        Ok((sealed, size))
    }
}

/// Seals whole chunks, each with room for its tag behind it.
fn seal(sealer: &mut PartSealer, chunks: &mut [u8]) -> Result<(), EnvelopeError> {
    for sealed in chunks.chunks_exact_mut(SEALED_CHUNK_BYTES) {
        let (chunk, tag) = sealed.split_at_mut(CHUNK_BYTES);
        tag.copy_from_slice(&sealer.seal_chunk(chunk)?);
    }
    Ok(())
}

impl BatchOpener {
    /// Begins to read a part that has this header.
    pub(crate) fn start(key: &ObjectKey, header: &[u8], piece: &PartPiece) -> Result<Self, EnvelopeError> {
        let PartPiece { slot, voucher, range, .. } = piece;
        let header = PartHeader::parse(header)?;
        key.check_voucher(&header, slot, voucher)?;
        let opener = PartOpener::new(key, &header, slot.size)?;
        let stretch = slot.size.covering(range.clone())?;
        let next = stretch.chunks().start;
        Ok(Self { opener, stretch, next, spare: SpareBuffers::default() })
    }

    /// Where the next batch is in the sealed part; nothing at the end.
    pub(crate) fn next_place(&self) -> Result<Option<Range<u64>>, EnvelopeError> {
        let end = self.batch_end();
        if self.next >= end {
            return Ok(None);
        }
        let size = self.opener.size();
        let mut bytes = 0;
        for number in self.next..end {
            bytes += (size.chunk(number)? + TAG_BYTES) as u64;
        }
        let at = HEADER_BYTES as u64 + self.next * SEALED_CHUNK_BYTES as u64;
        Ok(Some(at..at + bytes))
    }

    /// A buffer for what is at a place.
    pub(crate) fn buffer(&self, place: &Range<u64>) -> BatchBuffer {
        let mut bytes = self.spare.take();
        bytes.resize(usize::try_from(place.end - place.start).unwrap_or_default(), 0);
        BatchBuffer { bytes, spare: self.spare.clone() }
    }

    /// Opens the batch that was read at [`BatchOpener::next_place`].
    pub(crate) fn open(&mut self, mut buffer: BatchBuffer) -> Result<OpenedBatch, EnvelopeError> {
        let end = self.batch_end();
        let mut wanted = Vec::new();
        let chunks = buffer.bytes.chunks_mut(SEALED_CHUNK_BYTES).zip(self.next..end).enumerate();
        for (place, (sealed, number)) in chunks {
            self.opener.open_chunk(number, sealed)?;
            let Range { start, end } = self.stretch.wanted_of(number);
            let base = place * SEALED_CHUNK_BYTES;
            wanted.push(base + start..base + end);
        }
        self.next = end;
        let opened = Bytes::from_owner(buffer);
        Ok(wanted
            .into_iter()
            .filter(|wanted| !wanted.is_empty())
            .map(|wanted| opened.slice(wanted))
            .collect())
    }

    /// The chunk behind the next batch.
    fn batch_end(&self) -> u64 {
        self.stretch.chunks().end.min(self.next + OPENED_AT_ONCE)
    }
}

impl SpareBuffers {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, buffer: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

impl BatchBuffer {
    /// What is read into.
    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for BatchBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for BatchBuffer {
    fn drop(&mut self) {
        self.spare.put(std::mem::take(&mut self.bytes));
    }
}
