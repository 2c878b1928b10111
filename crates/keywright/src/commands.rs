//! What each command does.

#![expect(clippy::print_stderr, reason = "these are the commands' messages")]

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use audit::Milestone;
use bytes::Bytes;
use dispatch::Clock;
use edge::{CertificateError, Name};
use model::arn::{AccountId, Region};
use outbound::Outbound;
use policy::PolicyKind;

use server::{Health, RootCredentials, StartError, SystemClock, SystemEntropy};
use store::Adoption;
use tokio::runtime::Runtime;

use crate::{
    cli::{
        AccountCommand, Authenticate, Certificate, Check, Command, DataOptions, Explain, HealthOptions, Init,
        JournalCommand, LintPolicy, Names, PolicyFile, ReportOptions, RootCommand, Serve, StoreCommand,
        TrailCommand,
    },
    config::Config,
    deployment::Deployment,
    explain, exposure, hardening, lint, logging,
    proofs::{self, VerifiedTotals},
    records, reports,
    root::Destination,
    serve::Listening,
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
        Command::Account(AccountCommand::Add { place, account_id, shown }) => {
            add_account(place, account_id, shown.credentials.as_deref())
        }
        Command::RootCredentials(RootCommand::Reset { place, account_id, shown }) => {
            reset_root(place, account_id, shown.credentials.as_deref())
        }
        Command::Health(options) => health(&options),
        Command::Check(options) => check(options),
        Command::Certificate(options) => certificate(options),
        Command::Explain(options) => explain(options),
        Command::LintPolicy(options) => lint_policy(&options),
        Command::Credentials(options) => hand_out(&options),
        Command::Journal(JournalCommand::Show { place }) => show(place),
        Command::Journal(JournalCommand::Verify { place, since }) => verify(place, since),
        Command::Trail(command) => report(command),
        Command::Store(StoreCommand::Authenticate(options)) => authenticate(options),
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
    let mut config = options.place.with(options.service)?;
    config.begin_journal = options.begin_journal;
    logging::start(config.log);
    logging::hide_panic_messages();
    for missing in hardening::apply() {
        tracing::warn!("{missing}");
    }
    for exposed in exposure::exposed(&config) {
        tracing::warn!("{exposed}");
    }
    let runtime = runtime()?;
    // First of all: a server that cannot listen sets nothing up.
    let listening = Listening::open(&config, &runtime)?;
    if !runtime.block_on(server::is_initialised(&config.data_dir))? {
        first_start(&config, options.credentials.as_deref(), &runtime)?;
    }
    listening.serve(&config, &runtime)?;
    Ok(())
}

/// Sets a new data directory up, and shows the root user's access key: on the terminal, or in a file.
fn first_start(config: &Config, credentials: Option<&Path>, runtime: &Runtime) -> Result<(), Failure> {
    if credentials.is_none() && !io::stdout().is_terminal() {
        return Err(format!(
            "{} is new, and standard output is no terminal: a log would keep the root user's secret. Give \
             `--credentials FILE`, or set the directory up with `keywright init` first",
            config.data_dir.display()
        )
        .into());
    }
    let destination = Destination::new(credentials)?;
    let root = set_up(config, None, runtime)?;
    match credentials {
        None => first_steps(config, &root)?,
        Some(file) => {
            destination.write(&root)?;
            eprintln!("account {}: the root user's access key is in {}", root.account, file.display());
        }
    }
    eprintln!("{}", config.seal.advice());
    Ok(())
}

fn develop(options: dev::Options) -> Result<(), Failure> {
    logging::start(logging::Format::fitting());
    logging::hide_panic_messages();
    dev::run(&options.config()?, &runtime()?)?;
    Ok(())
}

fn initialise(options: Init) -> Result<(), Failure> {
    for missing in hardening::apply() {
        eprintln!("keywright: warning: {missing}");
    }
    let account = options.account_id.and_then(AccountId::from_u64);
    let names = options.names;
    let config = options.place.config()?;
    let destination = Destination::new(options.shown.credentials.as_deref())?;
    let root = set_up(&config, account, &runtime()?)?;
    destination.write(&root)?;
    eprintln!("account {} is set up in {}", root.account, config.data_dir.display());
    eprintln!("{}", config.seal.advice());
    issue(&config, &names)?;
    eprintln!("next: keywright serve --data-dir {}", config.data_dir.display());
    Ok(())
}

