//! `seal-file`: files and pipes of any size, frame by frame, in the memory of one frame.

use envelope::{
    EnvelopeError, SystemRandomness,
    message::{EncryptedDataKey, FRAME_BYTES, MessageSealer},
};
use forward::{Context, DataKeyLength};
use secret::Plaintext;
use zeroize::Zeroizing;

use crate::{
    cli::SealFileOptions,
    client::Client,
    context,
    ending::ClientFailure,
    streams::{InputBytes, OutputBytes},
};

/// Who encrypts the data keys, in the words of the AWS Encryption SDK.
pub(crate) const PROVIDER: &str = "aws-kms";

/// Seals a file.
///
/// # Errors
/// [`ClientFailure`].
pub(crate) fn seal_file(client: &Client, options: SealFileOptions) -> Result<u8, ClientFailure> {
    let context = context::stated(options.context)?;
    let mut from = InputBytes::open(&options.file)?;
    let mut to = OutputBytes::create(&options.out, 0o644, &client.unique())?;
    if to.is_terminal() {
        return Err(ClientFailure::Use(
            "a sealed file is nothing to look at: pipe it, or use --out".to_owned(),
        ));
    }
    let (data_key, data_keys) = data_key(client, &options.keys, &context)?;
    let (sealer, header) = begin_message(&data_key, &context, &data_keys)?;
    drop(data_key);
    to.write(&[&header])?;
    seal_frames(sealer, &mut from, &mut to)?;
    to.finish()?;
    Ok(0)
}

/// Begins a message: what seals its frames, and its header.
///
/// # Errors
/// [`ClientFailure::Use`] for what no header can have.
pub(crate) fn begin_message(
    data_key: &Plaintext,
    context: &Context,
    data_keys: &[EncryptedDataKey],
) -> Result<(MessageSealer, Vec<u8>), ClientFailure> {
    MessageSealer::start(data_key, context, data_keys, &SystemRandomness).map_err(not_sealed)
}

/// A new data key, and the same under each of the KMS keys.
///
/// # Errors
/// [`ClientFailure::Kms`].
pub(crate) fn data_key(
    client: &Client,
    keys: &[String],
    context: &Context,
) -> Result<(Plaintext, Vec<EncryptedDataKey>), ClientFailure> {
    let (kms, act_for) = (&client.kms, &client.act_for);
    let (first, others) =
        keys.split_first().ok_or_else(|| ClientFailure::Use("no key is named".to_owned()))?;
    let made = client.wait(kms.generate_data_key(act_for, first, DataKeyLength::Aes256, context))?;
    let mut data_keys = vec![under(made.key, made.blob)];
    for key in others {
        let wrapped = client.wait(kms.encrypt(act_for, key, &made.plaintext, context))?;
        data_keys.push(under(wrapped.key, wrapped.blob));
    }
    Ok((made.plaintext, data_keys))
}

fn under(key: String, ciphertext: Vec<u8>) -> EncryptedDataKey {
    EncryptedDataKey { provider: PROVIDER.to_owned(), key: key.into_bytes(), ciphertext }
}

/// Seals all that comes in.
///
/// # Errors
/// [`ClientFailure::Use`].
pub(crate) fn seal_frames(
    sealer: MessageSealer,
    from: &mut InputBytes,
    to: &mut OutputBytes,
) -> Result<(), ClientFailure> {
    let mut frames = FrameSealer::new(sealer, to);
    while from.read_until(&mut frames.frame, FRAME_BYTES)? {
        frames.seal_full()?;
    }
    frames.finish()
}

/// Cuts what comes into frames, and seals them. The frame that is not full is the last one. It may be empty.
pub(crate) struct FrameSealer<'a> {
    sealer: MessageSealer,
    frame: Zeroizing<Vec<u8>>,
    to: &'a mut OutputBytes,
}

impl<'a> FrameSealer<'a> {
    /// Seals to behind what is there: the header.
    pub(crate) fn new(sealer: MessageSealer, to: &'a mut OutputBytes) -> Self {
        Self { sealer, frame: Zeroizing::new(Vec::with_capacity(FRAME_BYTES)), to }
    }

    /// Seals more, of any length.
    ///
    /// # Errors
    /// [`ClientFailure::Use`].
    pub(crate) fn push(&mut self, mut plain: &[u8]) -> Result<(), ClientFailure> {
        while !plain.is_empty() {
            let room = FRAME_BYTES.saturating_sub(self.frame.len()).min(plain.len());
            let (piece, rest) = plain.split_at(room);
            self.frame.extend_from_slice(piece);
            plain = rest;
            if self.frame.len() == FRAME_BYTES {
                self.seal_full()?;
            }
        }
        Ok(())
    }

    /// Seals the last frame.
    ///
    /// # Errors
    /// [`ClientFailure::Use`].
    pub(crate) fn finish(self) -> Result<(), ClientFailure> {
        let Self { sealer, mut frame, to } = self;
        let (head, tag) = sealer.seal_final_frame(&mut frame).map_err(not_sealed)?;
        to.write(&[&head, &frame, &tag])
    }

    fn seal_full(&mut self) -> Result<(), ClientFailure> {
        let (head, tag) = self.sealer.seal_frame(&mut self.frame).map_err(not_sealed)?;
        self.to.write(&[&head, &self.frame, &tag])?;
        self.frame.clear();
        Ok(())
    }
}

fn not_sealed(error: EnvelopeError) -> ClientFailure {
    ClientFailure::Use(match error {
        EnvelopeError::NotThisFormat => {
            "no header can be made: a name in the context begins with `aws-crypto-`, or the context and keys are too long"
                .to_owned()
        }
        EnvelopeError::ImpossibleSize => "nothing longer than 256 TiB can be sealed".to_owned(),
        error => error.to_string(),
    })
}
