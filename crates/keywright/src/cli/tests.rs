use clap::{CommandFactory, error::ErrorKind};
use dispatch::{Durability, Policies, Regions};
use model::arn::Partition;
use server::SealFile;

use super::*;
use crate::config::{Config, Settings};

fn parse(line: &str) -> Result<Command, clap::Error> {
    Cli::try_parse_from(line.split_whitespace()).map(Cli::command)
}

#[test]
fn the_definition_is_sound() {
    Cli::command_for_update().debug_assert();
}

#[test]
fn nothing_means_serve_with_defaults() {
    let Command::Serve(serve) = parse("keywright").unwrap() else { panic!("not serve") };
    let bare = Config::check(Settings::default()).unwrap();
    assert_eq!(serve.place.with(serve.service).unwrap(), bare);
}

#[test]
fn serve_takes_its_options() {
    let line = "keywright serve --data-dir /d --listen [::1]:1 --admin-listen 127.0.0.1:2 --regions any \
                --journal handed-over --seal-passphrase-file /p";
    let Command::Serve(serve) = parse(line).unwrap() else { panic!("not serve") };
    let config = serve.place.with(serve.service).unwrap();
    assert_eq!(config.data_dir, PathBuf::from("/d"));
    assert_eq!(config.listen.to_string(), "[::1]:1");
    assert_eq!(config.admin_listen.to_string(), "127.0.0.1:2");
    assert_eq!(config.regions, Regions::any(Partition::Aws));
    assert_eq!(config.journal, Durability::HandedOver);
    assert_eq!(config.seal, SealFile::Passphrase("/p".into()));
}

#[test]
fn init_takes_hosts_and_aws_names() {
    let line =
        "keywright init --account-id 123456789012 --tls kms.test,10.0.0.1 other.test --takeover eu-west-1";
    let Command::Init(init) = parse(line).unwrap() else { panic!("not init") };
    assert_eq!(init.account_id, Some(123_456_789_012));
    let names: Vec<String> = init.names.all().iter().map(ToString::to_string).collect();
    assert_eq!(names.first().map(String::as_str), Some("kms.test"));
    for expected in ["10.0.0.1", "other.test", "kms.eu-west-1.amazonaws.com", "sts.amazonaws.com"] {
        assert!(names.iter().any(|name| name == expected), "{expected} is not in {names:?}");
    }
}

#[test]
fn dev_takes_its_options() {
    let Command::Dev(bare) = parse("keywright dev").unwrap() else { panic!("not dev") };
    let config = bare.config().unwrap();
    assert!(config.listen.ip().is_loopback() && config.data_dir.is_none() && !config.verify);
    assert_eq!(config.policies, Policies::Enforced);
    let line = "keywright dev --listen [::1]:1 --data-dir d --seed s.yaml --verify --policies ignored \
                --service s3=arn:aws:iam::000000000000:user/gateway";
    let Command::Dev(full) = parse(line).unwrap() else { panic!("not dev") };
    let config = full.config().unwrap();
    assert_eq!((config.listen.to_string().as_str(), config.verify), ("[::1]:1", true));
    assert_eq!(config.policies, Policies::Ignored);
    assert_eq!(config.services.len(), 1);
    assert!(parse("keywright dev --service s4=arn:aws:iam::000000000000:user/gateway").is_err());
}

#[test]
fn dev_lets_others_in_only_when_told() {
    let told = |line: &str| {
        let Command::Dev(options) = parse(line).unwrap() else { panic!("not dev") };
        options.config().map_err(|wrong| wrong.to_string())
    };
    let refused = told("keywright dev --listen 0.0.0.0:4599").unwrap_err();
    assert!(refused.contains("--danger-let-others-in") && refused.contains("127.0.0.1:4599"), "{refused}");
    assert!(told("keywright dev --listen 0.0.0.0:4599 --danger-let-others-in").is_ok());
    assert!(told("keywright dev --allow-origin *").unwrap_err().contains("--allow-origin"));
    assert!(told("keywright dev --allow-origin http://localhost:3000").is_ok());
}

#[test]
fn journal_takes_a_directory() {
    assert!(matches!(
        parse("keywright journal verify --data-dir /d").unwrap(),
        Command::Journal(JournalCommand::Verify { place, since: None }) if place.data_dir == Some("/d".into())
    ));
    assert!(matches!(
        parse("keywright journal show").unwrap(),
        Command::Journal(JournalCommand::Show { .. })
    ));
}