fn add_account(place: DataOptions, account: Option<u64>, credentials: Option<&Path>) -> Result<(), Failure> {
    let destination = Destination::new(credentials)?;
    let opened = open(place)?;
    let account = account.and_then(AccountId::from_u64);
    let added = server::open_account(&opened.backstage, &opened.kms.strongroom, account);
    let root = runtime()?.block_on(added)?.ok_or("there is an account of that id already")?;
    destination.write(&root)?;
    eprintln!("account {} is there", root.account);
    finish(opened);
    Ok(())
}

fn reset_root(place: DataOptions, account: Option<u64>, credentials: Option<&Path>) -> Result<(), Failure> {
    let destination = Destination::new(credentials)?;
    let opened = open(place)?;
    let account = match (account, opened.accounts.as_slice()) {
        (Some(account), _) => AccountId::from_u64(account),
        (None, [only]) => Some(*only),
        (None, _) => return Err("there are several accounts: name one with --account-id".into()),
    };
    let account = account.ok_or("there is no such account")?;
    let reset = server::reset_root(&opened.backstage, &opened.kms.strongroom, account);
    let root = runtime()?.block_on(reset)?.ok_or("there is no such account")?;
    destination.write(&root)?;
    eprintln!("the root user of account {} has this access key and no other", root.account);
    finish(opened);
    Ok(())
}

/// Opens a deployment that no server has open, for a change.
fn open(place: DataOptions) -> Result<Deployment, Failure> {
    let config = place.config()?;
    for missing in hardening::apply() {
        eprintln!("keywright: warning: {missing}");
    }
    if !runtime()?.block_on(server::is_initialised(&config.data_dir))? {
        return Err(StartError::NotInitialised.into());
    }
    let opened = Deployment::open(&config, Arc::default())?;
    match opened.vitals.parts().iter().find(|part| !part.ready) {
        Some(part) => Err(format!("{}: {}", part.name, part.state).into()),
        None => Ok(opened),
    }
}

/// Waits until the journal has the record of the change. A later start brings the record there if this does not.
fn finish(opened: Deployment) {
    for _ in 0..RECORDED_TRIES {
        if opened.backstage.outbox.underway() == 0 {
            break;
        }
        thread::sleep(RECORDED_PAUSE);
    }
    opened.close();
}

const RECORDED_TRIES: u32 = 500;
const RECORDED_PAUSE: Duration = Duration::from_millis(10);

fn health(options: &HealthOptions) -> Result<(), Failure> {
    let page = if options.ready { "readyz" } else { "healthz" };
    let request = http::Request::get(format!("http://{}/{page}", options.admin)).body(Bytes::new())?;
    let outbound = Outbound::new(None)?;
    let answer = runtime()?.block_on(outbound.send(request))?;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    if !answer.status().is_success() {
        return Err(text.trim_end().into());
    }
    print(|out| out.write_all(text.as_bytes()))?;
    Ok(())
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
) -> Result<RootCredentials, Failure> {
    config.check_seal_stays()?;
    let clock = SystemClock::start();
    let entropy = SystemEntropy::shared();
    let made = server::initialise(&config.data_dir, &config.seal, account, &clock, &entropy);
    Ok(runtime.block_on(made)?)
}

