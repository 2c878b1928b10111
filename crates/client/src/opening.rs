//! `open-file`: what `seal-file` or an AWS Encryption SDK sealed, frame by frame, in the memory of one frame.

use std::io::{self, Write};

use envelope::{
    EnvelopeError,
    message::{EncryptedDataKey, Front, HEADER_BYTES_MAX, MessageHeader, MessageOpener},
};
use forward::{Context, KmsError};
use secret::Plaintext;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    cli::OpenFileOptions,
    client::Client,
    context::demand,
    ending::{ClientFailure, say},
    sealing::PROVIDER,
    streams::{InputBytes, OutputBytes},
};

/// Bytes that are read at first: more than most headers have.
const FIRST_BYTES: usize = 4096;

/// Opens a file.
///
/// # Errors
/// [`ClientFailure`].
pub(crate) fn open_file(client: &Client, options: &OpenFileOptions) -> Result<u8, ClientFailure> {
    let mut sealed = SealedFile::begin(InputBytes::open(&options.file)?)?;
    demand(sealed.header.context(), &options.context).map_err(|why| sealed.is_not_opened(why))?;
    let mut to = OutputBytes::create(&options.out, 0o600, &client.unique())?;
    let data_key = sealed.data_key(client, &options.keys)?;
    let opener = sealed.opener(&data_key)?;
    drop(data_key);
    sealed.open_frames(opener, |plaintext| to.write(&[plaintext]))?;
    to.finish()?;
    Ok(0)
}

/// Shows what the header of a file says. Nobody has verified it.
///
/// # Errors
/// [`ClientFailure::Use`] for a file that cannot be read, [`ClientFailure::Record`] for one that is not sealed.
pub(crate) fn inspect(options: &OpenFileOptions) -> Result<u8, ClientFailure> {
    let sealed = SealedFile::begin(InputBytes::open(&options.file)?)?;
    let header = &sealed.header;
    let shown = ShownHeader {
        suite: format!("0x{:04x}", header.suite().id()),
        context: header.context(),
        keys: header.encrypted_data_keys().iter().map(ShownKey::of).collect(),
        frame_bytes: header.frame_bytes(),
    };
    let failed = |error: io::Error| ClientFailure::Use(format!("standard output: {error}"));
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &shown).map_err(|error| failed(error.into()))?;
    out.write_all(b"\n").and_then(|()| out.flush()).map_err(failed)?;
    Ok(0)
}

/// A file whose header was read.
pub(crate) struct SealedFile {
    pub(crate) header: MessageHeader,
    /// The header as it stands in the file, with its tag.
    pub(crate) header_bytes: Vec<u8>,
    from: InputBytes,
    /// What was read and not opened yet.
    ahead: Zeroizing<Vec<u8>>,
}

