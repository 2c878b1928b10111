//! Limits on connections, as a table of the file.

use std::fmt;

use edge::Limits;

/// Writes the limits.
pub(super) fn write(f: &mut fmt::Formatter<'_>, limits: &Limits) -> fmt::Result {
    let Limits { connections_max, connections_per_address_max, bodies_bytes_max, .. } = limits;
    writeln!(f, "\n[limits]\nconnections_max = {connections_max}")?;
    writeln!(f, "connections_per_address_max = {connections_per_address_max}")?;
    writeln!(f, "bodies_bytes_max = {bodies_bytes_max}")?;
    let Limits { head, body, idle, stranger_idle, shutdown, .. } = limits;
    for (key, span) in [
        ("head", head),
        ("body", body),
        ("idle", idle),
        ("stranger_idle", stranger_idle),
        ("shutdown", shutdown),
    ] {
        writeln!(f, "{key}_seconds = {}", span.as_secs())?;
    }
    Ok(())
}
