//! Random operations, with the catalog closed and opened in between, against maps in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bytes::Bytes;
use catalog::{
    After, Catalog, CatalogError, Creation, FileId, ListQuery, ListedEntry, ListedObject, StoredObject,
    WriteIf,
};
use proptest::prelude::*;

use crate::objects::stored;
use crate::scene::{ALICE, BOB, Scene, bucket, object};

const BUCKETS: &[&str] = &["one", "two"];
const PIECES: &[&str] = &["a", "b", "/", "//", "ab", "é", "\u{ffff}", "\u{10000}", "\0"];
const DELIMITERS: &[Option<&str>] = &[None, Some("/"), Some("//"), Some("ab"), Some("é"), Some("")];

#[derive(Debug, Clone)]
enum Step {
    CreateBucket { bucket: &'static str, owner: &'static str },
    DeleteBucket { bucket: &'static str },
    Put { bucket: &'static str, key: String, condition: Wish },
    Delete { bucket: &'static str, keys: Vec<String> },
    Rewrap { bucket: &'static str, key: String, late: bool },
    List { bucket: &'static str, query: Query },
    Reopen,
}

#[derive(Debug, Clone, Copy)]
enum Wish {
    Always,
    Absent,
    RightEtag,
    WrongEtag,
}

#[derive(Debug, Clone)]
struct Query {
    prefix: String,
    delimiter: Option<&'static str>,
    after: Option<(bool, String)>,
    max: usize,
}

/// Each bucket's owner and objects.
#[derive(Default)]
struct Model {
    buckets: BTreeMap<&'static str, (&'static str, BTreeMap<String, StoredObject>)>,
    seed: u64,
    newest: u64,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_catalog_does_what_maps_in_memory_do(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}

#[test]
fn listings_of_many_keys_show_what_looking_at_every_key_shows() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (scene, mut model) = runtime.block_on(async {
        let (scene, mut model) = (Scene::with_bucket().await, Model::default());
        model.buckets.insert("b", (ALICE, BTreeMap::new()));
        for first in PIECES {
            for (second, third) in PIECES.iter().flat_map(|one| PIECES.iter().map(move |other| (one, other)))
            {
                model.put(scene.catalog(), "b", &[*first, second, third].concat(), Wish::Always).await;
            }
        }
        (scene, model)
    });
    let listed = std::cell::RefCell::new(&mut model);
    proptest!(|(query in query(1..200))| listed.borrow_mut().list(scene.catalog(), "b", &query));
}

async fn run(steps: Vec<Step>) {
    let mut scene = Scene::new();
    let mut model = Model::default();
    for name in BUCKETS {
        assert_eq!(scene.catalog().create_bucket(bucket(name, ALICE)).await, Ok(Creation::Made));
        model.buckets.insert(name, (ALICE, BTreeMap::new()));
    }
    for step in steps {
        if matches!(step, Step::Reopen) {
            scene.reopen();
        } else {
            model.step(scene.catalog(), step).await;
        }
        model.compare(scene.catalog());
    }
}

impl Model {
    async fn step(&mut self, catalog: &Catalog, step: Step) {
        match step {
            Step::CreateBucket { bucket: name, owner } => {
                let made = catalog.create_bucket(bucket(name, owner)).await;
                assert_eq!(made, Ok(self.create(name, owner)));
            }
            Step::DeleteBucket { bucket } => {
                assert_eq!(catalog.delete_bucket(bucket).await, self.delete_bucket(bucket));
            }
            Step::Put { bucket, key, condition } => self.put(catalog, bucket, &key, condition).await,
            Step::Delete { bucket, keys } => {
                let deleted = catalog.delete_many(bucket, keys.clone()).await;
                let objects = self.objects(bucket);
                assert_eq!(deleted, objects.map(|map| keys.iter().map(|key| map.remove(key)).collect()));
            }
            Step::Rewrap { bucket, key, late } => self.rewrap(catalog, bucket, &key, late).await,
            Step::List { bucket, query } => self.list(catalog, bucket, &query),
            Step::Reopen => {}
        }
    }

    fn objects(&mut self, bucket: &str) -> Result<&mut BTreeMap<String, StoredObject>, CatalogError> {
        self.buckets.get_mut(bucket).map(|(_, objects)| objects).ok_or(CatalogError::NoSuchBucket)
    }

    fn create(&mut self, name: &'static str, owner: &'static str) -> Creation {
        match self.buckets.get(name) {
            Some((there, _)) if *there == owner => Creation::OwnedByYou,
            Some(_) => Creation::Taken,
            None => {
                self.buckets.insert(name, (owner, BTreeMap::new()));
                Creation::Made
            }
        }
    }

    fn delete_bucket(&mut self, bucket: &'static str) -> Result<(), CatalogError> {
        if !self.objects(bucket)?.is_empty() {
            return Err(CatalogError::BucketNotEmpty);
        }
        self.buckets.remove(bucket);
        Ok(())
    }

    async fn put(&mut self, catalog: &Catalog, bucket: &str, key: &str, wish: Wish) {
        self.seed += 1;
        let (object, newest) = (object(key, self.seed), self.newest);
        let there = self.objects(bucket).ok().and_then(|objects| objects.get(key).cloned());
        let etag = |right: bool| match &there {
            Some(there) if right => there.etag.clone(),
            _ => "another".to_owned(),
        };
        let (condition, refusal) = match (wish, &there) {
            (Wish::Always, _) => (WriteIf::Always, None),
            (Wish::Absent, None) => (WriteIf::Absent, None),
            (Wish::Absent, Some(_)) => (WriteIf::Absent, Some(CatalogError::PreconditionFailed)),
            (Wish::RightEtag | Wish::WrongEtag, None) => {
                (WriteIf::Etag(etag(true)), Some(CatalogError::NoSuchKey))
            }
            (Wish::RightEtag, Some(_)) => (WriteIf::Etag(etag(true)), None),
            (Wish::WrongEtag, Some(_)) => {
                (WriteIf::Etag(etag(false)), Some(CatalogError::PreconditionFailed))
            }
        };
        let put = catalog.put(bucket, object.clone(), condition).await;
        let refusal = self.objects(bucket).err().or(refusal);
        if let Some(refusal) = refusal {
            assert_eq!(put, Err(refusal));
            return;
        }
        let put = put.unwrap();
        assert!(put.version > newest);
        self.newest = put.version;
        let replaced = self.objects(bucket).unwrap().insert(key.to_owned(), stored(put.version, &object));
        assert_eq!(put.replaced, replaced.iter().flat_map(files).collect::<Vec<_>>());
    }

    async fn rewrap(&mut self, catalog: &Catalog, bucket: &str, key: &str, late: bool) {
        self.seed += 1;
        let envelope = Bytes::from(format!("wrapped anew {}", self.seed));
        let version = self.objects(bucket).ok().and_then(|objects| Some(objects.get(key)?.version));
        let named = version.unwrap_or(1) - u64::from(late);
        let done = catalog.rewrap(bucket, key, named, envelope.clone()).await;
        let wanted = self.objects(bucket).and_then(|objects| {
            let object = objects.get_mut(key).ok_or(CatalogError::NoSuchKey)?;
            if late {
                return Err(CatalogError::Overtaken);
            }
            object.envelope = envelope;
            Ok(())
        });
        assert_eq!(done, wanted);
    }

    /// Walks all pages, and compares them with all entries at once.
    fn list(&mut self, catalog: &Catalog, bucket: &str, query: &Query) {
        let mut after = match &query.after {
            None => After::Start,
            Some((true, entry)) => After::Entry(entry),
            Some((false, key)) => After::Key(key),
        };
        let Ok(objects) = self.objects(bucket) else {
            let query = ListQuery { prefix: "", delimiter: None, after, max: 1 };
            assert_eq!(catalog.list(bucket, query).err(), Some(CatalogError::NoSuchBucket));
            return;
        };
        let wanted = entries(objects, query);
        let mut found = Vec::new();
        let mut marker;
        loop {
            let asked =
                ListQuery { prefix: &query.prefix, delimiter: query.delimiter, after, max: query.max };
            let page = catalog.list(bucket, asked).unwrap();
            assert!(page.entries.len() <= query.max);
            found.extend(page.entries);
            assert_eq!(page.next.is_some(), found.len() < wanted.len());
            let Some(next) = page.next else { break };
            marker = next;
            after = After::Entry(&marker);
        }
        assert_eq!(found, wanted);
    }

    /// Everything that can be read one by one.
    fn compare(&mut self, catalog: &Catalog) {
        let mut known = BTreeSet::new();
        for name in BUCKETS {
            let owner = catalog.bucket(name).unwrap().map(|bucket| bucket.owner.clone());
            assert_eq!(owner.as_deref(), self.buckets.get(name).map(|(owner, _)| *owner));
            for (key, object) in self.objects(name).into_iter().flatten() {
                known.extend(files(object));
                assert_eq!(catalog.object(name, key).unwrap().as_ref(), Some(&*object));
            }
        }
        assert_eq!(catalog.files().unwrap(), known);
    }
}

fn files(object: &StoredObject) -> impl Iterator<Item = FileId> {
    object.parts.iter().map(|part| part.file)
}

/// A listing without pages, by looking at every key.
fn entries(objects: &BTreeMap<String, StoredObject>, query: &Query) -> Vec<ListedEntry<ListedObject>> {
    let mut entries = Vec::new();
    for (key, object) in objects {
        let Some(behind) = key.strip_prefix(&query.prefix) else { continue };
        if query.after.as_ref().is_some_and(|(_, after)| key <= after) {
            continue;
        }
        let cut = query.delimiter.filter(|delimiter| !delimiter.is_empty());
        let cut = cut.and_then(|delimiter| Some(behind.find(delimiter)? + delimiter.len()));
        let Some(cut) = cut else {
            let StoredObject { key, size, modified_ms, etag, .. } = object.clone();
            entries.push(ListedEntry::Item(ListedObject { key, size, modified_ms, etag }));
            continue;
        };
        let common = key[..query.prefix.len() + cut].to_owned();
        let behind_entry = matches!(&query.after, Some((true, entry)) if entry.starts_with(&common));
        let entry = ListedEntry::Prefix(common);
        if !behind_entry && entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    entries
}

fn step() -> impl Strategy<Value = Step> {
    let bucket = || prop::sample::select(BUCKETS);
    let owner = prop::sample::select(&[ALICE, BOB][..]);
    let wish = prop::sample::select(&[Wish::Always, Wish::Absent, Wish::RightEtag, Wish::WrongEtag][..]);
    prop_oneof![
        1 => (bucket(), owner).prop_map(|(bucket, owner)| Step::CreateBucket { bucket, owner }),
        1 => bucket().prop_map(|bucket| Step::DeleteBucket { bucket }),
        12 => (bucket(), key(), wish).prop_map(|(bucket, key, condition)| Step::Put { bucket, key, condition }),
        3 => (bucket(), prop::collection::vec(key(), 0..4))
            .prop_map(|(bucket, keys)| Step::Delete { bucket, keys }),
        2 => (bucket(), key(), any::<bool>())
            .prop_map(|(bucket, key, late)| Step::Rewrap { bucket, key, late }),
        8 => (bucket(), query(1..5)).prop_map(|(bucket, query)| Step::List { bucket, query }),
        1 => Just(Step::Reopen),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..4).prop_map(|pieces| pieces.concat())
}

fn query(max: Range<usize>) -> impl Strategy<Value = Query> {
    let prefix = prop::collection::vec(prop::sample::select(PIECES), 0..2).prop_map(|pieces| pieces.concat());
    let after = prop::option::of((any::<bool>(), key()));
    (prefix, prop::sample::select(DELIMITERS), after, max).prop_map(|(prefix, delimiter, after, max)| Query {
        prefix,
        delimiter,
        after,
        max,
    })
}
