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
    let started = MessageSealer::start(&data_key, &context, &data_keys, &SystemRandomness);
    let (sealer, header) = started.map_err(not_sealed)?;
    drop(data_key);
    to.write(&[&header])?;
    seal_frames(sealer, &mut from, &mut to)?;
    to.finish()?;
    Ok(0)
}

/// A new data key, and the same under each of the KMS keys.
fn data_key(
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

/// Seals all that comes in. The frame that is not full is the last one. It may be empty.
///
/// # Errors
/// [`ClientFailure::Use`].
pub(crate) fn seal_frames(
    mut sealer: MessageSealer,
    from: &mut InputBytes,
    to: &mut OutputBytes,
) -> Result<(), ClientFailure> {
    let mut frame = Zeroizing::new(Vec::with_capacity(FRAME_BYTES));
    while from.read_until(&mut frame, FRAME_BYTES)? {
        let (head, tag) = sealer.seal_frame(&mut frame).map_err(not_sealed)?;
        to.write(&[&head, &frame, &tag])?;
        frame.clear();
    }
    let (head, tag) = sealer.seal_final_frame(&mut frame).map_err(not_sealed)?;
    to.write(&[&head, &frame, &tag])
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
