//! Checksums of objects: over the plaintext, computed as the data comes, compared with what the client sent, and kept sealed.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64_simd::STANDARD;
use crc_fast::{CrcAlgorithm, checksum_combine};
use s3s::{
    S3Error, S3ErrorCode,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
    dto::Checksum,
};
use serde::{Deserialize, Serialize};
use sigv4::Trailer;

/// One of S3's checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChecksumKind {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// A checksum of an object or a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptChecksum {
    pub(crate) kind: ChecksumKind,
    /// In base64; of an object in parts maybe with `-` and the number of parts.
    pub(crate) value: String,
}

/// What a client says that the data has.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatedChecksum {
    /// In a header.
    pub(crate) stated: Option<KeptChecksum>,
    /// The kind that a trailer will tell, or that was asked for.
    pub(crate) announced: Option<ChecksumKind>,
    /// `Content-MD5`, in base64.
    pub(crate) md5: Option<String>,
}

/// Computes what is needed.
pub(crate) struct Hashing {
    kind: ChecksumKind,
    hasher: ChecksumHasher,
    md5: Option<Md5>,
    stated: StatedChecksum,
}

/// What was computed.
pub(crate) struct Hashed {
    pub(crate) checksum: KeptChecksum,
    /// The MD5, where it was computed.
    pub(crate) md5: Option<[u8; 16]>,
}

impl ChecksumKind {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// Its name in `x-amz-checksum-algorithm`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The header or trailer that has it.
    pub(crate) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn hasher(self) -> ChecksumHasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
        hasher
    }
}

impl StatedChecksum {
    /// From what a request has: of the five headers one at most.
    ///
    /// # Errors
    /// S3's, for several headers, or a value that is none.
    pub(crate) fn of(
        headers: [(ChecksumKind, Option<&String>); 5],
        announced: Option<ChecksumKind>,
        md5: Option<&String>,
    ) -> Result<Self, S3Error> {
        let mut sent = headers.into_iter().filter_map(|(kind, value)| Some((kind, value?)));
        let stated = sent.next().map(|(kind, value)| KeptChecksum { kind, value: value.clone() });
        if sent.next().is_some() {
            return Err(invalid(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            ));
        }
        if let Some(KeptChecksum { kind, value }) = &stated
            && STANDARD.decode_to_vec(value).map_or(true, |bytes| bytes.len() != kind.bytes())
        {
            return Err(invalid(&format!("Value for {} header is invalid.", kind.header())));
        }
        if md5.is_some_and(|md5| STANDARD.decode_to_vec(md5).map_or(true, |bytes| bytes.len() != 16)) {
            return Err(S3Error::with_message(
                S3ErrorCode::InvalidDigest,
                "The Content-MD5 you specified was invalid.",
            ));
        }
        Ok(Self { stated, announced, md5: md5.cloned() })
    }
}

impl Hashing {
    /// Computes what was stated, or else what S3 computes by itself. `md5`: also that, for an entity tag.
    pub(crate) fn new(stated: StatedChecksum, md5: bool) -> Self {
        let kind = stated.stated.as_ref().map(|stated| stated.kind).or(stated.announced);
        let kind = kind.unwrap_or(ChecksumKind::Crc64Nvme);
        let md5 = (md5 || stated.md5.is_some()).then(Md5::new);
        Self { kind, hasher: kind.hasher(), md5, stated }
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.hasher.update(data);
        if let Some(md5) = &mut self.md5 {
            md5.update(data);
        }
    }

