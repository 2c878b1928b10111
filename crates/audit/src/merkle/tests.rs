use proptest::prelude::*;

use super::*;

/// The leaves of the tests of Certificate Transparency's reference implementation.
/// <https://github.com/google/certificate-transparency/blob/master/cpp/merkletree/merkle_tree_test.cc>
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// The roots over the first leaf, the first two, and so on; from the same tests.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Paths of the same tests: index, number of leaves, hashes from the leaf upwards.
const PATHS: [(u64, u64, &[&str]); 5] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

#[test]
fn roots_are_those_of_certificate_transparency() {
    let mut tree = MerkleTree::new();
    assert_eq!(hex(&tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (leaf, root) in LEAVES.iter().zip(ROOTS) {
        tree.add(&base16ct::lower::decode_vec(leaf).unwrap());
        assert_eq!(hex(&tree.root()), root);
    }
    assert_eq!(tree.len(), 8);
}

#[test]
fn paths_are_those_of_certificate_transparency() {
    let leaves: Vec<_> = LEAVES.iter().map(|leaf| base16ct::lower::decode_vec(leaf).unwrap()).collect();
    for (index, records, path) in PATHS {
        let leaves = &leaves[..usize::try_from(records).unwrap()];
        let (found, root) = path_to(index, leaves).unwrap();
        assert_eq!(found.iter().map(hex).collect::<Vec<_>>(), path, "{index} of {records}");
        assert_eq!(hex(&root), ROOTS[leaves.len() - 1]);
    }
}

#[test]
fn there_is_no_path_to_what_is_not_there() {
    assert!(MerklePathFinder::new(0, 0).is_none());
    assert!(MerklePathFinder::new(3, 3).is_none());
    assert_eq!(merkle_root_of_path(b"", 0, 0, &[]), None);
    assert_eq!(merkle_root_of_path(b"", 1, 1, &[]), None);
    for passed in [2, 4] {
        let mut finder = MerklePathFinder::new(1, 3).unwrap();
        (0..passed).for_each(|_| finder.add(b"record"));
        assert!(finder.finish().is_none(), "{passed} of 3 records");
    }
}

#[test]
fn a_tree_of_two_to_the_63_is_climbed() {
    let path = [[7; CHAIN_LEN]; 64];
    assert!(merkle_root_of_path(b"", 1 << 63, (1 << 63) + 1, &path[..1]).is_some());
    assert!(merkle_root_of_path(b"", u64::MAX - 1, u64::MAX, &path[..63]).is_some());
    assert!(merkle_root_of_path(b"", 0, u64::MAX, &path).is_some());
}

proptest! {
    #[test]
    fn the_root_is_that_of_the_definition(records in records(70)) {
        let mut tree = MerkleTree::new();
        records.iter().for_each(|record| tree.add(record));
        prop_assert_eq!(tree.root(), defined_root(&records));
    }

    #[test]
    fn the_path_is_that_of_the_definition_and_leads_to_the_root(records in records(70), at in any::<prop::sample::Index>()) {
        prop_assume!(!records.is_empty());
        let index = at.index(records.len());
        let (path, root) = path_to(index as u64, &records).unwrap();
        prop_assert_eq!(&path, &defined_path(index, &records));
        prop_assert_eq!(root, defined_root(&records));
        let climbed = merkle_root_of_path(&records[index], index as u64, records.len() as u64, &path);
        prop_assert_eq!(climbed, Some(root));
    }

    #[test]
    fn whatever_is_changed_leads_elsewhere(
        mut records in records(40),
        at in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        prop_assume!(records.len() > 1);
        // As in a journal, no two are alike.
        records.iter_mut().enumerate().for_each(|(number, record)| record.push(u8::try_from(number).unwrap()));
        let index = at.index(records.len());
        let (index64, len) = (index as u64, records.len() as u64);
        let (path, root) = path_to(index64, &records).unwrap();

        let mut longer = records[index].clone();
        longer.push(0);
        prop_assert_ne!(merkle_root_of_path(&longer, index64, len, &path), Some(root));
        for other in (0..len).filter(|other| *other != index64) {
            let led = merkle_root_of_path(&records[index], other, len, &path);
            prop_assert_ne!(led, Some(root), "index {}", other);
        }
        let mut changed = path.clone();
        let byte = byte.index(path.len() * CHAIN_LEN);
        changed[byte / CHAIN_LEN][byte % CHAIN_LEN] ^= 1 << bit;
        prop_assert_ne!(merkle_root_of_path(&records[index], index64, len, &changed), Some(root));
        prop_assert_ne!(merkle_root_of_path(&records[index], index64, len, &path[1..]), Some(root));
        changed.clone_from(&path);
        changed.push([0; CHAIN_LEN]);
        prop_assert_eq!(merkle_root_of_path(&records[index], index64, len, &changed), None);
        if path.len() > 1 && path[0] != path[1] {
            changed.pop();
            changed.swap(0, 1);
            prop_assert_ne!(merkle_root_of_path(&records[index], index64, len, &changed), Some(root));
        }
    }
}

fn records(most: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..most)
}

fn path_to(index: u64, records: &[Vec<u8>]) -> Option<(Vec<MerkleHash>, MerkleHash)> {
    let mut finder = MerklePathFinder::new(index, records.len() as u64)?;
    records.iter().for_each(|record| finder.add(record));
    finder.finish()
}

/// MTH of RFC 6962 §2.1, word by word.
fn defined_root(records: &[Vec<u8>]) -> MerkleHash {
    match records {
        [] => sha256(&[]),
        [record] => sha256(&[&[0], record]),
        _ => {
            let (left, right) = records.split_at(k(records.len()));
            sha256(&[&[1], &defined_root(left), &defined_root(right)])
        }
    }
}

/// PATH of RFC 6962 §2.1.1, word by word.
fn defined_path(index: usize, records: &[Vec<u8>]) -> Vec<MerkleHash> {
    if records.len() == 1 {
        return Vec::new();
    }
    let (left, right) = records.split_at(k(records.len()));
    let (mut path, beside) = if index < left.len() {
        (defined_path(index, left), defined_root(right))
    } else {
        (defined_path(index - left.len(), right), defined_root(left))
    };
    path.push(beside);
    path
}

/// The largest power of two smaller than `n`.
fn k(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

fn hex(hash: &MerkleHash) -> String {
    base16ct::lower::encode_string(hash)
}
