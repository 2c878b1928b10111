//! Sealed parts in a bucket: one object for each part, under a random name that is never used again.

use std::{collections::BTreeSet, fs, io, path::Path, time::Duration};

use catalog::FileId;
use envelope::{EnvelopeError, HEADER_BYTES, ObjectKey, PartHeader, PartSize};
use futures_util::StreamExt as _;

use super::{
    batch::{BatchOpener, OpenedBatch, PartPiece},
    bucket_client::{BucketClient, ObjectBody},
    bucket_error::BucketError,
    error::FileError,
    folders::{PresentParts, UnnamedParts},
    upload::ObjectUpload,
};

/// A bucket with sealed parts.
#[derive(Clone)]
pub(crate) struct DataBucket {
    client: BucketClient,
    /// A mark for each object that no row named at a start: a bucket cannot tell when that was.
    unnamed: UnnamedParts,
}

/// What is read of an object.
pub(crate) struct ObjectReader {
    client: BucketClient,
    file: FileId,
    size: PartSize,
    opener: BatchOpener,
    /// Where what is wanted ends in the object.
    end: u64,
    body: ObjectBody,
}

/// What the names of sealed parts begin with.
const DATA: &str = "data/";

/// Objects that are deleted at a time.
const DELETED_AT_ONCE: usize = 8;

/// How often an object is deleted that stays, and the first pause, which doubles: some minutes in all.
const DELETE_TRIES: u32 = 8;
const DELETE_PAUSE: Duration = Duration::from_secs(1);

/// How often a body that breaks off is asked for again from there, while nothing comes.
const RESUMED_MAX: u32 = 3;

impl DataBucket {
    pub(crate) fn open(client: BucketClient, directory: &Path) -> io::Result<Self> {
        Ok(Self { client, unnamed: UnnamedParts::open(directory)? })
    }

    /// Begins an object. Nothing is sent yet.
    pub(crate) fn create(&self, id: FileId, header: PartHeader, size: Option<PartSize>) -> ObjectUpload {
        ObjectUpload::new(self.client.clone(), name(id), header, size)
    }

    /// Opens a part, and reads the first batch of what is wanted of it: in one request, if that is at its beginning, else in two at once,
    /// since the header is read too.
    pub(crate) async fn read(
        &self,
        key: &ObjectKey,
        piece: &PartPiece,
    ) -> Result<(ObjectReader, OpenedBatch), FileError> {
        let (size, wanted) = (piece.slot.size, piece.slot.size.covering(piece.range.clone())?.sealed());
        let (name, whole) = (name(piece.file), size.sealed());
        let get = |range| self.client.get(&name, range, whole);
        let header_end = HEADER_BYTES as u64;
        let (header, body) = if wanted.start == header_end {
            let mut body = get(0..wanted.end).await?;
            (header_of(&mut body).await?, body)
        } else {
            let header = async { header_of(&mut get(0..header_end).await?).await };
            tokio::try_join!(header, get(wanted.clone()))?
        };
        let opener = BatchOpener::start(key, &header, piece)?;
        let client = self.client.clone();
        let mut reader = ObjectReader { client, file: piece.file, size, opener, end: wanted.end, body };
        let first = reader.next().await?.ok_or(EnvelopeError::ImpossibleSize)?;
        Ok((reader, first))
    }

    /// Deletes objects, again for some minutes if that fails. One that stays is sorted out at a later start.
    pub(crate) async fn remove(&self, ids: Vec<FileId>) {
        let ids = futures_util::stream::iter(ids);
        ids.for_each_concurrent(DELETED_AT_ONCE, |id| self.remove_one(id)).await;
    }

