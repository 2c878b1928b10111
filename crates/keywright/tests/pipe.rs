//! Output that nobody takes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io::pipe,
    process::{Command, Output},
};

/// Runs a command whose standard output is a pipe that was closed at the other end.
fn unread(arguments: &[&str]) -> Output {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
    command.args(arguments).env_clear().current_dir(&directory).stdout(writer).output().unwrap()
}

#[test]
fn who_reads_only_the_beginning_gets_no_error() {
    let Output { status, stderr, .. } = unread(&["check"]);
    assert_eq!((status.code(), String::from_utf8(stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn a_root_user_whose_secret_is_lost_is_an_error() {
    let Output { status, stderr, .. } = unread(&["init"]);
    let told = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains("Broken pipe"), "{told}");
}