#[test]
fn trail_takes_a_key_or_a_principal() {
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let line = format!("keywright trail usage {id} --since 2026-11-30 --data-dir /d --json");
    let Command::Trail(TrailCommand::Usage { key, since, report }) = parse(&line).unwrap() else {
        panic!("not usage")
    };
    assert_eq!((key.to_string().as_str(), since.unwrap().as_millis()), (id, 1_795_996_800_000));
    assert_eq!((report.json, report.place.data_dir), (true, Some("/d".into())));
    let line = "keywright trail policy arn:aws:iam::111122223333:role/app --since 2026-11-30T01:00:00+01:00";
    let Command::Trail(TrailCommand::Policy { principal, since, .. }) = parse(line).unwrap() else {
        panic!("not policy")
    };
    assert_eq!(
        (principal.arn(), since.unwrap().as_millis()),
        ("arn:aws:iam::111122223333:role/app", 1_795_996_800_000,)
    );
    let deletion = parse(&format!("keywright trail deletion {id}")).unwrap();
    assert!(matches!(deletion, Command::Trail(TrailCommand::Deletion { .. })));
}

#[test]
fn what_is_wrong_is_told_with_what_is_right() {
    for (line, kind, expected) in [
        ("keywright serve --listn 1", ErrorKind::UnknownArgument, "--listen"),
        ("keywright --listen 127.0.0.1:1", ErrorKind::UnknownArgument, "--listen"),
        ("keywright sreve", ErrorKind::InvalidSubcommand, "serve"),
        ("keywright serve --listen localhost:1", ErrorKind::ValueValidation, "127.0.0.1:4599"),
        ("keywright dev --policies off", ErrorKind::InvalidValue, "enforced, ignored"),
        ("keywright credentials --role-arn a --listen 0.0.0.0:1", ErrorKind::ValueValidation, "loopback"),
        (
            "keywright credentials --role-arn a --duration-seconds 899",
            ErrorKind::ValueValidation,
            "900..=43200",
        ),
        ("keywright serve --verify", ErrorKind::UnknownArgument, "--verify"),
        ("keywright serve --seed keys.yaml", ErrorKind::UnknownArgument, "--seed"),
        ("keywright serve --regions us", ErrorKind::ValueValidation, "us-east-1,eu-west-1"),
        ("keywright serve --journal never", ErrorKind::ValueValidation, "handed-over"),
        ("keywright init --account-id 12", ErrorKind::ValueValidation, "12 digits"),
        ("keywright init --tls *.example.net", ErrorKind::ValueValidation, "host name"),
        ("keywright init --takeover mars", ErrorKind::ValueValidation, "us-east-1"),
        ("keywright account add --account-id 1", ErrorKind::ValueValidation, "12 digits"),
        ("keywright trail usage alias/a", ErrorKind::ValueValidation, "by its id or its ARN"),
        ("keywright trail usage key", ErrorKind::ValueValidation, "the id of a key, or its ARN"),
        (
            "keywright trail policy arn:aws:iam::111122223333:root",
            ErrorKind::ValueValidation,
            "the root user may do everything",
        ),
        ("keywright trail policy alice", ErrorKind::ValueValidation, "user/alice"),
        (
            "keywright trail usage 1234abcd-12ab-34cd-56ef-1234567890ab --since monday",
            ErrorKind::ValueValidation,
            "2026-11-30",
        ),
        ("keywright health --admin localhost", ErrorKind::ValueValidation, "127.0.0.1:4599"),
        (
            "keywright serve --seal-key a --seal-passphrase-file b",
            ErrorKind::ArgumentConflict,
            "cannot be used",
        ),
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.kind(), kind, "{line}");
        assert!(error.to_string().contains(expected), "{line}: {error}");
    }
}

#[test]
fn every_command_has_examples() {
    let mut cli = Cli::command_for_update();
    let mut commands: Vec<&mut clap::Command> = vec![&mut cli];
    while let Some(command) = commands.pop() {
        if !command.has_subcommands() || command.get_name() == "keywright" {
            let help = command.render_long_help().to_string();
            assert!(help.contains("Example") && help.contains("keywright"), "{help}");
        }
        commands.extend(command.get_subcommands_mut());
    }
}