    async fn remove_one(&self, id: FileId) {
        let mut pause = DELETE_PAUSE;
        for tried in 1..=DELETE_TRIES {
            match self.client.delete(&name(id)).await {
                Ok(()) => return,
                Err(error) if tried == DELETE_TRIES => {
                    tracing::warn!(%error, "an object of the bucket that no row names could not be deleted");
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
    }

    /// Whether the bucket answers, and lets itself be listed: behind the last part nothing is.
    ///
    /// # Errors
    /// What the bucket says.
    pub(crate) async fn answers(&self) -> Result<(), FileError> {
        self.client.list(DATA, Some("data/~")).await?;
        Ok(())
    }

    /// The parts that the bucket has, and which of them are marked.
    pub(crate) async fn present(&self) -> Result<PresentParts, FileError> {
        let mut in_place = BTreeSet::new();
        let mut last = None;
        loop {
            let page = self.client.list(DATA, last.as_deref()).await?;
            if page.names.first().is_some_and(|first| last.as_ref() >= Some(first)) {
                return Err(BucketError::Unexpected("its list of names does not go on".to_owned()).into());
            }
            let ids = page.names.iter().filter_map(|name| name.strip_prefix(DATA)?.parse::<FileId>().ok());
            in_place.extend(ids);
            last = page.names.last().cloned();
            if !page.is_cut {
                let unnamed = self.unnamed.ids()?.intersection(&in_place).copied().collect();
                return Ok(PresentParts { in_place, unnamed });
            }
        }
    }

    /// Marks objects that no row names, and returns how many are new among them. Marks of earlier starts go if a row names the object now;
    /// after a week the object goes too.
    pub(crate) async fn sort_out(
        &self,
        present: &PresentParts,
        named: &BTreeSet<FileId>,
        now_seconds: i64,
    ) -> Result<usize, FileError> {
        for id in self.unnamed.ids()? {
            let stays = present.unnamed.contains(&id) && !named.contains(&id);
            if stays && !self.unnamed.is_over(id, now_seconds)? {
                continue;
            }
            if stays {
                self.client.delete(&name(id)).await?;
            }
            fs::remove_file(self.unnamed.path(id))?;
        }
        let unnamed = present.in_place.difference(named).filter(|id| !present.unnamed.contains(id));
        let mut count = 0;
        for id in unnamed {
            fs::write(self.unnamed.path(*id), b"")?;
            count += 1;
        }
        Ok(count)
    }
}

impl ObjectReader {
    /// The next batch of chunks; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<OpenedBatch>, FileError> {
        let Some(place) = self.opener.next_place()? else { return Ok(None) };
        let mut buffer = self.opener.buffer(&place);
        let (mut filled, mut resumed) = (0, 0);
        while let Err(error) = self.body.fill(buffer.as_mut(), &mut filled).await {
            resumed += 1;
            if resumed > RESUMED_MAX {
                return Err(error.into());
            }
            // The object never changes, so that it goes on where it broke off.
            let rest = place.start + filled as u64..self.end;
            self.body = self.client.get(&name(self.file), rest, self.size.sealed()).await?;
        }
        Ok(Some(self.opener.open(buffer)?))
    }
}

async fn header_of(body: &mut ObjectBody) -> Result<[u8; HEADER_BYTES], BucketError> {
    let mut header = [0; HEADER_BYTES];
    body.fill(&mut header, &mut 0).await?;
    Ok(header)
}

fn name(id: FileId) -> String {
    format!("{DATA}{id}")
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::MetadataExt as _,
        path::PathBuf,
        sync::{Arc, Mutex},
    };

    use forward::ThisMachine;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::files::bucket_place::DataBucketPlace;

    #[tokio::test]
    async fn all_pages_are_read() {
        let storage = Storage::new(|asked| match asked {
            "GET /sealed?list-type=2&max-keys=1000&prefix=p%2Fdata%2F" => page("true", &[1, 2]),
            asked if asked.ends_with(&format!("&start-after=p%2Fdata%2F{}", id(2))) => page("false", &[3]),
            _ => String::new(),
        });
        let present = storage.await.bucket.present().await.unwrap();
        assert_eq!(present.in_place, BTreeSet::from([id(1), id(2), id(3)]));
    }

    #[tokio::test]
    async fn what_no_row_names_is_deleted_after_a_week() {
        let storage = Storage::new(|asked| match asked.split_once(' ') {
            Some(("GET", _)) => page("false", &[1, 2]),
            Some(("DELETE", _)) => answer("204 No Content", "", ""),
            _ => String::new(),
        })
        .await;
        let sort_out = async |named: &[u8], now_seconds| {
            let named = named.iter().map(|number| id(*number)).collect();
            let present = storage.bucket.present().await.unwrap();
            storage.bucket.sort_out(&present, &named, now_seconds).await.unwrap()
        };
        let mark = storage.directory.path().join("unnamed").join(id(2).to_string());
        assert_eq!(sort_out(&[1], 0).await, 1);
        let since = fs::metadata(&mark).unwrap().ctime();
        assert_eq!(sort_out(&[1], since + 7 * 24 * 3600).await, 0);
        assert_eq!(sort_out(&[1, 2], i64::MAX).await, 0, "the right catalog is back");
        assert!(!mark.exists());
        assert_eq!(sort_out(&[1], 0).await, 1);
        assert!(!storage.asked().iter().any(|asked| asked.starts_with("DELETE")));
        assert_eq!(sort_out(&[1], i64::MAX).await, 0);
        assert!(!mark.exists());
        assert_eq!(storage.asked().last().unwrap(), &format!("DELETE /sealed/p/data/{}", id(2)));
    }

    #[tokio::test]
    async fn an_object_is_put_until_the_bucket_has_it() {
        let answers = Mutex::new(vec![
            answer("200 OK", "", "etag: \"e\"\r\n"),
            answer("503 Slow Down", "<Error><Code>SlowDown</Code></Error>", ""),
            String::new(),
        ]);
        let storage = Storage::new(move |_| answers.lock().unwrap().pop().unwrap()).await;
        storage.bucket.client.put("data/1", &"sealed".into()).await.unwrap();
        assert_eq!(storage.asked(), ["PUT /sealed/p/data/1 sealed"; 3]);
    }

    #[tokio::test]
    async fn what_is_answered_is_what_was_asked_for() {
        let get = async |told: &str, head: &str, body: &str| {
            let told = answer(told, body, head);
            let storage = Storage::new(move |_| told.clone()).await;
            storage.bucket.client.get("data/1", 2..5, 9).await.map(drop)
        };
        let partial = "206 Partial Content";
        get(partial, "content-range: bytes 2-4/9\r\n", "abc").await.unwrap();
        for head in ["content-range: bytes 2-4/8\r\n", "content-range: bytes 2-3/9\r\n", ""] {
            let error = get(partial, head, "abc").await.unwrap_err();
            assert!(matches!(error, BucketError::Unexpected(_)), "{head}: {error}");
        }
        for (told, code, is_gone) in
            [("404 Not Found", "NoSuchKey", true), ("404 Not Found", "NoSuchBucket", false)]
        {
            let error = get(told, "", &format!("<Error><Code>{code}</Code></Error>")).await.unwrap_err();
            assert_eq!(matches!(error.into(), FileError::Gone), is_gone, "{code}");
        }
        for told in ["200 OK", "416 Range Not Satisfiable"] {
            assert!(matches!(get(told, "", "abc").await.unwrap_err(), BucketError::Unexpected(_)), "{told}");
        }
    }

    /// A bucket that says what it is told to say, and remembers what it was asked: method, target and body.
    struct Storage {
        bucket: DataBucket,
        directory: tempfile::TempDir,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Storage {
        /// Without an answer, a connection is closed.
        async fn new(told: impl Fn(&str) -> String + Send + 'static) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let credentials = directory.path().join("bucket.ini");
            fs::write(&credentials, "[default]\naws_access_key_id = A\naws_secret_access_key = s\n").unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let endpoint = format!("http://{}", listener.local_addr().unwrap());
            let asked: Arc<Mutex<Vec<String>>> = Arc::default();
            let heard = Arc::clone(&asked);
            tokio::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut request = [0; 4096];
                    let count = stream.read(&mut request).await.unwrap();
                    let request = String::from_utf8_lossy(&request[..count]).into_owned();
                    let (head, body) = request.split_once("\r\n\r\n").unwrap();
                    let line = format!("{} {body}", head.split_once(" HTTP/1.1").unwrap().0);
                    heard.lock().unwrap().push(line.trim().to_owned());
                    stream.write_all(told(line.trim()).as_bytes()).await.unwrap();
                }
            });
            let credentials = (PathBuf::from(&credentials), "default".to_owned());
            let place =
                DataBucketPlace::new("s3://sealed/p", (Some(&endpoint), "eu-west-1"), credentials, None);
            let client = BucketClient::new(place.unwrap(), Arc::new(ThisMachine::start())).unwrap();
            let bucket = DataBucket::open(client, directory.path()).unwrap();
            Self { bucket, directory, asked }
        }

        fn asked(&self) -> Vec<String> {
            self.asked.lock().unwrap().clone()
        }
    }

    fn answer(status: &str, body: &str, head: &str) -> String {
        format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{head}\r\n{body}",
            body.len()
        )
    }

    fn page(is_cut: &str, numbers: &[u8]) -> String {
        let names =
            numbers.iter().map(|number| format!("<Contents><Key>p/data/{}</Key></Contents>", id(*number)));
        let names: String = names.collect();
        answer("200 OK", &format!("<L><IsTruncated>{is_cut}</IsTruncated>{names}</L>"), "")
    }

    fn id(number: u8) -> FileId {
        FileId([number; 16])
    }
}