impl SealedFile {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] for a file that cannot be read, [`ClientFailure::Record`] for one that is not sealed.
    pub(crate) fn begin(mut from: InputBytes) -> Result<Self, ClientFailure> {
        let mut ahead = Zeroizing::new(Vec::new());
        let mut wanted = FIRST_BYTES;
        loop {
            let whole = !from.read_until(&mut ahead, wanted)?;
            match MessageHeader::parse(&ahead) {
                Ok(Some((header, bytes))) => {
                    let header_bytes = ahead.drain(..bytes).collect();
                    return Ok(Self { header, header_bytes, from, ahead });
                }
                Ok(None) if !whole => wanted = wanted.saturating_mul(2).min(HEADER_BYTES_MAX),
                Ok(None) => return Err(unopened(&from, "it ends within its header")),
                Err(_) => {
                    let why = "it is not sealed in the message format 2 of the AWS Encryption SDK, in frames, with a \
                               suite that commits to its key";
                    return Err(unopened(&from, why));
                }
            }
        }
    }

    /// The data key, by the first of its KMS keys that the caller may use, and that is among those asked for, if any are.
    fn data_key(&self, client: &Client, wanted: &[String]) -> Result<Plaintext, ClientFailure> {
        let context = self.header.context();
        let mut refusal = None;
        for (key, blob) in self.header.encrypted_data_keys().iter().filter_map(of_kms) {
            if !wanted.is_empty() && !wanted.iter().any(|wanted| is_key(key, wanted)) {
                continue;
            }
            match client.decrypt(key, blob, context) {
                // Another key may be allowed, enabled, or of this Region.
                Err(refused @ ClientFailure::Kms(KmsError::Fault { .. })) => {
                    if let Some(before) = refusal.replace(refused) {
                        say(&before);
                    }
                }
                answer => return answer,
            }
        }
        Err(refusal
            .unwrap_or_else(|| self.is_not_opened("its data key is under no KMS key that was asked for")))
    }

    /// What opens its frames. The header is verified from here on.
    ///
    /// # Errors
    /// [`ClientFailure::Record`] if the data key is another one, or the header was changed.
    pub(crate) fn opener(&self, data_key: &Plaintext) -> Result<MessageOpener, ClientFailure> {
        MessageOpener::new(&self.header, data_key).map_err(|error| self.is_not_opened(altered(error)))
    }

    /// Opens frames until nothing is left, and hands each on when it was verified.
    ///
    /// # Errors
    /// [`ClientFailure::Record`] for what was changed or cut, and what `hand_on` says.
    pub(crate) fn open_frames(
        &mut self,
        mut opener: MessageOpener,
        mut hand_on: impl FnMut(&[u8]) -> Result<(), ClientFailure>,
    ) -> Result<(), ClientFailure> {
        loop {
            match opener.open_next(&mut self.ahead).map_err(|error| unopened(&self.from, altered(error)))? {
                Front::Opened { used, plaintext } => {
                    hand_on(plaintext)?;
                    self.ahead.drain(..used);
                }
                Front::Needs(bytes) => {
                    if self.from.read_until(&mut self.ahead, bytes)? {
                        continue;
                    }
                    return opener.finish(&self.ahead).map_err(|_| self.is_not_opened("its end is cut off"));
                }
            }
        }
    }

    pub(crate) fn is_not_opened(&self, why: impl AsRef<str>) -> ClientFailure {
        unopened(&self.from, why)
    }
}

fn unopened(from: &InputBytes, why: impl AsRef<str>) -> ClientFailure {
    ClientFailure::Record(format!("{}: {}", from.name, why.as_ref()))
}

fn altered(error: EnvelopeError) -> &'static str {
    match error {
        EnvelopeError::WouldNotOpen => "it was changed",
        EnvelopeError::NotThisFormat => {
            "its frames or data key are not as its header says, or something is behind its end"
        }
        EnvelopeError::ImpossibleSize | EnvelopeError::Broken => "a cryptographic primitive failed",
    }
}

/// The ARN and the ciphertext of a data key that KMS encrypted.
pub(crate) fn of_kms(data_key: &EncryptedDataKey) -> Option<(&str, &[u8])> {
    let key = std::str::from_utf8(&data_key.key).ok()?;
    (data_key.provider == PROVIDER).then_some((key, &data_key.ciphertext))
}

/// Whether a key's ARN is what was asked for: the ARN, or the id in it.
fn is_key(arn: &str, wanted: &str) -> bool {
    arn == wanted || arn.split_once(":key/").is_some_and(|(_, id)| id == wanted)
}

/// What a header says, for people and programs.
#[derive(Serialize)]
struct ShownHeader<'a> {
    suite: String,
    context: &'a Context,
    keys: Vec<ShownKey<'a>>,
    frame_bytes: usize,
}

#[derive(Serialize)]
struct ShownKey<'a> {
    provider: &'a str,
    key: String,
}

