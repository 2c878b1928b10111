//! Buckets and their settings.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use catalog::{CatalogError, Creation, WriteIf};

use crate::scene::{ALICE, BOB, Scene, bucket, object};

#[tokio::test]
async fn a_name_is_given_once() {
    let scene = Scene::new();
    let catalog = scene.catalog();
    assert_eq!(catalog.create_bucket(bucket("b", ALICE)).await, Ok(Creation::Made));
    let mut again = bucket("b", ALICE);
    again.region = "us-east-1".to_owned();
    assert_eq!(catalog.create_bucket(again).await, Ok(Creation::OwnedByYou));
    assert_eq!(catalog.create_bucket(bucket("b", BOB)).await, Ok(Creation::Taken));
    assert_eq!(catalog.bucket("b").unwrap().as_deref(), Some(&bucket("b", ALICE)));
}

#[tokio::test]
async fn accounts_have_their_buckets_in_order() {
    let scene = Scene::new();
    let catalog = scene.catalog();
    for (name, owner) in [("c", ALICE), ("a", ALICE), ("b", BOB)] {
        catalog.create_bucket(bucket(name, owner)).await.unwrap();
    }
    assert_eq!(catalog.buckets_of(ALICE), Ok(vec![bucket("a", ALICE), bucket("c", ALICE)]));
    assert_eq!(catalog.buckets_of(BOB), Ok(vec![bucket("b", BOB)]));
    assert_eq!(catalog.buckets_of("777788889999"), Ok(vec![]));
}

#[tokio::test]
async fn settings_show_at_once_and_after_a_start() {
    let mut scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    let mut wanted = bucket("b", ALICE);
    assert_eq!(catalog.bucket("b").unwrap().as_deref(), Some(&wanted));

    wanted.encryption = Some(Box::from(&b"kms"[..]));
    catalog.set_encryption("b", wanted.encryption.clone()).await.unwrap();
    assert_eq!(catalog.bucket("b").unwrap().as_deref(), Some(&wanted));

    wanted.policy = Some("{}".to_owned());
    catalog.set_policy("b", wanted.policy.clone()).await.unwrap();
    assert_eq!(catalog.bucket("b").unwrap().as_deref(), Some(&wanted));

    wanted.tags = vec![("z".to_owned(), "1".to_owned()), ("a".to_owned(), String::new())];
    catalog.set_bucket_tags("b", wanted.tags.clone()).await.unwrap();
    assert_eq!(catalog.bucket("b").unwrap().as_deref(), Some(&wanted));

    scene.reopen();
    assert_eq!(scene.catalog().bucket("b").unwrap().as_deref(), Some(&wanted));
    (wanted.encryption, wanted.policy) = (None, None);
    scene.catalog().set_encryption("b", None).await.unwrap();
    scene.catalog().set_policy("b", None).await.unwrap();
    assert_eq!(scene.catalog().bucket("b").unwrap().as_deref(), Some(&wanted));
}

#[tokio::test]
async fn only_an_empty_bucket_is_deleted() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    catalog.put("b", object("k", 1), WriteIf::Always).await.unwrap();
    assert_eq!(catalog.delete_bucket("b").await, Err(CatalogError::BucketNotEmpty));
    catalog.delete("b", "k").await.unwrap();
    assert_eq!(catalog.delete_bucket("b").await, Ok(()));
    assert_eq!(catalog.bucket("b"), Ok(None));
}

#[tokio::test]
async fn what_needs_a_bucket_says_that_there_is_none() {
    let scene = Scene::new();
    let catalog = scene.catalog();
    let none = CatalogError::NoSuchBucket;
    assert_eq!(catalog.bucket("b"), Ok(None));
    assert_eq!(catalog.set_encryption("b", None).await, Err(none.clone()));
    assert_eq!(catalog.set_policy("b", None).await, Err(none.clone()));
    assert_eq!(catalog.set_bucket_tags("b", Vec::new()).await, Err(none.clone()));
    assert_eq!(catalog.delete_bucket("b").await, Err(none.clone()));
    assert_eq!(catalog.put("b", object("k", 1), WriteIf::Always).await, Err(none.clone()));
    assert_eq!(catalog.object("b", "k"), Err(none.clone()));
    assert_eq!(catalog.delete("b", "k").await, Err(none));
}

#[tokio::test]
async fn a_bucket_that_is_made_again_has_nothing_of_the_former() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    catalog.set_policy("b", Some("{}".to_owned())).await.unwrap();
    catalog.delete_bucket("b").await.unwrap();
    assert_eq!(catalog.create_bucket(bucket("b", BOB)).await, Ok(Creation::Made));
    assert_eq!(catalog.bucket("b").unwrap().as_deref(), Some(&bucket("b", BOB)));
}

#[tokio::test]
async fn a_change_that_nobody_waits_for_any_more_shows_too() {
    let scene = Scene::with_bucket().await;
    let catalog = scene.catalog();
    assert_eq!(catalog.bucket("b").unwrap().unwrap().policy, None);
    {
        let change = pin!(catalog.set_policy("b", Some("{}".to_owned())));
        assert_eq!(change.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    }
    // The writer takes one after the other.
    catalog.put("b", object("k", 1), WriteIf::Always).await.unwrap();
    assert_eq!(catalog.bucket("b").unwrap().unwrap().policy.as_deref(), Some("{}"));
}
