//! What each command does.

#![expect(clippy::print_stderr, reason = "these are the commands' messages")]

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use dispatch::{Clock, Regions};
use model::arn::{AccountId, Region};
use policy::PolicyKind;

use server::{RootCredentials, SystemClock, SystemEntropy};
use tokio::runtime::Runtime;

use crate::{
    cli::{Certificate, Check, Command, Explain, Init, Journal, Kind, LintPolicy, Names, Serve},
    config::{Config, DEFAULT_REGION},
    explain, hardening, lint, logging, records, serve,
};

/// Whatever ends a command early; shown to the operator.
type Failure = Box<dyn std::error::Error>;

/// Runs a command.
#[must_use]
pub(crate) fn run(command: Command) -> ExitCode {
    let done = match command {
        Command::Serve(options) => serve(options),
        Command::Dev(options) => develop(options),
        Command::Init(options) => initialise(options),
        Command::Check(options) => check(options),
        Command::Certificate(options) => certificate(options),
        Command::Explain(options) => explain(options),
        Command::LintPolicy(options) => lint_policy(&options),
        Command::Credentials(options) => hand_out(&options),
        Command::Journal(Journal::Show { data_dir }) => show(&data_dir),
        Command::Journal(Journal::Verify { data_dir }) => verify(&data_dir),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("keywright: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: Serve) -> Result<(), Failure> {
    let config = options.place.with(options.service)?;
    logging::start(config.log);
    logging::hide_panic_messages();
    for missing in hardening::apply() {
        tracing::warn!("{missing}");
    }
    let runtime = runtime()?;
    if !runtime.block_on(server::is_initialised(&config.data_dir))? {
        let root = set_up(&config, None, &runtime)?;
        first_steps(&config, &root)?;
    }
    serve::serve(&config, &runtime)?;
    Ok(())
}

fn develop(options: dev::Options) -> Result<(), Failure> {
    logging::start(logging::Format::fitting());
    logging::hide_panic_messages();
    dev::run(&options.config(), &runtime()?)?;
    Ok(())
}

fn initialise(options: Init) -> Result<(), Failure> {
    for missing in hardening::apply() {
        eprintln!("keywright: warning: {missing}");
    }
    let account = options.account_id.and_then(AccountId::from_u64);
    let names = options.names;
    let config = options.place.config()?;
    let root = set_up(&config, account, &runtime()?)?;
    let mut out = io::stdout().lock();
    write!(out, "[default]\naws_access_key_id = {}\naws_secret_access_key = ", root.access_key_id)?;
    out.write_all(root.secret_access_key.reveal())?;
    writeln!(out)?;
    out.flush()?;
    eprintln!("account {} is set up in {}", root.account, config.data_dir.display());
    eprintln!("{}", config.seal.advice());
    issue(&config, &names)
}

fn certificate(options: Certificate) -> Result<(), Failure> {
    if options.names.all().is_empty() {
        return Err("name what the certificate is for with --tls or --takeover".into());
    }
    let config = options.place.config()?;
    issue(&config, &options.names)
}

fn set_up(
    config: &Config,
    account: Option<AccountId>,
    runtime: &Runtime,
) -> Result<RootCredentials, server::StartError> {
    let clock = SystemClock::start();
    runtime.block_on(server::initialise(&config.data_dir, &config.seal, account, &clock, &SystemEntropy))
}

/// Issues a certificate if names are given, and says which CA to trust.
fn issue(config: &Config, names: &Names) -> Result<(), Failure> {
    let names = names.all();
    if names.is_empty() {
        return Ok(());
    }
    let now = SystemClock::start().now().as_seconds();
    let issued = edge::issue(&config.data_dir, &names, now)?;
    eprintln!("clients have to trust this CA: {}", issued.ca.display());
    eprint!("{}", issued.ca_pem);
    Ok(())
}

fn check(options: Check) -> Result<(), Failure> {
    let config = options.place.with(options.service)?;
    print(|out| write!(out, "{config}"))?;
    Ok(())
}

fn explain(options: Explain) -> Result<(), Failure> {
    let data_dir = options.place.config()?.data_dir;
    match print(|out| explain::explain(&data_dir, &options.request_id, out))? {
        Some(false) => {
            Err(format!("no record of request {} in {}", options.request_id, data_dir.display()).into())
        }
        Some(true) | None => Ok(()),
    }
}

fn lint_policy(options: &LintPolicy) -> Result<(), Failure> {
    let file = options.file.display();
    let text = std::fs::read_to_string(&options.file).map_err(|error| format!("{file}: {error}"))?;
    let kind = match options.kind {
        Kind::Key => PolicyKind::KeyPolicy,
        Kind::Identity => PolicyKind::IdentityPolicy,
        Kind::Trust => PolicyKind::TrustPolicy,
    };
    match lint::lint(&text, kind, &mut io::stdout().lock())? {
        0 => Ok(()),
        1 => Err(format!("{file} has an error").into()),
        errors => Err(format!("{file} has {errors} errors").into()),
    }
}

fn hand_out(options: &credentials::Options) -> Result<(), Failure> {
    logging::start(logging::Format::fitting());
    logging::hide_panic_messages();
    for missing in hardening::apply() {
        tracing::debug!("{missing}");
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let (runtime, mut out) = (runtime()?, io::stdout().lock());
    if options.once {
        return credentials::once(options, &clock, &runtime, &mut out);
    }
    let mut random = [0; credentials::TOKEN_BYTES];
    SystemEntropy.fill(&mut random)?;
    credentials::serve(options, &clock, random, &runtime, &mut out)
}

fn show(data_dir: &Path) -> Result<(), Failure> {
    print(|out| records::show(data_dir, out))?;
    Ok(())
}

fn verify(data_dir: &Path) -> Result<(), Failure> {
    let verdict = records::verify(data_dir)?;
    print(|out| {
        writeln!(
            out,
            "the chain holds: records {} to {} in {} files, {} bytes of an unfinished record at the end",
            verdict.first_sequence,
            verdict.next_sequence.saturating_sub(1),
            verdict.segments,
            verdict.torn_bytes
        )
    })?;
    Ok(())
}

/// Prints what may be read in part. Whoever reads only the beginning closes the pipe: that is no error, and `None`.
fn print<T>(write: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<Option<T>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = write(&mut out);
    match out.flush().and(written) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
        written => written.map(Some),
    }
}

/// Shown once, after the first start: how to use the deployment.
fn first_steps(config: &Config, root: &RootCredentials) -> io::Result<()> {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let mut out = io::stdout().lock();
    writeln!(out, "# The root user of account {}; shown this once.", root.account)?;
    writeln!(out, "export AWS_ENDPOINT_URL={scheme}://{}", config.listen)?;
    // The SDKs for JavaScript and Java read the one, boto3 and the aws CLI 1 the other.
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        writeln!(out, "export {name}={}", first_region(config))?;
    }
    writeln!(out, "export AWS_ACCESS_KEY_ID={}", root.access_key_id)?;
    write!(out, "export AWS_SECRET_ACCESS_KEY=")?;
    out.write_all(root.secret_access_key.reveal())?;
    writeln!(out)?;
    out.flush()?;
    eprintln!("{}", config.seal.advice());
    Ok(())
}

/// The Region to try things in.
fn first_region(config: &Config) -> &str {
    match &config.regions {
        Regions::Only(names) => names.first().map_or(DEFAULT_REGION, Region::as_str),
        Regions::Any => DEFAULT_REGION,
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
