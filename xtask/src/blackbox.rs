//! The black box: a built server, and real clients that know nothing of how it is built.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Result, built,
    command::{cargo, run, works},
    javascript,
    python::{duckdb, environment, python},
};

/// Runs the tests in `tests/blackbox`.
///
/// # Errors
/// Something that they need is missing, or one fails.
pub(crate) fn test(root: &Path) -> Result<()> {
    machine_programs()?;
    // As the tests before were built, so that nothing is built twice for other features.
    run(&mut cargo(root, &["test", "--workspace", "--no-run", "--quiet"]))?;
    let bin = environment(root)?;
    duckdb(root)?;
    javascript::packages(root, &bin)?;
    let mut pytest = with_server(python(&bin), root, &bin)?;
    pytest
        .env("SDK_RUST", built(root, "debug/sdk-rust"))
        .env("BENCH_BINARY", built(root, "debug/bench"))
        .env("PARQUET_STAFF", built(root, "debug/examples/staff"))
        .env("KEYWRIGHT_CLIENT", built(root, "ci/keywright-client"));
    run(pytest.args(["-m", "pytest", "--quiet", "--durations", "5"]))
}

/// Kills a server at random moments, so many times, and looks for anything lost.
///
/// # Errors
/// What is lost, or what is missing to look for it.
pub(crate) fn kill(root: &Path, rounds: u32, seed: Option<u32>) -> Result<()> {
    server(root)?;
    killed(root, "kill.py", rounds, seed)
}

/// Kills an S3 gateway at random moments, so many times, and looks for anything lost, changed or half there.
///
/// # Errors
/// What is found, or what is missing to look for it.
pub(crate) fn kill_s3(root: &Path, rounds: u32, seed: Option<u32>) -> Result<()> {
    server(root)?;
    programs(root)?;
    killed(root, "kill_s3.py", rounds, seed)
}

fn killed(root: &Path, program: &str, rounds: u32, seed: Option<u32>) -> Result<()> {
    let bin = environment(root)?;
    let mut kill = with_server(python(&bin), root, &bin)?;
    kill.args([program, "--rounds", &rounds.to_string()]);
    if let Some(seed) = seed {
        kill.args(["--seed", &seed.to_string()]);
    }
    run(&mut kill)
}

/// Attacks a server, each attack for so long and by so many connections, and looks what it costs others.
///
/// # Errors
/// A bound that is broken, or what is missing to look.
pub(crate) fn abuse(root: &Path, attacks: &[String], seconds: u32, connections: u32) -> Result<()> {
    server(root)?;
    let bin = environment(root)?;
    let mut abuse = with_server(python(&bin), root, &bin)?;
    let (seconds, connections) = (seconds.to_string(), connections.to_string());
    abuse.args(["abuse.py", "--seconds", &seconds, "--connections", &connections]).args(attacks);
    run(&mut abuse)
}

/// Measures a release of the S3 gateway beside other servers. The arguments are the benchmark's own.
///
/// # Errors
/// It does not build or run.
pub(crate) fn bench_s3(root: &Path, arguments: &[String]) -> Result<()> {
    server(root)?;
    run(&mut cargo(root, &["build", "--release", "--package", "keywright-s3", "--package", "bench"]))?;
    let bin = environment(root)?;
    let mut bench = with_server(python(&bin), root, &bin)?;
    bench.env("KEYWRIGHT_S3_BINARY", built(root, "release/keywright-s3"));
    bench.env("BENCH_BINARY", built(root, "release/bench"));
    run(bench.arg("bench_s3.py").args(arguments))
}

/// Builds the server that is tested.
///
/// # Errors
/// It does not build.
pub(crate) fn server(root: &Path) -> Result<()> {
    run(&mut cargo(root, &["build", "--quiet", "--package", "keywright", "--profile", "ci"]))
}

/// Builds the programs that are tested beside the server.
///
/// # Errors
/// They do not build.
pub(crate) fn programs(root: &Path) -> Result<()> {
    let packages = ["--package", "keywright-client", "--package", "keywright-s3"];
    run(cargo(root, &["build", "--quiet", "--profile", "ci"]).args(packages))
}

/// A program of the Python environment that finds the server and the environment's aws CLI.
fn with_server(mut program: Command, root: &Path, bin: &Path) -> Result<Command> {
    let paths = env::split_paths(&path()).collect::<Vec<_>>();
    let path = env::join_paths([bin.to_path_buf()].into_iter().chain(paths))?;
    program.env("PATH", path).env("VIRTUAL_ENV", root.join("target/venv"));
    program.env("PYTHONDONTWRITEBYTECODE", "1").env("KEYWRIGHT_BINARY", built(root, "ci/keywright"));
    program.env("KEYWRIGHT_S3_BINARY", built(root, "ci/keywright-s3"));
    program.current_dir(root.join("tests/blackbox"));
    Ok(program)
}

