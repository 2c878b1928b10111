//! How far a run is, on standard error: a bar on a terminal, a line now and then elsewhere.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use crate::ending::say;

/// How far a run is.
pub(crate) struct RunProgress {
    total: usize,
    /// What was settled when it began.
    before: usize,
    settled: usize,
    failed: usize,
    began: Duration,
    shown: Option<Duration>,
    bar: bool,
}

/// How often the bar is drawn, and lines are said.
const BAR_EVERY: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(10);

const BAR_WIDTH: usize = 30;

impl RunProgress {
    /// Of so many targets so many are settled. `now` is the time since some fixed moment, here and below.
    pub(crate) fn begin(total: usize, settled: usize, now: Duration) -> Self {
        let bar = io::stderr().is_terminal();
        Self {
            total,
            before: settled,
            settled,
            failed: 0,
            began: now,
            shown: Some(now).filter(|_| !bar),
            bar,
        }
    }

    /// Another target is settled, or has failed.
    pub(crate) fn step(&mut self, failed: bool, now: Duration) {
        if failed {
            self.failed += 1;
        } else {
            self.settled += 1;
        }
        let every = if self.bar { BAR_EVERY } else { LINE_EVERY };
        if self.shown.is_none_or(|shown| now.saturating_sub(shown) >= every) {
            self.show(now);
        }
    }

    /// Shows the end of it, and leaves the line of the bar.
    pub(crate) fn end(&mut self, now: Duration) {
        if self.bar {
            self.show(now);
            let _ = writeln!(io::stderr());
        }
    }

    fn show(&mut self, now: Duration) {
        self.shown = Some(now);
        let told = self.told(now);
        if self.bar {
            let full = BAR_WIDTH.saturating_mul(self.settled).checked_div(self.total).unwrap_or(BAR_WIDTH);
            let (full, rest) = ("#".repeat(full), "-".repeat(BAR_WIDTH.saturating_sub(full)));
            // A terminal that is gone is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1b[K[{full}{rest}] {told}");
        } else {
            say(&told);
        }
    }

    fn told(&self, now: Duration) -> String {
        let mut told = format!("{} of {}", self.settled, self.total);
        if self.failed > 0 {
            let _ = write!(told, ", {} failed", self.failed);
        }
        let done = self.settled.saturating_sub(self.before).saturating_add(self.failed) as f64;
        let per_second = done / now.saturating_sub(self.began).as_secs_f64();
        if per_second.is_finite() && per_second > 0.0 {
            let left = self.total.saturating_sub(self.settled).saturating_sub(self.failed) as f64;
            let _ = write!(told, ", {per_second:.1} a second, {:.0} s left", left / per_second);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_counts_this_run() {
        let second = Duration::from_secs(1);
        let mut progress = RunProgress::begin(10, 4, second);
        assert_eq!(progress.told(second), "4 of 10");
        progress.step(false, second);
        progress.step(true, 2 * second);
        assert_eq!(progress.told(2 * second), "5 of 10, 1 failed, 2.0 a second, 2 s left");
    }
}
