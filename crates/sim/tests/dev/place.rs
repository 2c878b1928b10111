//! Where a development is kept, and that it is never taken for anything else.

use std::sync::Arc;

use serde_json::json;
use server::{
    clock::SystemClock,
    config::{Config, Settings},
    dev::DevConfig,
    entropy::SystemEntropy,
    init,
    keywright::Keywright,
    metrics::Metrics,
};

use crate::server::{Server, config};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

#[test]
fn a_data_directory_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let config = DevConfig { data_dir: Some(folder.path().join("dev")), ..config() };
    let server = Server::with(&config);
    let key = server.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    drop(server);
    Server::with(&config).kms("DescribeKey", json!({ "KeyId": key })).ok();
}

#[test]
fn what_dev_made_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("dev");
    drop(Server::with(&DevConfig { data_dir: Some(data_dir.clone()), ..config() }));
    let settings = Settings { data_dir: Some(data_dir), ..Settings::default() };
    let opened = Keywright::open(&Config::check(settings).unwrap(), Arc::new(Metrics::default()));
    let error = opened.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("keywright dev"), "{error}");
}

#[test]
fn what_is_served_is_not_given_to_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let settings = Settings { data_dir: Some(data_dir.clone()), ..Settings::default() };
    let served = Config::check(settings).unwrap();
    run(init::initialise(&served, None, &SystemClock::start(), &SystemEntropy)).unwrap();
    let refused = Server::try_with(&DevConfig { data_dir: Some(data_dir), ..config() });
    let error = refused.err().unwrap_or_default();
    assert!(error.contains("not made by `keywright dev`"), "{error}");
}
