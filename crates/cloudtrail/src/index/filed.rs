//! The index of a segment that is full, in a file. `docs/audit-format.md` has the bytes.

use std::{io, sync::Arc};

use audit::Disk;
use aws_lc_rs::digest::{SHA256, digest};

use super::{
    growing::Growing,
    part::{BLOCK, SegmentIndex, Span},
    term::Term,
    varint,
};

const MAGIC: [u8; 8] = *b"KWINDX01";
const HEADER_LEN: usize = 48;
const BLOCK_LEN: usize = 24;
const TERM_LEN: usize = 12;
const ID_LEN: usize = 8;
const CHECK_LEN: usize = 32;
/// Entries that are read at once when one is looked for: at most about as far off as random keys are from where they should be.
const WINDOW: u32 = 1024;

/// The index of a segment, read from its file as far as a lookup needs it.
pub(crate) struct Filed {
    disk: Arc<dyn Disk>,
    name: String,
    header: FileHeader,
}

/// What stands at the beginning: how much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileHeader {
    first: u64,
    span: Span,
    records: u32,
    terms: u32,
    /// Bytes.
    lengths: u32,
    /// Bytes.
    postings: u32,
}

/// The name of the file for the segment that begins with this record.
pub(crate) fn name(first: u64) -> String {
    format!("{first:020}.index")
}

/// The segment that a file of this name is for; `None` for other files.
pub(crate) fn parse_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".index")?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

impl Filed {
    /// Opens a file and checks it whole.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a file that is damaged, of another version or for another segment; the system's.
    pub(crate) fn open(disk: Arc<dyn Disk>, first: u64) -> io::Result<Self> {
        let name = name(first);
        let bytes = disk.read(&name)?;
        let header = bytes
            .split_last_chunk::<CHECK_LEN>()
            .filter(|(stated, check)| digest(&SHA256, stated).as_ref() == *check)
            .and_then(|(stated, _)| FileHeader::decode(stated))
            .filter(|header| header.first == first && header.len() + CHECK_LEN == bytes.len());
        let header = header.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { disk, name, header })
    }

    /// Writes what has grown, durably.
    ///
    /// # Errors
    /// The system's. A file that is not whole is found out when it is opened.
    pub(crate) fn write(disk: Arc<dyn Disk>, grown: &Growing) -> io::Result<Self> {
        let (header, bytes) = encode(grown)?;
        let name = name(header.first);
        match disk.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = disk.create(&name)?;
        if let Err(error) = file.write_at(0, &bytes).and_then(|()| file.sync()) {
            let _ = disk.remove(&name);
            return Err(error);
        }
        disk.sync_directory()?;
        Ok(Self { disk, name, header })
    }

    /// `len` bytes at `offset`; none where they cannot be read.
    fn bytes(&self, offset: usize, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let read = self.disk.read_at(&self.name, offset as u64, &mut bytes);
        if read.is_ok_and(|read| read == len) { bytes } else { Vec::new() }
    }

    /// The first of `count` sorted entries of `len` bytes at `at` whose key is not less than `wanted`. Keys are parts of hashes or
    /// random, so that the place of a key is about known; where it is not, the rest is halved.
    fn search(
        &self,
        at: usize,
        len: usize,
        count: u32,
        wanted: u64,
        key: impl Fn(&[u8]) -> Option<u64>,
    ) -> u32 {
        let (mut low, mut high) = (0, count);
        let mut guess = u32::try_from((u128::from(wanted) * u128::from(count)) >> 64).unwrap_or(count);
        while low < high {
            let from = guess.saturating_sub(WINDOW / 2).clamp(low, high - 1);
            let entries = WINDOW.min(high - from);
            let bytes = self.bytes(at + from as usize * len, entries as usize * len);
            let is_before = |entry: &[u8]| key(entry).is_some_and(|known| known < wanted);
            let before = bytes.chunks_exact(len).take_while(|entry| is_before(entry)).count();
            match u32::try_from(before).unwrap_or(entries) {
                0 => high = from,
                all if all == entries => low = from + all,
                some => return from + some,
            }
            guess = low + (high - low) / 2;
        }
        low
    }
}

impl SegmentIndex for Filed {
    fn first(&self) -> u64 {
        self.header.first
    }

    fn span(&self) -> Span {
        self.header.span
    }

    fn postings(&self, term: Term) -> Vec<u32> {
        let header = &self.header;
        let at = self.search(header.terms_at(), TERM_LEN, header.terms, term.0, |entry| u64_at(entry, 0));
        if at >= header.terms {
            return Vec::new();
        }
        // The next term's postings begin where this one's end.
        let is_last = at + 1 == header.terms;
        let entries = self
            .bytes(header.terms_at() + at as usize * TERM_LEN, if is_last { TERM_LEN } else { 2 * TERM_LEN });
        let (known, start) = (u64_at(&entries, 0), u32_at(&entries, 8));
        let end = if is_last { Some(header.postings) } else { u32_at(&entries, TERM_LEN + 8) };
        match (known, start, end) {
            (Some(known), Some(start), Some(end)) if known == term.0 && start <= end => {
                let at = header.postings_at() + start as usize;
                varint::rising(&self.bytes(at, (end - start) as usize))
            }
            _ => Vec::new(),
        }
    }

