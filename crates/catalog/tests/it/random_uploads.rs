//! Random uploads, with the catalog closed and opened in between, against maps in memory.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{
    After, Catalog, CatalogError, FileId, ListQuery, ListedEntry, ListedUpload, NewUpload, PartPage,
    StoredPart, UploadId, WriteIf,
};
use proptest::prelude::*;

use crate::scene::{Scene, assembled, id, listed, object, part, upload};

const KEYS: &[&str] = &["a", "a/b", "a/c", "a0", "b"];

#[derive(Debug, Clone)]
enum Step {
    Begin { key: &'static str },
    Part { upload: usize, number: u16 },
    Complete { upload: usize, chosen: BTreeSet<u16>, conditional: bool },
    Abort { upload: usize },
    Put { key: &'static str },
    Delete { key: &'static str },
    List { prefix: &'static str, delimiter: Option<&'static str>, max: usize },
    Reopen,
}

/// One bucket: its objects by their parts' files, and its uploads.
#[derive(Default)]
struct Model {
    objects: BTreeMap<&'static str, (String, Vec<FileId>)>,
    begun: Vec<Begun>,
    seed: u64,
}

struct Begun {
    key: &'static str,
    id: UploadId,
    upload: NewUpload,
    goes_on: bool,
    overtaken: bool,
    parts: BTreeMap<u16, StoredPart>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn uploads_do_what_maps_in_memory_do(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}

async fn run(steps: Vec<Step>) {
    let mut scene = Scene::with_bucket().await;
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Reopen => scene.reopen(),
            step => model.step(scene.catalog(), step).await,
        }
        model.compare(scene.catalog());
    }
}

impl Model {
    async fn step(&mut self, catalog: &Catalog, step: Step) {
        self.seed += 1;
        match step {
            Step::Begin { key } => self.begin(catalog, key).await,
            Step::Part { upload, number } => self.part(catalog, upload, number).await,
            Step::Complete { upload, chosen, conditional } => {
                self.complete(catalog, upload, &chosen, conditional).await;
            }
            Step::Abort { upload } => self.abort(catalog, upload).await,
            Step::Put { key } => {
                let object = object(key, self.seed);
                let put = catalog.put("b", object.clone(), WriteIf::Always).await.unwrap();
                assert_eq!(put.replaced, self.write(key, object.etag, &object.parts));
            }
            Step::Delete { key } => {
                let deleted = catalog.delete("b", key).await.unwrap();
                let deleted = deleted.map(|object| files(&object.parts));
                assert_eq!(deleted, self.objects.remove(key).map(|(_, files)| files));
                // Where nothing was, nothing is deleted.
                if deleted.is_some() {
                    self.overtake(key);
                }
            }
            Step::List { prefix, delimiter, max } => self.list(catalog, prefix, delimiter, max),
            Step::Reopen => {}
        }
    }

    async fn begin(&mut self, catalog: &Catalog, key: &'static str) {
        // Ids do not rise with time.
        let (id, upload) = (id(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)), upload(key, self.seed));
        assert_eq!(catalog.create_upload("b", id, upload.clone()).await, Ok(()));
        let (goes_on, overtaken, parts) = (true, false, BTreeMap::new());
        self.begun.push(Begun { key, id, upload, goes_on, overtaken, parts });
    }

    async fn part(&mut self, catalog: &Catalog, upload: usize, number: u16) {
        let part = part(number, self.seed);
        let Some(begun) = pick(&mut self.begun, upload) else { return };
        let replaced = catalog.put_part(begun.id, part.clone()).await;
        if begun.goes_on {
            assert_eq!(replaced, Ok(begun.parts.insert(number, part).map(|part| part.file)));
        } else {
            assert_eq!(replaced, Err(CatalogError::NoSuchUpload));
        }
    }

    async fn complete(
        &mut self,
        catalog: &Catalog,
        upload: usize,
        chosen: &BTreeSet<u16>,
        conditional: bool,
    ) {
        let seed = self.seed;
        let Some(begun) = pick(&mut self.begun, upload) else { return };
        let there = self.objects.get(begun.key);
        let condition = match there {
            _ if !conditional => WriteIf::Always,
            Some((etag, _)) => WriteIf::Etag(etag.clone()),
            None => WriteIf::Absent,
        };
        // A part that was never sent is chosen all the same.
        let parts: Vec<_> = chosen
            .iter()
            .map(|number| begun.parts.get(number).cloned().unwrap_or_else(|| part(*number, 0)))
            .collect();
        let missing = chosen.iter().find(|number| !begun.parts.contains_key(number));
        let object = assembled(begun.key, seed, &parts);
        let completed = catalog.complete("b", begun.id, object.clone(), condition).await;
        let refusal = match missing {
            _ if !begun.goes_on => Some(CatalogError::NoSuchUpload),
            _ if conditional && begun.overtaken => Some(CatalogError::ConditionalConflict),
            Some(number) => Some(CatalogError::InvalidPart(*number)),
            None => None,
        };
        if let Some(refusal) = refusal {
            assert_eq!(completed, Err(refusal));
            return;
        }
        begun.goes_on = false;
        let sent = std::mem::take(&mut begun.parts);
        let unused = sent.into_iter().filter(|(number, _)| !chosen.contains(number));
        let unused: Vec<_> = unused.map(|(_, part)| part.file).collect();
        let (key, completed) = (begun.key, completed.unwrap());
        assert_eq!(completed.unused, unused);
        assert_eq!(completed.replaced, self.write(key, object.etag, &object.parts));
    }

    async fn abort(&mut self, catalog: &Catalog, upload: usize) {
        let Some(begun) = pick(&mut self.begun, upload) else { return };
        let aborted = catalog.abort(begun.id).await;
        if begun.goes_on {
            assert_eq!(aborted, Ok(begun.parts.values().map(|part| part.file).collect()));
        } else {
            assert_eq!(aborted, Err(CatalogError::NoSuchUpload));
        }
        begun.goes_on = false;
        begun.parts.clear();
    }

    /// Walks all pages, and compares them with all uploads at once.
    fn list(&self, catalog: &Catalog, prefix: &str, delimiter: Option<&str>, max: usize) {
        let mut found = Vec::new();
        let (mut marker, mut id) = (None::<String>, None);
        loop {
            let after = marker.as_deref().map_or(After::Start, After::Entry);
            let page = catalog.uploads("b", ListQuery { prefix, delimiter, after, max }, id).unwrap();
            assert!(page.entries.len() <= max);
            id = match page.entries.last() {
                Some(ListedEntry::Item(upload)) => Some(upload.id),
                _ => None,
            };
            found.extend(page.entries);
            marker = page.next;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(found, self.entries(prefix, delimiter));
    }

    /// A listing without pages, by looking at every upload.
    fn entries(&self, prefix: &str, delimiter: Option<&str>) -> Vec<ListedEntry<ListedUpload>> {
        let mut begun: Vec<_> = self.begun.iter().filter(|begun| begun.goes_on).collect();
        begun.sort_by_key(|begun| (begun.key, begun.id));
        let mut entries = Vec::new();
        for begun in begun {
            let Some(behind) = begun.key.strip_prefix(prefix) else { continue };
            let entry = match delimiter.and_then(|delimiter| behind.split_once(delimiter)) {
                None => ListedEntry::Item(listed(begun.id, &begun.upload)),
                Some((shown, _)) => {
                    ListedEntry::Prefix([prefix, shown, delimiter.unwrap_or_default()].concat())
                }
            };
            if entries.last() != Some(&entry) {
                entries.push(entry);
            }
        }
        entries
    }

    /// A key was written: what it had is replaced.
    fn write(&mut self, key: &'static str, etag: String, parts: &[StoredPart]) -> Vec<FileId> {
        self.overtake(key);
        self.objects.insert(key, (etag, files(parts))).map(|(_, files)| files).unwrap_or_default()
    }

    fn overtake(&mut self, key: &str) {
        self.begun.iter_mut().filter(|begun| begun.key == key).for_each(|begun| begun.overtaken = true);
    }

    /// Everything that can be read one by one.
    fn compare(&self, catalog: &Catalog) {
        let mut known = BTreeSet::new();
        for key in KEYS {
            let object = catalog.object("b", key).unwrap();
            let found = object.map(|object| (object.etag, files(&object.parts)));
            assert_eq!(found.as_ref(), self.objects.get(key));
            known.extend(found.into_iter().flat_map(|(_, files)| files));
        }
        for begun in &self.begun {
            let upload = begun.goes_on.then(|| begun.upload.clone());
            assert_eq!(catalog.upload("b", begun.key, begun.id), Ok(upload));
            if begun.goes_on {
                let parts: Vec<_> = begun.parts.values().cloned().collect();
                known.extend(files(&parts));
                assert_eq!(catalog.parts(begun.id, 0, 1000), Ok(PartPage { parts, next: None }));
            }
        }
        assert_eq!(catalog.files().unwrap(), known);
    }
}

fn pick(begun: &mut [Begun], upload: usize) -> Option<&mut Begun> {
    let place = upload.checked_rem(begun.len())?;
    begun.get_mut(place)
}

fn files(parts: &[StoredPart]) -> Vec<FileId> {
    parts.iter().map(|part| part.file).collect()
}

fn step() -> impl Strategy<Value = Step> {
    let key = || prop::sample::select(KEYS);
    let upload = || 0..5_usize;
    let prefix = prop::sample::select(&["", "a", "a/", "b", "c"][..]);
    let delimiter = prop::sample::select(&[None, Some("/"), Some("a")][..]);
    prop_oneof![
        6 => key().prop_map(|key| Step::Begin { key }),
        12 => (upload(), 1..5_u16).prop_map(|(upload, number)| Step::Part { upload, number }),
        4 => (upload(), prop::collection::btree_set(1..5_u16, 0..4), any::<bool>())
            .prop_map(|(upload, chosen, conditional)| Step::Complete { upload, chosen, conditional }),
        1 => upload().prop_map(|upload| Step::Abort { upload }),
        3 => key().prop_map(|key| Step::Put { key }),
        3 => key().prop_map(|key| Step::Delete { key }),
        4 => (prefix, delimiter, 1..4_usize)
            .prop_map(|(prefix, delimiter, max)| Step::List { prefix, delimiter, max }),
        1 => Just(Step::Reopen),
    ]
}
