//! Generated shapes: `models/` holds what the API is, `crates/model` gets Rust for it.

mod generate;
mod names;
mod service;
mod trim;

use std::{fs, path::Path, process::Command};

use crate::Result;
use service::Service;

/// The package that the models are taken from, pinned.
const PACKAGE: &str = "botocore==1.44.5";
/// Services by their names in signatures, with their folders in the package.
const SERVICES: [(&str, &str); 5] = [
    ("kms", "kms/2014-11-01"),
    ("sts", "sts/2011-06-15"),
    ("iam", "iam/2010-05-08"),
    ("tagging", "resourcegroupstaggingapi/2017-01-26"),
    ("cloudtrail", "cloudtrail/2013-11-01"),
];
/// Keywright's own service, whose model is written by hand.
const OWN: &str = "keywright";

/// Downloads the package and writes the trimmed models.
pub(crate) fn fetch(root: &Path) -> Result<()> {
    let folder = root.join("target/botocore");
    fs::create_dir_all(&folder)?;
    let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest"];
    run(Command::new("python3").args(pip).arg(&folder).arg(PACKAGE))?;
    let places = SERVICES.map(|(_, place)| place);
    run(Command::new("python3").arg("-c").arg(UNPACK).arg(&folder).args(places))?;
    for (service, place) in SERVICES {
        let path = folder.join(format!("botocore/data/{place}/service-2.json"));
        let trimmed = trim::trim(service, &fs::read_to_string(path)?)?;
        fs::write(root.join(format!("models/{service}.json")), trimmed)?;
    }
    fs::copy(folder.join("LICENSE.txt"), root.join("models/LICENSE.txt"))?;
    Ok(())
}

/// Writes the Rust files.
pub(crate) fn write(root: &Path) -> Result<()> {
    for service in all() {
        fs::write(generated(root, service), generate(root, service)?)?;
    }
    Ok(())
}

/// Compares the Rust files with what would be written.
pub(crate) fn check(root: &Path) -> Result<()> {
    for service in all() {
        let path = generated(root, service);
        if fs::read_to_string(&path)? != generate(root, service)? {
            return Err(format!("{} is stale: run `cargo xtask shapes`", path.display()).into());
        }
    }
    Ok(())
}

/// The services whose models there are.
fn all() -> impl Iterator<Item = &'static str> {
    SERVICES.map(|(service, _)| service).into_iter().chain([OWN])
}

fn generate(root: &Path, service: &str) -> Result<String> {
    let model = fs::read_to_string(root.join(format!("models/{service}.json")))?;
    generate::generate(&Service::parse(service, &model)?)
}

fn generated(root: &Path, service: &str) -> std::path::PathBuf {
    root.join(format!("crates/model/src/{service}.rs"))
}

fn run(command: &mut Command) -> Result<()> {
    if command.status()?.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

/// A wheel is a zip file; the models in it are compressed once more.
const UNPACK: &str = r#"
import glob, gzip, sys, zipfile
folder, places = sys.argv[1], sys.argv[2:]
archive = zipfile.ZipFile(glob.glob(folder + "/botocore-*.whl")[0])
for name in archive.namelist():
    if name in [f"botocore/data/{place}/service-2.json.gz" for place in places]:
        archive.extract(name, folder)
        path = folder + "/" + name
        open(path[:-3], "wb").write(gzip.open(path).read())
    if name.endswith("LICENSE.txt"):
        open(folder + "/LICENSE.txt", "wb").write(archive.read(name))
"#;

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_shapes_are_what_the_models_give() {
        super::check(crate::root()).unwrap();
    }
}
