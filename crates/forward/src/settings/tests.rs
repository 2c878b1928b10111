use std::collections::BTreeMap;

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Settings, KmsError> {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    Settings::read(&|name| variables.get(name).map(OsString::from))
}

fn refused(variables: &[(&str, &str)]) -> String {
    read(variables).map(|settings| format!("{settings:?}")).unwrap_err().to_string()
}

#[test]
fn the_endpoint_is_the_nearest_that_is_named() {
    let region = ("AWS_REGION", "eu-west-1");
    for (variables, endpoint) in [
        (vec![region], "https://kms.eu-west-1.amazonaws.com/"),
        (vec![("AWS_DEFAULT_REGION", "cn-north-1")], "https://kms.cn-north-1.amazonaws.com.cn/"),
        (vec![region, ("AWS_DEFAULT_REGION", "us-east-1")], "https://kms.eu-west-1.amazonaws.com/"),
        (vec![region, ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")], "http://127.0.0.1:1/"),
        (
            vec![
                region,
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
                ("AWS_ENDPOINT_URL_KMS", "https://kms/x"),
            ],
            "https://kms/x",
        ),
        (vec![region, ("AWS_ENDPOINT_URL_KMS", "")], "https://kms.eu-west-1.amazonaws.com/"),
    ] {
        assert_eq!(read(&variables).unwrap().endpoint().to_string(), endpoint, "{variables:?}");
    }
}

#[test]
fn s3_has_an_endpoint_of_its_own() {
    let read = |variables: &[(&str, &str)]| {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let settings = Settings::read_for_s3(&|name| variables.get(name).map(OsString::from)).unwrap();
        settings.endpoint().to_string()
    };
    let (region, both) = (("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"));
    let (kms, s3) =
        (("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:2"), ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:3"));
    assert_eq!(read(&[region, kms]), "https://s3.eu-west-1.amazonaws.com/");
    assert_eq!(read(&[region, kms, both]), "http://127.0.0.1:1/");
    assert_eq!(read(&[region, kms, both, s3]), "http://127.0.0.1:3/");
}

#[test]
fn sts_is_where_its_own_variable_says() {
    let region = ("AWS_REGION", "eu-west-1");
    for (variables, endpoint) in [
        (vec![region, ("AWS_ENDPOINT_URL_KMS", "https://kms/x")], "https://sts.eu-west-1.amazonaws.com/"),
        (vec![region, ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")], "http://127.0.0.1:1/"),
        (
            vec![
                region,
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
                ("AWS_ENDPOINT_URL_STS", "https://sts/"),
            ],
            "https://sts/",
        ),
        (vec![("AWS_REGION", "cn-north-1")], "https://sts.cn-north-1.amazonaws.com.cn/"),
    ] {
        assert_eq!(read(&variables).unwrap().sts_endpoint.to_string(), endpoint, "{variables:?}");
    }
}

#[test]
fn profiles_tell_what_the_environment_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (config, credentials) = (folder.path().join("config"), folder.path().join("credentials"));
    let text = "[default]\nregion = eu-west-1\n[profile k]\nregion = eu-west-3\nca_bundle = /ca.pem\nservices = here\n\
                endpoint_url = http://127.0.0.1:1\n[services here]\nkms =\n  endpoint_url = http://127.0.0.1:2\n\
                sts =\n  endpoint_url = http://127.0.0.1:4\n";
    fs::write(&config, text).unwrap();
    fs::write(&credentials, "[only]\naws_access_key_id = AKIA\naws_secret_access_key = s\n").unwrap();
    let files = [
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap()),
    ];
    let with = |others: &[(&str, &str)]| read(&[&files, others].concat());

    assert_eq!(with(&[]).unwrap().region(), "eu-west-1");
    let of_profile = with(&[("AWS_PROFILE", "k")]).unwrap();
    assert_eq!(of_profile.region(), "eu-west-3");
    assert_eq!(of_profile.endpoint().to_string(), "http://127.0.0.1:2/");
    assert_eq!(of_profile.sts_endpoint.to_string(), "http://127.0.0.1:4/");
    assert_eq!(of_profile.ca_file.as_deref(), Some(Path::new("/ca.pem")));
    assert_eq!(of_profile.sources.profile, "k");
    let overridden = with(&[("AWS_PROFILE", "k"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:3")]).unwrap();
    assert_eq!(overridden.endpoint().to_string(), "http://127.0.0.1:3/");
    let only = with(&[("AWS_PROFILE", "only"), ("AWS_REGION", "us-east-1")]).unwrap();
    assert_eq!((only.region(), only.sources.files.len()), ("us-east-1", 2));
    let nobody = with(&[("AWS_PROFILE", "nobody"), ("AWS_REGION", "us-east-1")]);
    assert_eq!(nobody.unwrap_err().to_string(), "there is no profile `nobody`");
}

#[test]
fn files_are_where_the_home_is() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    fs::write(home.path().join(".aws/config"), "[default]\nregion = eu-west-2\n").unwrap();
    assert_eq!(read(&[("HOME", home.path().to_str().unwrap())]).unwrap().region(), "eu-west-2");
}

#[test]
fn mistakes_are_named() {
    let region = ("AWS_REGION", "eu-west-1");
    assert_eq!(refused(&[]), "no Region: set AWS_REGION");
    assert_eq!(refused(&[region, ("AWS_ENDPOINT_URL", "not a url")]), "`not a url` is no URL");
    let half = refused(&[region, ("AWS_ACCESS_KEY_ID", "AKIA")]);
    assert_eq!(half, "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not");
    let half = refused(&[region, ("AWS_SECRET_ACCESS_KEY", "s3cret")]);
    assert!(half.ends_with("AWS_ACCESS_KEY_ID is not") && !half.contains("s3cret"));
    let folder = tempfile::tempdir().unwrap();
    let unreadable = refused(&[region, ("AWS_CONFIG_FILE", folder.path().to_str().unwrap())]);
    assert!(unreadable.contains("directory"), "{unreadable}");
}
