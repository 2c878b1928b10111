//! A directory as a bucket: an object is a file, and its metadata a file beside it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    future::ready,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use cloudtrail::{BucketObject, DeliveryBucket, NotPut, Putting};
use serde_json::{Map, Value};

/// A directory. It is never made: where it is missing, a file system is not mounted, and nothing must be put in its place.
#[derive(Debug)]
pub struct DirectoryBucket(PathBuf);

impl DirectoryBucket {
    /// The directory at this path.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn keep(&self, object: &BucketObject<'_>) -> io::Result<()> {
        let Self(root) = self;
        // It must be there already.
        fs::metadata(root)?;
        let parts = object.name.split('/');
        if parts.clone().any(|part| matches!(part, "" | "." | "..")) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = parts.fold(root.clone(), |path, part| path.join(part));
        let folder = file.parent().unwrap_or(root);
        DirBuilder::new().recursive(true).mode(0o750).create(folder)?;
        // First what is nothing without the object.
        if !object.metadata.is_empty() {
            let members =
                object.metadata.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
            let text = Value::Object(members.collect::<Map<_, _>>()).to_string();
            replace(&beside(&file, ".metadata"), text.as_bytes())?;
        }
        replace(&file, &object.contents)?;
        sync_up_to(folder, root)
    }
}

impl DeliveryBucket for DirectoryBucket {
    /// Works at once, on the thread that asks.
    fn put<'a>(&'a self, object: BucketObject<'a>) -> Putting<'a> {
        let kept = match object.kms_key {
            Some(_) => Err(NotPut {
                code: "NotImplemented".to_owned(),
                detail: "a directory does not encrypt with a KMS key".to_owned(),
            }),
            None => self.keep(&object).map_err(|error| NotPut {
                code: if error.kind() == io::ErrorKind::NotFound { "NoSuchBucket" } else { "InternalError" }
                    .to_owned(),
                detail: format!("{}: {error}", self.0.display()),
            }),
        };
        Box::pin(ready(kept))
    }
}

/// Puts a whole file in the place of what was there.
fn replace(file: &Path, contents: &[u8]) -> io::Result<()> {
    let draft = beside(file, ".draft");
    let mut made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&draft)?;
    made.write_all(contents)?;
    made.sync_all()?;
    fs::rename(&draft, file)
}

/// Makes the names of a folder durable, and those of the folders above it.
fn sync_up_to(folder: &Path, root: &Path) -> io::Result<()> {
    for above in folder.ancestors().take_while(|above| above.starts_with(root)) {
        File::open(above)?.sync_all()?;
    }
    Ok(())
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn object<'a>(name: &'a str, metadata: &'a [(&'static str, String)]) -> BucketObject<'a> {
        BucketObject { name, contents: b"abc".as_slice().into(), metadata, kms_key: None }
    }

    #[tokio::test]
    async fn an_object_is_a_file_and_another_puts_it_away() {
        let root = tempfile::tempdir().unwrap();
        let bucket = DirectoryBucket::new(root.path().to_owned());
        let metadata = [("signature", "ab".to_owned())];
        bucket.put(object("a/b/c.json.gz", &metadata)).await.unwrap();
        let file = root.path().join("a/b/c.json.gz");
        assert_eq!(fs::read(&file).unwrap(), b"abc");
        assert_eq!(fs::read(root.path().join("a/b/c.json.gz.metadata")).unwrap(), br#"{"signature":"ab"}"#);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        bucket
            .put(BucketObject { contents: b"d".as_slice().into(), ..object("a/b/c.json.gz", &[]) })
            .await
            .unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"d");
    }

    #[tokio::test]
    async fn nothing_is_put_outside_or_in_the_place_of_what_is_not_mounted() {
        let root = tempfile::tempdir().unwrap();
        let bucket = DirectoryBucket::new(root.path().join("mount"));
        let missing = bucket.put(object("a", &[])).await.unwrap_err();
        assert_eq!(missing.code, "NoSuchBucket");
        fs::create_dir(root.path().join("mount")).unwrap();
        for name in ["../a", "a/../../b", "", "/a", "a//b", "."] {
            bucket.put(object(name, &[])).await.unwrap_err();
        }
        let key = BucketObject { kms_key: Some("alias/a"), ..object("a", &[]) };
        assert_eq!(bucket.put(key).await.unwrap_err().code, "NotImplemented");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(root.path().join("mount")).unwrap().count(), 0);
    }
}