    /// Compares what was computed with what was stated, also behind the data.
    ///
    /// # Errors
    /// `BadDigest`.
    pub(crate) fn finish(self, trailer: Option<&Trailer>) -> Result<Hashed, S3Error> {
        let Self { kind, hasher, md5, stated } = self;
        let value = of_kind(&hasher.finalize(), kind).unwrap_or_default();
        let told = trailer.filter(|trailer| trailer.name == kind.header()).map(|trailer| &trailer.value);
        let told = told.or(stated.stated.as_ref().map(|stated| &stated.value));
        if told.is_some_and(|told| *told != value) {
            let text = format!("The {} you specified did not match the calculated checksum.", kind.name());
            return Err(S3Error::with_message(S3ErrorCode::BadDigest, text));
        }
        let md5 = md5.map(Md5::finalize);
        if stated.md5.zip(md5).is_some_and(|(told, md5)| told != STANDARD.encode_to_string(md5)) {
            let text = "The Content-MD5 you specified did not match what we received.";
            return Err(S3Error::with_message(S3ErrorCode::BadDigest, text));
        }
        Ok(Hashed { checksum: KeptChecksum { kind, value }, md5 })
    }
}

/// The kind of the checksum that a trailer has.
pub(crate) fn of_trailer(header: &str) -> Option<ChecksumKind> {
    ChecksumKind::ALL.into_iter().find(|kind| kind.header() == header.trim().to_ascii_lowercase())
}

/// One of several checksums.
fn of_kind(all: &Checksum, kind: ChecksumKind) -> Option<String> {
    match kind {
        ChecksumKind::Crc32 => all.checksum_crc32.clone(),
        ChecksumKind::Crc32c => all.checksum_crc32c.clone(),
        ChecksumKind::Crc64Nvme => all.checksum_crc64nvme.clone(),
        ChecksumKind::Sha1 => all.checksum_sha1.clone(),
        ChecksumKind::Sha256 => all.checksum_sha256.clone(),
    }
}

/// The checksum of checksums: of an object in parts, of type `COMPOSITE`.
pub(crate) fn composite(kind: ChecksumKind, parts: &[(KeptChecksum, u64)]) -> String {
    let mut hasher = kind.hasher();
    for (part, _) in parts {
        hasher.update(&STANDARD.decode_to_vec(&part.value).unwrap_or_default());
    }
    format!("{}-{}", of_kind(&hasher.finalize(), kind).unwrap_or_default(), parts.len())
}

/// The checksum that the whole has, from those of its parts and their sizes: CRCs can be put together, hashes cannot.
pub(crate) fn combined(kind: ChecksumKind, parts: &[(KeptChecksum, u64)]) -> Option<String> {
    let algorithm = match kind {
        ChecksumKind::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
        ChecksumKind::Crc32c => CrcAlgorithm::Crc32Iscsi,
        ChecksumKind::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
        ChecksumKind::Sha1 | ChecksumKind::Sha256 => return None,
    };
    let mut whole = None;
    for (part, bytes) in parts {
        let value = STANDARD.decode_to_vec(&part.value).ok()?;
        let value = value.into_iter().fold(0_u64, |number, byte| number << 8 | u64::from(byte));
        whole = Some(match whole {
            None => value,
            Some(before) => checksum_combine(algorithm, before, value, *bytes),
        });
    }
    let bytes = whole?.to_be_bytes();
    Some(STANDARD.encode_to_string(bytes.get(bytes.len() - kind.bytes()..)?))
}

fn invalid(text: &str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidRequest, text.to_owned())
}

