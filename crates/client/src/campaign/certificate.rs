//! The certificate that a key's deletion made targets unreadable. What is signed are the bytes of its file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use serde::Serialize;
use serde_json::Value;

use super::{
    lines::unusable,
    target::{EnvelopeDigest, TargetKind},
};
use crate::{client::Client, ending::ClientFailure, record::write_new};

/// The certificate.
#[derive(Serialize)]
pub(crate) struct ShredCertificate {
    /// The version.
    certificate: u32,
    key: DeletedKey,
    /// When the targets were found, before the deletion.
    planned: String,
    /// When they were tried in vain.
    made: String,
    unreadable: Vec<UnreadableTarget>,
    not_unreadable: Vec<ReadableTarget>,
    /// What `keywright trail prove` wrote, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<CertificateSigner>,
}

/// The key that is deleted, or will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DeletedKey {
    pub(crate) arn: String,
    pub(crate) state: Finality,
    /// When it will be gone, unless somebody cancels that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deletion: Option<String>,
    /// Where its material was from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
}

/// Whether somebody can still have the key back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Finality {
    /// Until its deletion, it can be cancelled.
    PendingDeletion,
    /// KMS knows no such key.
    Gone,
}

/// A target that does not open.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadableTarget {
    pub(crate) kind: TargetKind,
    #[serde(rename = "where")]
    pub(crate) place: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) envelope: Option<EnvelopeDigest>,
    /// What KMS said.
    pub(crate) answer: String,
}

/// A target of which that is not certified.
#[derive(Debug, Serialize)]
pub(crate) struct ReadableTarget {
    pub(crate) kind: TargetKind,
    #[serde(rename = "where")]
    pub(crate) place: String,
    pub(crate) why: String,
}

/// Who signs, and how.
#[derive(Serialize)]
pub(crate) struct CertificateSigner {
    key: String,
    algorithm: &'static str,
    #[serde(skip)]
    hash: &'static Algorithm,
}

const CERTIFICATE_VERSION: u32 = 1;

/// What `openssl dgst -verify` verifies, with the digest of each.
const ALGORITHMS: [(&str, &Algorithm); 4] = [
    ("ECDSA_SHA_256", &SHA256),
    ("ECDSA_SHA_384", &SHA384),
    ("ECDSA_SHA_512", &SHA512),
    ("RSASSA_PKCS1_V1_5_SHA_256", &SHA256),
];

/// The largest proof that is read.
const PROOF_BYTES_MAX: u64 = 16 * 1024 * 1024;

impl ShredCertificate {
    pub(crate) fn new(
        key: DeletedKey,
        planned: String,
        made: String,
        unreadable: Vec<UnreadableTarget>,
        not_unreadable: Vec<ReadableTarget>,
        proof: Option<Value>,
    ) -> Self {
        Self {
            certificate: CERTIFICATE_VERSION,
            key,
            planned,
            made,
            unreadable,
            not_unreadable,
            proof,
            signer: None,
        }
    }

    /// Has a KMS key sign the certificate, and writes certificate and signature.
    ///
    /// # Errors
    /// [`ClientFailure::Kms`], and what the system says.
    pub(crate) fn sign(
        mut self,
        client: &Client,
        signer: CertificateSigner,
        files: &CertificateFiles,
    ) -> Result<(), ClientFailure> {
        let CertificateSigner { key, algorithm, hash } = &*self.signer.insert(signer);
        let (key, algorithm, hash) = (key.clone(), *algorithm, *hash);
        let mut text =
            serde_json::to_vec_pretty(&self).map_err(|error| ClientFailure::Use(error.to_string()))?;
        text.push(b'\n');
        let hashed = digest(hash, &text);
        let signed = client.kms.sign_digest(&client.act_for, &key, hashed.as_ref(), algorithm);
        let signature = client.wait(signed)?.signature;
        // The signature first: a certificate that is there is whole.
        write_new(&files.signature, &signature, 0o644)?;
        write_new(&files.certificate, &text, 0o644)
    }
}

impl CertificateSigner {
    /// A KMS key, if it signs in a way that is used here.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] for a key that signs otherwise, [`ClientFailure::Kms`].
    pub(crate) fn find(client: &Client, key: &str) -> Result<Self, ClientFailure> {
        let facts = client.wait(client.kms.get_public_key(&client.act_for, key))?;
        let offered = |(name, _): &&(&str, _)| facts.signing_algorithms.iter().any(|offered| offered == name);
        let &(algorithm, hash) = ALGORITHMS
            .iter()
            .find(offered)
            .ok_or_else(|| ClientFailure::Use(format!("{} does not sign with ECDSA or RSA", facts.key)))?;
        Ok(Self { key: facts.key, algorithm, hash })
    }
}

/// Where the certificate and its signature go.
pub(crate) struct CertificateFiles {
    certificate: PathBuf,
    signature: PathBuf,
}

impl CertificateFiles {
    /// A certificate here, and its signature beside it.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] if one of them is there.
    pub(crate) fn new(certificate: &Path) -> Result<Self, ClientFailure> {
        let mut signature = certificate.as_os_str().to_owned();
        signature.push(".sig");
        let files = Self { certificate: certificate.to_owned(), signature: PathBuf::from(signature) };
        for file in [&files.certificate, &files.signature] {
            // Nobody wants to hear of it after an hour.
            if fs::symlink_metadata(file).is_ok() {
                return Err(unusable(file, std::io::ErrorKind::AlreadyExists.into()));
            }
        }
        Ok(files)
    }
}

/// Reads a proof, which has to be JSON. What it proves is for its readers to verify.
///
/// # Errors
/// [`ClientFailure::Use`] for a file that cannot be read, [`ClientFailure::Record`] for what is no JSON.
pub(crate) fn read_proof(file: &Path) -> Result<Value, ClientFailure> {
    let bytes = fs::metadata(file).map_err(|error| unusable(file, error))?.len();
    let no_proof = |why: String| ClientFailure::Record(format!("`{}`: {why}", file.display()));
    if bytes > PROOF_BYTES_MAX {
        return Err(no_proof("it is too long for a proof".to_owned()));
    }
    let text = fs::read(file).map_err(|error| unusable(file, error))?;
    serde_json::from_slice(&text).map_err(|error| no_proof(error.to_string()))
}
