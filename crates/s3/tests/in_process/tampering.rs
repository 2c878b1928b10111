//! Sealed data that somebody changes on the disk.

use std::fs;

use crate::world::World;

/// So much that the answer has begun to leave when the last chunk is opened.
const BYTES: usize = 2_000_000;

#[tokio::test]
async fn what_is_exchanged_by_hand_does_not_open() {
    let world = World::new().await;
    assert_eq!(world.ask("PUT", "/shelf", &[], b"").await.status, 200);
    let objects = [("/shelf/one", b'1'), ("/shelf/two", b'2')];
    for (target, byte) in objects {
        assert_eq!(world.ask("PUT", target, &[], &[byte; BYTES]).await.status, 200);
    }
    let [(path, sealed), (other_path, other)] = sealed(&world);
    fs::write(&path, &other).unwrap();
    fs::write(&other_path, &sealed).unwrap();
    for (target, _) in objects {
        let answer = world.ask("GET", target, &[], b"").await;
        assert_eq!(answer.refused(), (500, "InternalError".to_owned()));
    }
    // The beginning is right, and the end is another object's.
    let mixed = [&sealed[..BYTES - 10_000], &other[BYTES - 10_000..]].concat();
    fs::write(&path, mixed).unwrap();
    fs::write(&other_path, &other).unwrap();
    let mut whole = 0;
    for (target, byte) in objects {
        let answer = world.ask("GET", target, &[], b"").await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.iter().all(|got| *got == byte), "nothing comes that did not open");
        assert_eq!(answer.is_whole, answer.body.len() == BYTES, "the connection ends where it does not");
        whole += usize::from(answer.is_whole);
    }
    assert_eq!(whole, 1);
}

/// The two files of sealed data, and what they hold.
fn sealed(world: &World) -> [(std::path::PathBuf, Vec<u8>); 2] {
    let directories = fs::read_dir(world.directory().join("data")).unwrap();
    let files = directories.flat_map(|directory| fs::read_dir(directory.unwrap().path()).unwrap());
    let read: Vec<_> =
        files.map(|file| file.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    read.try_into().unwrap()
}
