//! The log: to standard error, as text for people or as JSON for collectors.

use std::{fmt, io::IsTerminal, panic, str::FromStr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, fmt as lines, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::Expected;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Format {
    /// Text on a terminal, JSON elsewhere.
    #[must_use]
    pub(crate) fn fitting() -> Self {
        if std::io::stderr().is_terminal() { Self::Text } else { Self::Json }
    }
}

/// The crates whose messages are written from INFO on. Others' only from WARN on: what a library says
/// about its inner life may quote what it was given.
const OURS: [&str; 15] = [
    "keywright",
    "credentials",
    "dev",
    "server",
    "edge",
    "export",
    "dispatch",
    "kms",
    "iam",
    "cloudtrail",
    "state",
    "store",
    "audit",
    "strongroom",
    "sigv4",
];

/// Starts the log. Later calls change nothing.
pub(crate) fn start(format: Format) {
    let ours = OURS.map(|name| (name, LevelFilter::INFO));
    let filter = Targets::new().with_default(LevelFilter::WARN).with_targets(ours);
    let log = tracing_subscriber::registry().with(filter);
    let lines = lines::layer().with_writer(std::io::stderr).with_target(false);
    // An error means that there is a log already.
    let _ = match format {
        Format::Text => log.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init(),
        Format::Json => log.with(lines.json().flatten_event(true)).try_init(),
    };
}

/// Makes panics log where they happened, and nothing else: the message may quote what the code worked on.
pub(crate) fn hide_panic_messages() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        tracing::error!(place, thread, "panicked; the message is withheld, it may hold a secret");
    }));
}

impl FromStr for Format {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Expected("`text` or `json`")),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_tells_where_and_not_what() {
        let written = Written::default();
        let writer = written.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let before = panic::take_hook();
        hide_panic_messages();
        let caught = tracing::subscriber::with_default(log, || {
            panic::catch_unwind(|| panic!("the key is {}", "0123456789abcdef"))
        });
        panic::set_hook(before);
        assert!(caught.is_err());
        let line = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(line.contains("ERROR") && line.contains("logging.rs:"), "{line}");
        assert!(!line.contains("the key is") && !line.contains("0123456789abcdef"), "{line}");
    }

    #[test]
    fn the_form_is_one_of_two() {
        for form in [Format::Text, Format::Json] {
            assert_eq!(form.to_string().parse(), Ok(form));
        }
        assert!("xml".parse::<Format>().is_err());
    }
}