    fn by_id(&self, id: u32) -> Vec<u32> {
        let (ids, records) = (self.header.ids_at(), self.header.records);
        let first = self.search(ids, ID_LEN, records, u64::from(id) << 32, |entry| {
            u32_at(entry, 0).map(|known| u64::from(known) << 32)
        });
        let mut found = Vec::new();
        for at in first..records {
            let entry = self.bytes(ids + at as usize * ID_LEN, ID_LEN);
            match (u32_at(&entry, 0), u32_at(&entry, 4)) {
                (Some(known), Some(number)) if known == id => found.push(number),
                _ => break,
            }
        }
        found
    }

    fn block_spans(&self) -> Vec<Span> {
        let blocks = self.bytes(HEADER_LEN, self.header.lengths_at() - HEADER_LEN);
        let span = |entry: &[u8]| Some(Span { from: i64_at(entry, 8)?, to: i64_at(entry, 16)? });
        blocks.chunks_exact(BLOCK_LEN).map(|entry| span(entry).unwrap_or(Span::NONE)).collect()
    }

    fn offset(&self, number: u32) -> Option<u64> {
        let (block, within) = (number as usize / BLOCK, number as usize % BLOCK);
        let entry = self.bytes(self.header.blocks_at(block)?, BLOCK_LEN);
        let mut offset = u64::from(u32_at(&entry, 0)?);
        let start = u32_at(&entry, 4)?;
        let len = (self.header.lengths.checked_sub(start)?).min(5 * BLOCK as u32) as usize;
        let lengths = self.bytes(self.header.lengths_at() + start as usize, len);
        let mut rest = &*lengths;
        for _ in 0..within {
            offset += u64::from(varint::take(&mut rest)?);
        }
        Some(offset)
    }
}

impl FileHeader {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::from(MAGIC);
        bytes.extend(self.first.to_le_bytes());
        bytes.extend(self.span.from.to_le_bytes());
        bytes.extend(self.span.to.to_le_bytes());
        for count in [self.records, self.terms, self.lengths, self.postings] {
            bytes.extend(count.to_le_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        (bytes.first_chunk() == Some(&MAGIC)).then_some(())?;
        Some(Self {
            first: u64_at(bytes, 8)?,
            span: Span { from: i64_at(bytes, 16)?, to: i64_at(bytes, 24)? },
            records: u32_at(bytes, 32)?,
            terms: u32_at(bytes, 36)?,
            lengths: u32_at(bytes, 40)?,
            postings: u32_at(bytes, 44)?,
        })
    }

    /// Where a block's entry is; `None` behind the last one.
    fn blocks_at(&self, block: usize) -> Option<usize> {
        (block < (self.records as usize).div_ceil(BLOCK)).then_some(HEADER_LEN + block * BLOCK_LEN)
    }

    fn lengths_at(&self) -> usize {
        HEADER_LEN + (self.records as usize).div_ceil(BLOCK) * BLOCK_LEN
    }

    fn terms_at(&self) -> usize {
        self.lengths_at() + self.lengths as usize
    }

    fn postings_at(&self) -> usize {
        self.terms_at() + self.terms as usize * TERM_LEN
    }

    fn ids_at(&self) -> usize {
        self.postings_at() + self.postings as usize
    }

    /// Bytes of the file, but for its check.
    fn len(&self) -> usize {
        self.ids_at() + self.records as usize * ID_LEN
    }
}

/// The file's header and bytes.
fn encode(grown: &Growing) -> io::Result<(FileHeader, Vec<u8>)> {
    let mut blocks = Vec::new();
    let mut lengths = Vec::new();
    for (block, offsets) in grown.blocks.iter().zip(grown.offsets.chunks(BLOCK)) {
        blocks.extend(block.offset.to_le_bytes());
        blocks.extend(count(lengths.len())?.to_le_bytes());
        blocks.extend(block.span.from.to_le_bytes());
        blocks.extend(block.span.to.to_le_bytes());
        for pair in offsets.windows(2) {
            if let [one, next] = pair {
                varint::push(&mut lengths, next.saturating_sub(*one));
            }
        }
    }
    let mut sorted: Vec<_> = grown.terms.iter().collect();
    sorted.sort_unstable_by_key(|(term, _)| **term);
    let (mut terms, mut postings) = (Vec::new(), Vec::new());
    for (term, found) in sorted {
        terms.extend(term.0.to_le_bytes());
        terms.extend(count(postings.len())?.to_le_bytes());
        postings.extend_from_slice(&found.bytes);
    }
    let mut ids = grown.ids.clone();
    ids.sort_unstable();
    let header = FileHeader {
        first: grown.first(),
        span: grown.span(),
        records: count(grown.offsets.len())?,
        terms: count(grown.terms.len())?,
        lengths: count(lengths.len())?,
        postings: count(postings.len())?,
    };
    let mut bytes = header.encode();
    for section in [blocks, lengths, terms, postings] {
        bytes.extend(section);
    }
    for (id, number) in ids {
        bytes.extend(id.to_le_bytes());
        bytes.extend(number.to_le_bytes());
    }
    let check = digest(&SHA256, &bytes);
    bytes.extend_from_slice(check.as_ref());
    Ok((header, bytes))
}

fn count(number: usize) -> io::Result<u32> {
    u32::try_from(number).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

fn i64_at(bytes: &[u8], at: usize) -> Option<i64> {
    bytes.get(at..)?.first_chunk().map(|bytes| i64::from_le_bytes(*bytes))
}
