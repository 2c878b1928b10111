//! What each command does.

use std::{ffi::OsString, path::Path};

use forward::DataKeyLength;
use secret::Plaintext;

use crate::{
    agent, campaign,
    cli::{ClientCommand, CommandLine, Exec, Rewrap, Unwrap, Wrap},
    client::Client,
    contents::{SecretTemplate, in_form, together},
    context,
    delivery::{HandedOver, KeyName, SecretFolder, Way, usual_folder},
    ending::ClientFailure,
    opening, program,
    record::{WrapRecord, write_new},
    sealing,
    streams::{InputBytes, print},
    volume,
};

/// The longest secret that KMS encrypts.
const SECRET_BYTES_MAX: usize = 4096;

/// Runs a command with an environment, and returns the code that it ends with.
///
/// # Errors
/// [`ClientFailure`].
pub(crate) fn run(
    cli: CommandLine,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<u8, ClientFailure> {
    let CommandLine { command, calling } = cli;
    let client = || Client::new(&calling, variable);
    match command {
        ClientCommand::Wrap(options) => wrap(&client()?, options),
        ClientCommand::Unwrap(options) => unwrap(&client()?, &options),
        ClientCommand::Rewrap(options) => rewrap(&client()?, &options),
        ClientCommand::Exec(options) => exec(client()?, &options, variable("XDG_RUNTIME_DIR")),
        ClientCommand::SealFile(options) => sealing::seal_file(&client()?, options),
        ClientCommand::OpenFile(options) if options.inspect => opening::inspect(&options),
        ClientCommand::OpenFile(options) => opening::open_file(&client()?, &options),
        ClientCommand::Campaign(options) => campaign::run(&client()?, options, &calling, variable),
        ClientCommand::Agent(options) => {
            agent::run(client()?, options, variable("NOTIFY_SOCKET").as_deref().map(Path::new))
        }
        ClientCommand::Volume(command) => volume::run(command, &client),
    }
}

fn wrap(client: &Client, options: Wrap) -> Result<u8, ClientFailure> {
    let Wrap { key, context, new, input, out } = options;
    let context = context::stated(context)?;
    let (kms, act_for) = (&client.kms, &client.act_for);
    let made = match new {
        Some(bytes) => {
            let length = DataKeyLength::Bytes(bytes);
            client.wait(kms.generate_data_key_without_plaintext(act_for, &key, length, &context))?
        }
        None => {
            let secret = read_secret(input.as_deref())?;
            client.wait(kms.encrypt(act_for, &key, &secret, &context))?
        }
    };
    let record = WrapRecord::new(made.key, context, made.blob, made.material).to_text()?;
    match out {
        Some(file) => write_new(&file, &record, 0o644)?,
        None => print(&record)?,
    }
    Ok(0)
}

fn unwrap(client: &Client, options: &Unwrap) -> Result<u8, ClientFailure> {
    let record = WrapRecord::read(&options.record, &options.context)?;
    let secret = in_form(&client.open(&record)?, options.form);
    match &options.out {
        Some(file) => write_new(file, secret.reveal(), 0o600)?,
        None => print(secret.reveal())?,
    }
    Ok(0)
}

fn rewrap(client: &Client, options: &Rewrap) -> Result<u8, ClientFailure> {
    let record = WrapRecord::read(&options.record, &[])?;
    let to = options.key.as_deref().unwrap_or(&record.key);
    client.rewrap(&record, to)?.replace(&options.record, &client.unique())?;
    Ok(0)
}

fn exec(client: Client, options: &Exec, runtime_dir: Option<OsString>) -> Result<u8, ClientFailure> {
    let wanted = by_name(options)?;
    let within = options.dir.clone().unwrap_or_else(|| usual_folder(runtime_dir));
    let folder = SecretFolder::within(within, client.unique());
    let opened = wanted.into_iter().map(|named| open_all(&client, named)).collect::<Result<Vec<_>, _>>()?;
    // Files are put when nothing is waited for any more, so that none is left behind by who gives up waiting.
    let delivered = opened
        .into_iter()
        .map(|(name, way, secret)| Ok((name.clone(), HandedOver::put(secret, name, way, &folder)?)));
    let delivered = delivered.collect::<Result<Vec<_>, ClientFailure>>()?;
    let Client { runtime, .. } = client;
    program::run(&options.program, &delivered, runtime)
}

/// What a program gets under one name.
fn open_all<'a>(
    client: &Client,
    named: NamedSecrets<'a>,
) -> Result<(&'a KeyName, Way, Plaintext), ClientFailure> {
    let NamedSecrets { name, way, template, records } = named;
    let secrets =
        records.iter().zip(1..).map(|(record, number)| Ok(template.fill(&client.open(record)?, number)));
    Ok((name, way, together(&secrets.collect::<Result<Vec<_>, ClientFailure>>()?)))
}

/// The records of one name.
struct NamedSecrets<'a> {
    name: &'a KeyName,
    way: Way,
    template: SecretTemplate,
    records: Vec<WrapRecord>,
}

/// The options by name. All records are read before the first one is opened.
fn by_name(options: &Exec) -> Result<Vec<NamedSecrets<'_>>, ClientFailure> {
    let mut wanted: Vec<NamedSecrets<'_>> = Vec::new();
    for option in &options.keys {
        let record = WrapRecord::read(&option.record, &options.context)?;
        match wanted.iter_mut().find(|wanted| *wanted.name == option.name) {
            Some(named) if named.way != option.way => {
                return Err(ClientFailure::Use(format!(
                    "{}: all its records have to come in one way",
                    option.name
                )));
            }
            Some(named) => named.records.push(record),
            None => wanted.push(NamedSecrets {
                name: &option.name,
                way: option.way,
                template: SecretTemplate::raw(),
                records: vec![record],
            }),
        }
    }
    for (name, template) in &options.templates {
        let named = wanted.iter_mut().find(|wanted| wanted.name == name);
        let named = named.ok_or_else(|| ClientFailure::Use(format!("{name}: a template without a key")))?;
        named.template = template.clone();
    }
    Ok(wanted)
}

/// A secret from a file or standard input, bounded.
fn read_secret(input: Option<&Path>) -> Result<Plaintext, ClientFailure> {
    let mut from = InputBytes::open(input.unwrap_or(Path::new("-")))?;
    // One more than there may be, so that what is too long shows.
    let mut secret = Vec::with_capacity(SECRET_BYTES_MAX + 1);
    let read = from.read_until(&mut secret, SECRET_BYTES_MAX + 1);
    let secret = Plaintext::new(secret);
    read?;
    if secret.is_empty() || secret.len() > SECRET_BYTES_MAX {
        return Err(ClientFailure::Use(format!("{}: expected 1 to {SECRET_BYTES_MAX} bytes", from.name)));
    }
    Ok(secret)
}