impl<'a> ShownKey<'a> {
    fn of(data_key: &'a EncryptedDataKey) -> Self {
        Self { provider: &data_key.provider, key: String::from_utf8_lossy(&data_key.key).into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use envelope::{
        SystemRandomness,
        message::{FRAME_BYTES, MessageSealer},
    };

    use super::*;
    use crate::sealing::seal_frames;

    fn key() -> Plaintext {
        Plaintext::zeroed(32)
    }

    fn sealed(folder: &Path, content: &[u8]) -> Vec<u8> {
        let (plain, file) = (folder.join("plain"), folder.join("sealed"));
        fs::write(&plain, content).unwrap();
        let data_keys =
            [EncryptedDataKey { provider: PROVIDER.to_owned(), key: b"arn:k".to_vec(), ciphertext: vec![7] }];
        let context = Context::from([("to".to_owned(), "bob".to_owned())]);
        let (sealer, header) = MessageSealer::start(&key(), &context, &data_keys, &SystemRandomness).unwrap();
        let mut to = OutputBytes::create(&file, 0o644, "1").unwrap();
        to.write(&[&header]).unwrap();
        seal_frames(sealer, &mut InputBytes::open(&plain).unwrap(), &mut to).unwrap();
        to.finish().unwrap();
        let message = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        message
    }

    /// Opens a message into a file `opened`.
    fn opened(folder: &Path, message: &[u8]) -> Result<Vec<u8>, ClientFailure> {
        let (file, out) = (folder.join("message"), folder.join("opened"));
        fs::write(&file, message).unwrap();
        let opened = SealedFile::begin(InputBytes::open(&file)?).and_then(|mut sealed| {
            let opener = sealed.opener(&key())?;
            let mut to = OutputBytes::create(&out, 0o600, "1")?;
            sealed.open_frames(opener, |plaintext| to.write(&[plaintext]))?;
            to.finish()
        });
        opened.map(|()| {
            let content = fs::read(&out).unwrap();
            fs::remove_file(&out).unwrap();
            content
        })
    }

    #[test]
    fn what_was_sealed_opens_whatever_its_size() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES + 5] {
            let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
            let message = sealed(folder.path(), &content);
            assert!(opened(folder.path(), &message).unwrap() == content, "{bytes} bytes");
        }
    }

    #[test]
    fn what_is_cut_changed_or_goes_on_does_not_open_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let message = sealed(folder.path(), b"content");
        let refused = |message: &[u8], what: &str| {
            let failure = opened(folder.path(), message).unwrap_err();
            assert_eq!(failure.code(), 65, "{what}: {failure}");
            assert!(!folder.path().join("opened").exists(), "{what}");
        };
        for bytes in 0..message.len() {
            refused(&message[..bytes], &format!("{bytes} bytes"));
            let mut changed = message.clone();
            changed[bytes] ^= 1;
            refused(&changed, &format!("byte {bytes}"));
        }
        refused(&[message.as_slice(), b"\0"].concat(), "a byte more");
        refused(&[message.as_slice(), &message].concat(), "twice");
    }

    #[test]
    fn keys_are_asked_for_by_arn_or_id() {
        let arn = "arn:aws:kms:us-east-1:111122223333:key/1234";
        assert!(is_key(arn, arn) && is_key(arn, "1234"));
        for other in ["234", "key/1234", "", "alias/1234"] {
            assert!(!is_key(arn, other), "{other}");
        }
    }

    #[test]
    fn only_data_keys_of_kms_are_tried() {
        let data_key = |provider: &str, key: &[u8]| EncryptedDataKey {
            provider: provider.to_owned(),
            key: key.to_vec(),
            ciphertext: vec![7],
        };
        assert_eq!(of_kms(&data_key("aws-kms", b"arn")), Some(("arn", [7].as_slice())));
        assert_eq!(of_kms(&data_key("aws-kms-rsa", b"arn")), None);
        assert_eq!(of_kms(&data_key("aws-kms", &[0xff])), None);
    }
}
