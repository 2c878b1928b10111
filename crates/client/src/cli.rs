//! What the command line says.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::{
    campaign::CampaignOptions,
    contents::{SecretForm, SecretTemplate},
    delivery::{KeyName, KeyOption},
    volume::VolumeCommand,
};

/// Secrets for programs, and files of any size, under keys of Keywright or AWS KMS
#[derive(Debug, Parser)]
#[command(
    name = "keywright-client",
    version,
    after_help = "\
KMS and the credentials are found as AWS's SDKs find them: AWS_ENDPOINT_URL_KMS, AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, \
AWS_CONTAINER_CREDENTIALS_FULL_URI and their like. docs/client.md tells more.

Exit codes: 0 done; 1 wrong use; 2 a campaign did not do everything; 65 it does not open; 69 KMS is not reached; 75 try again; 77 denied; 78 the key is disabled, \
pending deletion, or gone."
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: ClientCommand,
    #[command(flatten)]
    pub(crate) calling: Calling,
}

/// How KMS is called.
#[derive(Debug, Args)]
pub(crate) struct Calling {
    /// For whom to call, as a service of Keywright: the ARN of a user, or `service`
    #[arg(long, global = true, value_name = "PRINCIPAL")]
    pub(crate) act_for: Option<String>,
    /// How long to try again when KMS is not reached
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub(crate) wait: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Keep a secret, or a new data key, in a record
    Wrap(Wrap),
    /// Show what a record keeps
    Unwrap(Unwrap),
    /// Put what a record keeps under the key's newest material, or under another key
    Rewrap(Rewrap),
    /// Start a program with what records keep
    Exec(Exec),
    /// Seal a file or a pipe of any size, in the message format of the AWS Encryption SDK
    SealFile(SealFileOptions),
    /// Open a sealed file, or show by what it is sealed
    OpenFile(OpenFileOptions),
    /// Put many records, sealed files, volumes and objects under another key, or make them unreadable with their key
    Campaign(CampaignOptions),
    /// Answer systemd, which asks for keys of volumes and credentials of units
    Agent(AgentOptions),
    /// Encrypt disks and directories under a KMS key, and open them on the hosts that may
    #[command(subcommand)]
    Volume(VolumeCommand),
}

/// Options of `wrap`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright-client wrap --key alias/db --context app=shop --new 32 --out key.json
  printf %s \"$PASSWORD\" | keywright-client wrap --key alias/db --out password.json")]
