//! A sealed part on its way into a bucket. A part of one batch is put as a whole, and again if the bucket did not answer; of a longer one
//! nothing is kept here but what is on its way.

use bytes::Bytes;
use envelope::{EnvelopeError, PartHeader, PartSize};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{
    bucket_client::{BucketClient, KEPT_WITHIN, PIECE_TIME},
    bucket_error::BucketError,
    error::FileError,
    sent_body::SentBody,
};

/// An object that is being written.
pub(crate) struct ObjectUpload {
    client: BucketClient,
    name: String,
    header: PartHeader,
    /// What was said to come.
    size: Option<PartSize>,
    /// Once a batch is full.
    stream: Option<UploadStream>,
}

/// A request whose body is sent. Without its end, the bucket keeps nothing.
struct UploadStream {
    pieces: mpsc::Sender<Bytes>,
    answer: JoinHandle<Result<(), BucketError>>,
}

impl ObjectUpload {
    pub(crate) fn new(
        client: BucketClient,
        name: String,
        header: PartHeader,
        size: Option<PartSize>,
    ) -> Self {
        Self { client, name, header, size, stream: None }
    }

    /// Sends a batch, behind which more follows.
    pub(crate) async fn append(&mut self, sealed: &[u8]) -> Result<(), FileError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let size = self.size.ok_or(FileError::LengthUnknown)?;
                let mut begun = UploadStream::begin(&self.client, self.name.clone(), size.sealed()).await?;
                begun.send(Bytes::copy_from_slice(self.header.as_bytes())).await?;
                self.stream.insert(begun)
            }
        };
        Ok(stream.send(Bytes::copy_from_slice(sealed)).await?)
    }

    /// Sends the last batch, and returns when the bucket has all.
    pub(crate) async fn finish(self, rest: Vec<u8>, size: PartSize) -> Result<(), FileError> {
        if self.size.is_some_and(|said| said != size) {
            return Err(EnvelopeError::ImpossibleSize.into());
        }
        match self.stream {
            None => {
                let whole = [self.header.as_bytes(), rest.as_slice()].concat();
                self.client.put(&self.name, &whole.into()).await?;
            }
            Some(mut stream) => {
                stream.send(rest.into()).await?;
                stream.end().await?;
                let length = self.client.length(&self.name).await?;
                if length != size.sealed() {
                    let what = format!("{} bytes were put, and {length} are there", size.sealed());
                    return Err(BucketError::Unexpected(what).into());
                }
            }
        }
        Ok(())
    }
}

impl UploadStream {
    async fn begin(client: &BucketClient, name: String, length: u64) -> Result<Self, BucketError> {
        let connection = client.connect().await?;
        // One batch waits while another one is on its way, and a third one filled.
        let (pieces, receiver) = mpsc::channel(1);
        let body = SentBody::Pieces { pieces: receiver, left: length };
        let client = client.clone();
        let answer = tokio::spawn(async move { client.put_over(connection, &name, body).await });
        Ok(Self { pieces, answer })
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), BucketError> {
        tokio::select! {
            biased;
            answered = &mut self.answer => Err(unexpected(answered)),
            sent = timeout(PIECE_TIME, self.pieces.send(piece)) => match sent {
                Ok(Ok(())) => Ok(()),
                // Nobody takes it any more.
                Ok(Err(_)) => Err(unexpected((&mut self.answer).await)),
                Err(elapsed) => Err(BucketError::too_slow(elapsed)),
            },
        }
    }

    async fn end(&mut self) -> Result<(), BucketError> {
        let answered = timeout(KEPT_WITHIN, &mut self.answer).await.map_err(BucketError::too_slow)?;
        answered.unwrap_or_else(|error| Err(BucketError::Unreachable(error.to_string())))
    }
}

impl Drop for UploadStream {
    /// What nobody waits for any more must not be kept after its caller has given it up.
    fn drop(&mut self) {
        self.answer.abort();
    }
}

/// What an answer means that comes before everything was sent.
fn unexpected(answered: Result<Result<(), BucketError>, tokio::task::JoinError>) -> BucketError {
    match answered {
        Ok(Err(error)) => error,
        Ok(Ok(())) => BucketError::Unexpected("it has the object before its end".to_owned()),
        Err(error) => BucketError::Unreachable(error.to_string()),
    }
}
