//! Where a development is kept.

use dev::DevConfig;
use serde_json::json;

use crate::server::{Server, config};

#[test]
fn a_data_directory_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let config = DevConfig { data_dir: Some(folder.path().join("dev")), ..config() };
    let server = Server::with(&config);
    let key = server.kms("CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
    drop(server);
    Server::with(&config).kms("DescribeKey", json!({ "KeyId": key })).ok();
}