/// Issues a certificate if names are given, and says which CA to trust.
fn issue(config: &Config, names: &Names) -> Result<(), Failure> {
    let names = names.all();
    if names.is_empty() {
        return Ok(());
    }
    let now = SystemClock::start().now().as_seconds();
    let local = Name::local();
    let everywhere: Vec<Name> = names.iter().chain(&local).cloned().collect();
    let issued = match edge::issue(&config.data_dir, &everywhere, now) {
        // The CA is older than this rule, and vouches only for the names that it was made for.
        Err(CertificateError::NotPermitted(name)) if local.contains(&name) => {
            edge::issue(&config.data_dir, &names, now)
        }
        issued => issued,
    }?;
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
        PolicyFile::Key => PolicyKind::KeyPolicy,
        PolicyFile::Identity => PolicyKind::IdentityPolicy,
        PolicyFile::Trust => PolicyKind::TrustPolicy,
    };
    match lint::lint(&text, kind, &options.region, &mut io::stdout().lock())? {
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

fn show(place: DataOptions) -> Result<(), Failure> {
    let data_dir = place.config()?.data_dir;
    print(|out| records::show(&data_dir, out))?;
    Ok(())
}

fn verify(place: DataOptions, since: Option<Milestone>) -> Result<(), Failure> {
    let data_dir = place.config()?.data_dir;
    let checked = records::verify(&data_dir)?;
    if let Some(since) = since {
        records::goes_on_from(&data_dir, since)?;
    }
    let verdict = &checked.verdict;
    print(|out| {
        writeln!(
            out,
            "the chain holds: records {} to {} in {} files, {} bytes of an unfinished record at the end",
            verdict.first_sequence,
            verdict.next_sequence.saturating_sub(1),
            verdict.segments,
            verdict.torn_bytes
        )?;
        if let Some(beginning) = checked.beginning() {
            writeln!(out, "{beginning}")?;
        }
        verdict.end().map_or(Ok(()), |end| writeln!(out, "{end}"))
    })?;
    Ok(())
}

fn report(command: TrailCommand) -> Result<(), Failure> {
    let there = |report: ReportOptions| report.place.config().map(|config| (config.data_dir, report.json));
    match command {
        TrailCommand::Usage { key, since, report } => {
            let (data_dir, json) = there(report)?;
            print(|out| reports::usage(&data_dir, (&key, since), json, out))?;
        }
        TrailCommand::Policy { principal, since, report } => {
            let (data_dir, json) = there(report)?;
            let nothing = format!("policies allowed {} nothing that is recorded", principal.arn());
            let asked = (principal, since);
            if print(|out| reports::policy(&data_dir, asked, json, (out, &mut io::stderr())))? == Some(false)
            {
                return Err(nothing.into());
            }
        }
        TrailCommand::Deletion { key, report } => {
            let (data_dir, json) = there(report)?;
            print(|out| reports::deletion(&data_dir, &key, json, out))?;
        }
        TrailCommand::Prove { event, out, place } => {
            let proof = proofs::prove(&place.config()?.data_dir, event)?;
            match out {
                Some(file) => {
                    std::fs::write(&file, proof).map_err(|error| format!("{}: {error}", file.display()))?;
                }
                None => drop(print(|out| out.write_all(proof.as_bytes()))?),
            }
        }
        TrailCommand::Verify { path, public_keys, digests } => {
            let mut verified = VerifiedTotals::default();
            let whole = proofs::verify(&path, &public_keys, digests.as_deref(), &mut verified);
            print(|out| verified.tell(out))?;
            whole?;
        }
    }
    Ok(())
}

fn authenticate(options: Authenticate) -> Result<(), Failure> {
    for missing in hardening::apply() {
        eprintln!("keywright: warning: {missing}");
    }
    let config = options.place.config()?;
    let (clock, entropy) = (SystemClock::start(), SystemEntropy::shared());
    let adopted = server::authenticate(&config.data_dir, &config.seal, &clock, &entropy, options.resume);
    match runtime()?.block_on(adopted)? {
        Adoption::Done { stamped, before } => {
            eprintln!("{} records were taken as they are, and are authenticated from now on", stamped + before);
            Ok(())
        }
        Adoption::Notarised => Err("the store's records are authenticated already; nothing was changed".into()),
        Adoption::Begun => Err("some records are authenticated, but the ledgers that account for them are not \
            there. If an earlier run of this command was interrupted, go on with --resume. If not, somebody took \
            the ledgers away: restore a backup. Nothing was changed"
            .into()),
    }
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
    out.flush()
}

/// The Region to try things in.
fn first_region(config: &Config) -> &str {
    let first = config.regions.named().and_then(BTreeSet::first);
    first.map_or(config.regions.partition().global_region(), Region::as_str)
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