/// The checksums that a request states, each of its kind, if it does.
macro_rules! stated_checksums {
    ($input:expr) => {
        [
            (crate::checksums::ChecksumKind::Crc32, $input.checksum_crc32.as_ref()),
            (crate::checksums::ChecksumKind::Crc32c, $input.checksum_crc32c.as_ref()),
            (crate::checksums::ChecksumKind::Crc64Nvme, $input.checksum_crc64nvme.as_ref()),
            (crate::checksums::ChecksumKind::Sha1, $input.checksum_sha1.as_ref()),
            (crate::checksums::ChecksumKind::Sha256, $input.checksum_sha256.as_ref()),
        ]
    };
}
pub(crate) use stated_checksums;

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> [(ChecksumKind, Option<&'static String>); 5] {
        ChecksumKind::ALL.map(|kind| (kind, None))
    }

    #[test]
    fn known_answers() {
        // The check values of the CRCs ("Catalogue of parametrised CRC algorithms") and of FIPS 180-4 for other bytes are the library's;
        // these are of `123456789`.
        for (kind, expected) in [
            (ChecksumKind::Crc32, "y/Q5Jg=="),
            (ChecksumKind::Crc32c, "4waSgw=="),
            (ChecksumKind::Crc64Nvme, "rosUhgp5mIg="),
        ] {
            let stated = StatedChecksum { announced: Some(kind), ..StatedChecksum::default() };
            let mut hashing = Hashing::new(stated, true);
            hashing.update(b"1234");
            hashing.update(b"56789");
            let hashed = hashing.finish(None).unwrap();
            assert_eq!(hashed.checksum, KeptChecksum { kind, value: expected.to_owned() });
            assert_eq!(hashed.md5.unwrap()[..2], [0x25, 0xf9]);
        }
    }

    #[test]
    fn checksums_of_parts_make_that_of_the_whole() {
        let data: Vec<u8> = (0..5000_u32).flat_map(u32::to_le_bytes).collect();
        let of = |kind, data: &[u8]| {
            let mut hashing =
                Hashing::new(StatedChecksum { announced: Some(kind), ..Default::default() }, false);
            hashing.update(data);
            hashing.finish(None).unwrap().checksum
        };
        for kind in [ChecksumKind::Crc32, ChecksumKind::Crc32c, ChecksumKind::Crc64Nvme] {
            let parts: Vec<_> = [&data[..1], &data[1..7000], &data[7000..7000], &data[7000..]]
                .map(|part| (of(kind, part), part.len() as u64))
                .into();
            assert_eq!(combined(kind, &parts).unwrap(), of(kind, &data).value, "{kind:?}");
        }
        let sha = ChecksumKind::Sha256;
        assert_eq!(combined(sha, &[(of(sha, b"x"), 1)]), None);
        assert!(composite(sha, &[(of(sha, b"x"), 1), (of(sha, b"y"), 1)]).ends_with("=-2"));
    }

    #[test]
    fn what_does_not_agree_is_refused() {
        let wrong = "AAAAAA==".to_owned();
        let mut headers = none();
        headers[0].1 = Some(&wrong);
        let stated = StatedChecksum::of(headers, None, None).unwrap();
        let refused =
            Hashing::new(stated, false).finish(Some(&Trailer { name: "x".into(), value: "y".into() }));
        assert!(refused.is_ok(), "the CRC32 of nothing is zero");
        let stated = StatedChecksum { announced: Some(ChecksumKind::Crc32), ..StatedChecksum::default() };
        let trailer = Trailer { name: "x-amz-checksum-crc32".into(), value: "AAAAAQ==".into() };
        assert!(Hashing::new(stated, false).finish(Some(&trailer)).is_err());
        let md5 = StatedChecksum::of(none(), None, Some(&"1B2M2Y8AsgTpgAmY7PhCfg==".to_owned())).unwrap();
        assert!(Hashing::new(md5.clone(), false).finish(None).is_ok());
        let mut hashing = Hashing::new(md5, false);
        hashing.update(b"x");
        assert!(hashing.finish(None).is_err());
    }

    #[test]
    fn values_that_are_none_are_refused() {
        for wrong in ["", "x", "AAAA", "AAAAAAAA"] {
            let wrong = wrong.to_owned();
            let mut headers = none();
            headers[0].1 = Some(&wrong);
            assert!(StatedChecksum::of(headers, None, None).is_err(), "{wrong}");
            assert!(StatedChecksum::of(none(), None, Some(&wrong)).is_err());
        }
        let (one, other) = ("AAAAAA==".to_owned(), "AAAAAA==".to_owned());
        let mut headers = none();
        (headers[0].1, headers[1].1) = (Some(&one), Some(&other));
        assert!(StatedChecksum::of(headers, None, None).is_err());
    }
}