pub(crate) struct Wrap {
    /// The KMS key: an id, an ARN, or an alias
    #[arg(long, value_name = "KEY")]
    pub(crate) key: String,
    /// Part of the encryption context, which is kept in the record and has to be true at every decryption
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(String, String)>,
    /// Keep a new data key of so many bytes, which is not shown
    #[arg(long, value_name = "BYTES", conflicts_with = "input", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) new: Option<u16>,
    /// The file with the secret, of at most 4096 bytes [default: standard input]
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Write the record here; there must be no such file yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Options of `unwrap`.
#[derive(Debug, Args)]
pub(crate) struct Unwrap {
    /// The record
    #[arg(value_name = "FILE")]
    pub(crate) record: PathBuf,
    /// What the record's encryption context must have
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(String, String)>,
    /// How to write the secret
    #[arg(long, value_enum, value_name = "FORM", default_value_t = SecretForm::Raw)]
    pub(crate) form: SecretForm,
    /// Write the secret here, for the owner alone; there must be no such file yet [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Options of `rewrap`.
#[derive(Debug, Args)]
pub(crate) struct Rewrap {
    /// The record, which is replaced
    #[arg(value_name = "FILE")]
    pub(crate) record: PathBuf,
    /// Another KMS key to put it under [default: the record's]
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// Options of `exec`.
#[derive(Debug, Args)]
#[command(after_help = "\
The program gets a secret
  fd    in memory, by a file descriptor, which others of the same user can open; the variable NAME has the path
  file  in a file in memory, removed when the program ends; the variable NAME has its path
  env   in the variable NAME itself, which others of the same user can read

`{NAME}` in the program's arguments stands for the path. Several records of one NAME come one after the other. A template \
may hold `{hex}`, `{base64}`, `{raw}`, and `{n}`, the number of the record.

Example:
  keywright-client exec --key KEYS=key.json:fd --template 'KEYS={n};{hex}\\n' -- \\
    mariadbd --plugin-load-add=file_key_management --file-key-management-filename={KEYS}")]
pub(crate) struct Exec {
    /// A record, and how the program gets what it keeps
    #[arg(long = "key", required = true, value_name = "NAME=FILE:fd|file|env")]
    pub(crate) keys: Vec<KeyOption>,
    /// The form in which the program gets the secrets of a name [default: their bytes]
    #[arg(long = "template", value_name = "NAME=TEXT", value_parser = template)]
    pub(crate) templates: Vec<(KeyName, SecretTemplate)>,
    /// What the encryption contexts of all records must have
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(String, String)>,
    /// Where files are put, in memory [default: XDG_RUNTIME_DIR, /dev/shm]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The program and its arguments
    #[arg(required = true, last = true, value_name = "PROGRAM")]
    pub(crate) program: Vec<OsString>,
}

/// Options of `seal-file`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright-client seal-file --key alias/files --context to=bob report.pdf --out report.pdf.sealed
  tar c photos | keywright-client seal-file --key alias/files > photos.sealed")]
pub(crate) struct SealFileOptions {
    /// What is sealed; `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// The KMS key: an id, an ARN, or an alias. The data key of the file is kept under each that is named: who may use one of
    /// them opens the file
    #[arg(long = "key", required = true, value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Part of the encryption context, which everybody can read in the file, and which has to be true to open it
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(String, String)>,
    /// Where it is written to; there must be no such file yet; `-` for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) out: PathBuf,
}

/// Options of `open-file`.
#[derive(Debug, Args)]
#[command(after_help = "\
A file has its name when all of it was verified, not before. Standard output gets each frame as it is verified: only the exit \
code 0 says that nothing was cut off.

Examples:
  keywright-client open-file --context to=bob report.pdf.sealed --out report.pdf
  keywright-client open-file --inspect report.pdf.sealed")]
pub(crate) struct OpenFileOptions {
    /// What was sealed; `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// Under which KMS key its data key must be: an ARN or an id. Several: under one of them [default: any]
    #[arg(long = "key", value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// What its encryption context must have
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(String, String)>,
    /// Where it is written to, for the owner alone; there must be no such file yet; `-` for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) out: PathBuf,
    /// Show its encryption context, suite and keys, unverified; call nobody, and open nothing
    #[arg(long, conflicts_with_all = ["keys", "context", "out"])]
    pub(crate) inspect: bool,
}

/// Options of `agent`.
#[derive(Debug, Args)]
#[command(after_help = "\
Records are found by what systemd asks for:
  DIR/cryptsetup/VOLUME.json   for a line `VOLUME DEVICE SOCKET` of /etc/crypttab
  DIR/unit/UNIT/ID.json        for `LoadCredential=ID:SOCKET` of a unit, whose name is with its ending, as in `shop.service`

Only root and the agent's own user are answered.")]
pub(crate) struct AgentOptions {
    /// Where it listens
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: PathBuf,
    /// The folder of the records
    #[arg(long, value_name = "DIR")]
    pub(crate) records: PathBuf,
    /// What the encryption contexts of all records must have
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(String, String)>,
    /// How secrets are written
    #[arg(long, value_enum, value_name = "FORM", default_value_t = SecretForm::Raw)]
    pub(crate) form: SecretForm,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn template(text: &str) -> Result<(KeyName, SecretTemplate), String> {
    let (name, text) = pair(text)?;
    Ok((name.parse()?, text.parse()?))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_program_keeps_its_own_options() {
        let cli = CommandLine::try_parse_from(["c", "exec", "--key", "K=k.json", "--", "p", "--wait", "x"])
            .unwrap();
        let ClientCommand::Exec(exec) = cli.command else { panic!("not exec") };
        assert_eq!((exec.program.len(), cli.calling.wait), (3, 60));
    }
}