/// Makes sure that the programs are there that are not on PyPI: the machine's own, or Debian's.
fn machine_programs() -> Result<()> {
    let missing = || {
        let aws_cli = (!has_aws_cli_2()).then_some("awscli");
        let mariadb = (!works(Command::new("mariadbd").arg("--version"))).then_some("mariadb-server");
        let postgresql = (!works(Command::new(POSTGRESQL).arg("--version"))).then_some("postgresql");
        let is_missing = |(program, asked): &(&'static str, &str)| !works(Command::new(program).arg(asked));
        let of_s3 = CLIENTS_OF_S3.into_iter().filter(is_missing).map(|(program, _)| program);
        let rsyslog = if has_rsyslog() { [].as_slice() } else { &RSYSLOG };
        let of_volumes = if has_programs_of_volumes() { [].as_slice() } else { &OF_VOLUMES };
        let of_databases = mariadb.into_iter().chain(postgresql);
        aws_cli.into_iter().chain(of_databases).chain(of_s3).chain(rsyslog.iter().chain(of_volumes).copied())
    };
    let packages: Vec<&str> = missing().collect();
    if packages.is_empty() {
        return Ok(());
    }
    let install =
        [&["install", "--yes", "--no-install-recommends", "--quiet", "--quiet"], &*packages].concat();
    let installed = run(apt(&["update", "--quiet"])?.arg("--quiet")).and_then(|()| run(&mut apt(&install)?));
    installed.map_err(|error| format!("{error}; {PROGRAMS}"))?;
    if missing().next().is_some() {
        Err(format!("Debian's packages do not suffice; {PROGRAMS}").into())
    } else {
        Ok(())
    }
}

const PROGRAMS: &str = "the black box needs an aws CLI 2, MariaDB, PostgreSQL 15, pgBackRest, rclone, restic, s3fs, an rsyslog with OpenSSL, \
                        cryptsetup with its headers, xfs_io, and mkfs.ext4: install them";
/// Where Debian has it: only its clients are on the path.
const POSTGRESQL: &str = "/usr/lib/postgresql/15/bin/postgres";
/// Debian's packages bear the programs' names. With each, what it is asked to learn whether it is there.
const CLIENTS_OF_S3: [(&str, &str); 4] =
    [("pgbackrest", "version"), ("rclone", "version"), ("restic", "version"), ("s3fs", "--version")];
/// With its driver for TLS.
const RSYSLOG: [&str; 2] = ["rsyslog", "rsyslog-openssl"];

/// cryptsetup with the header that token handlers are built with, and what makes and encrypts an ext4.
const OF_VOLUMES: [&str; 4] = ["cryptsetup-bin", "libcryptsetup-dev", "xfsprogs", "e2fsprogs"];

fn has_programs_of_volumes() -> bool {
    // Debian has them where only root looks for programs.
    let has = |program: &str| {
        let folders = env::split_paths(&path()).chain([PathBuf::from("/usr/sbin")]).collect::<Vec<_>>();
        folders.iter().any(|folder| folder.join(program).exists())
    };
    ["cryptsetup", "xfs_io", "mkfs.ext4"].iter().all(|program| has(program))
        && Path::new("/usr/include/libcryptsetup.h").exists()
}

fn has_rsyslog() -> bool {
    let has_driver = |folder: &Path| folder.join("lmnsd_ossl.so").exists();
    let libraries =
        ["x86_64-linux-gnu/", "aarch64-linux-gnu/", ""].map(|kind| format!("/usr/lib/{kind}rsyslog"));
    works(Command::new("rsyslogd").arg("-v")) && libraries.iter().map(Path::new).any(has_driver)
}

fn has_aws_cli_2() -> bool {
    env::split_paths(&path()).map(|folder| folder.join("aws")).any(|program| {
        let said = Command::new(program).arg("--version").output().map(|output| output.stdout);
        said.is_ok_and(|said| said.starts_with(b"aws-cli/2."))
    })
}

/// `apt-get`, as root or with `sudo` if that asks for no password.
fn apt(arguments: &[&str]) -> Result<Command> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let mut command = if is_root {
        Command::new("apt-get")
    } else if works(Command::new("sudo").args(["--non-interactive", "true"])) {
        let mut sudo = Command::new("sudo");
        sudo.arg("apt-get");
        sudo
    } else {
        return Err("packages are missing, and neither root nor a sudo without password is here".into());
    };
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

fn path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_the_environment_come_first() {
        let bin = Path::new("/venv/bin");
        let program = with_server(Command::new("true"), Path::new("/repository"), bin).unwrap();
        let set: Vec<_> = program.get_envs().filter(|(name, _)| *name == "PATH").collect();
        assert!(set[0].1.unwrap().to_string_lossy().starts_with("/venv/bin:"));
    }
}
