//! How long a page of a listing takes, in a bucket of 200,000 objects.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "measures, and tells")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use catalog::{After, Bucket, Catalog, FileId, ListQuery, NewObject, StoredPart, WriteIf};
use tokio::task::JoinSet;

const OBJECTS: u64 = 200_000;
const ALL: ListQuery<'_> = ListQuery { prefix: "", delimiter: None, after: After::Start, max: 1000 };

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let catalog = Arc::new(Catalog::open_or_create(&directory.path().join("catalog.db"))?);
    let begun = Instant::now();
    fill(&catalog).await?;
    println!("{OBJECTS} objects put, 1000 at a time: {:?}", begun.elapsed());

    let hidden = ListQuery { delimiter: Some("/"), ..ALL };
    measure(&catalog, "1,000 keys", ALL)?;
    measure(&catalog, "1,000 keys from the middle", ListQuery { after: After::Key("25/"), ..ALL })?;
    measure(&catalog, "200 keys and 50 prefixes of 3,996 keys each", hidden)?;
    measure(&catalog, "prefixes of 4 keys each", ListQuery { prefix: "07/", ..hidden })?;
    Ok(())
}

/// Of 1,000 objects one is at the top; the others are in 50 folders, and in folders of these.
async fn fill(catalog: &Arc<Catalog>) -> Result<(), Box<dyn Error>> {
    let (name, owner, region) = ("b".to_owned(), "111122223333".to_owned(), "eu-central-1".to_owned());
    let (encryption, policy, tags) = (None, None, Vec::new());
    catalog.create_bucket(Bucket { name, owner, region, created_ms: 0, encryption, policy, tags }).await?;
    for thousand in 0..OBJECTS / 1000 {
        let mut writes = JoinSet::new();
        for number in thousand * 1000..(thousand + 1) * 1000 {
            let catalog = Arc::clone(catalog);
            writes.spawn(async move { catalog.put("b", object(number), WriteIf::Always).await });
        }
        while let Some(put) = writes.join_next().await {
            put??;
        }
    }
    Ok(())
}

fn object(number: u64) -> NewObject {
    let key = match number % 1000 {
        0 => format!("top {number:06}"),
        _ => format!("{:02}/{:03}/{number}", number % 50, number / 50 % 1000),
    };
    let (file, etag) = (FileId(u128::from(number).to_be_bytes()), format!("{number:032x}"));
    let note = Bytes::from_static(&[7; 64]);
    let parts = vec![StoredPart { number: 1, size: number, file, etag: etag.clone(), note }];
    let (envelope, tags) = (Bytes::from_static(&[7; 300]), Vec::new());
    let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
    NewObject { key, size: number, modified_ms: number, etag, envelope, headers, tags, parts }
}

/// The third of three.
fn measure(catalog: &Catalog, what: &str, query: ListQuery<'_>) -> Result<(), Box<dyn Error>> {
    catalog.list("b", query)?;
    catalog.list("b", query)?;
    let begun = Instant::now();
    let page = catalog.list("b", query)?;
    println!("{what}: {} entries in {:?}", page.entries.len(), begun.elapsed());
    Ok(())
}
