//! What a campaign is about: targets, and what can be read of their envelopes without a call of KMS.

use std::{fmt, path::PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// Something that is encrypted under a KMS key, in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CampaignTarget {
    /// A record of `wrap`.
    Record(PathBuf),
    /// A message of the AWS Encryption SDK.
    SealedFile(PathBuf),
    /// A volume of LUKS2: a device, or a file with its image.
    Volume(PathBuf),
    /// An object of S3, or of `keywright-s3`.
    Object(ObjectPlace),
}

/// The place of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectPlace {
    pub(crate) bucket: String,
    pub(crate) name: String,
}

/// The kinds of targets, as plans and reports name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TargetKind {
    Record,
    SealedFile,
    Volume,
    Object,
}

/// How a target is encrypted, as its envelope says. Nothing of it is verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TargetEnvelope {
    /// By each of these alone it opens.
    pub(crate) ways: Vec<OpeningKey>,
    /// Why it cannot be put under another key, if it cannot.
    pub(crate) hindrance: Option<&'static str>,
    /// Which envelope this is, where it can be read: the record, or the header of the sealed file.
    pub(crate) digest: Option<EnvelopeDigest>,
}

/// The hash of an envelope: of so many bytes at the beginning of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvelopeDigest {
    pub(crate) bytes: usize,
    /// In hexadecimal digits.
    pub(crate) sha256: String,
}

impl EnvelopeDigest {
    pub(crate) fn of(envelope: &[u8]) -> Self {
        let sha256 = base16ct::lower::encode_string(digest(&SHA256, envelope).as_ref());
        Self { bytes: envelope.len(), sha256 }
    }
}

/// A key under which something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpeningKey {
    /// The ARN of the KMS key; for a key that is none of KMS, its provider and name.
    pub(crate) key: String,
    /// Which material of it, if that can be read.
    pub(crate) material: Option<String>,
}

impl CampaignTarget {
    /// The target of a kind that is in a place, as [`CampaignTarget`] shows it.
    pub(crate) fn parse(kind: TargetKind, place: &str) -> Option<Self> {
        let file = || Some(PathBuf::from(place)).filter(|path| path.is_absolute());
        match kind {
            TargetKind::Record => file().map(Self::Record),
            TargetKind::SealedFile => file().map(Self::SealedFile),
            TargetKind::Volume => file().map(Self::Volume),
            TargetKind::Object => {
                let (bucket, name) = place.strip_prefix("s3://")?.split_once('/')?;
                let (bucket, name) = (bucket.to_owned(), name.to_owned());
                (!bucket.is_empty() && !name.is_empty()).then_some(Self::Object(ObjectPlace { bucket, name }))
            }
        }
    }

    pub(crate) fn kind(&self) -> TargetKind {
        match self {
            Self::Record(_) => TargetKind::Record,
            Self::SealedFile(_) => TargetKind::SealedFile,
            Self::Volume(_) => TargetKind::Volume,
            Self::Object(_) => TargetKind::Object,
        }
    }
}

/// Its place.
impl fmt::Display for CampaignTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(path) | Self::SealedFile(path) | Self::Volume(path) => path.display().fmt(f),
            Self::Object(ObjectPlace { bucket, name }) => write!(f, "s3://{bucket}/{name}"),
        }
    }
}

impl TargetKind {
    pub(crate) const ALL: [Self; 4] = [Self::Record, Self::SealedFile, Self::Volume, Self::Object];

    /// Several of them, for people.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Record => "records",
            Self::SealedFile => "sealed files",
            Self::Volume => "volumes",
            Self::Object => "objects",
        }
    }
}

/// Which material a blob of Keywright is under: its prefix says so (docs/blob-format.md). Blobs of AWS are opaque.
pub(crate) fn material_of(blob: &[u8]) -> Option<String> {
    const MAGIC: [u8; 4] = *b"KWB\x01";
    let material = blob.strip_prefix(&MAGIC)?.get(28..60)?;
    Some(base16ct::lower::encode_string(material))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_parsed_as_they_are_shown() {
        for (kind, place) in [
            (TargetKind::Record, "/etc/shop/key.json"),
            (TargetKind::SealedFile, "/srv/a b"),
            (TargetKind::Object, "s3://invoices/2026//11 ü.txt"),
        ] {
            let target = CampaignTarget::parse(kind, place).unwrap();
            assert_eq!((target.kind(), target.to_string().as_str()), (kind, place));
        }
        for (kind, place) in [
            (TargetKind::Record, "key.json"),
            (TargetKind::SealedFile, ""),
            (TargetKind::Object, "/etc/x"),
            (TargetKind::Object, "s3://b/"),
            (TargetKind::Object, "s3:///n"),
        ] {
            assert_eq!(CampaignTarget::parse(kind, place), None, "{place}");
        }
    }

    #[test]
    fn the_material_of_a_blob_of_keywright_can_be_read() {
        let mut blob = b"KWB\x01".to_vec();
        blob.extend([0; 28]);
        blob.extend([0xab; 32]);
        assert_eq!(material_of(&blob), Some("ab".repeat(32)));
        blob.pop();
        assert_eq!((material_of(&blob), material_of(b"AQIC")), (None, None));
    }
}
