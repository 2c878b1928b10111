//! A server that ends, and the one that starts in its place.

use audit::Crash;

use super::World;
use crate::Settings;

impl World {
    /// Stops the server cleanly and starts it again.
    #[must_use]
    pub fn restart(self) -> Self {
        self.settle();
        self.boot(|disk| disk)
    }

    /// Ends the server wherever it is, loses of the disk what the crash says, and starts it again.
    #[must_use]
    pub fn crash(self, crash: Crash) -> Self {
        self.boot(|disk| {
            let left = disk.crashed(crash);
            // Whoever waits for the old disk need not wait any more.
            disk.hold_syncs(false);
            left
        })
    }

    /// Stops the server cleanly and starts it again with other settings. What there is stays as it is.
    #[must_use]
    pub fn reconfigured(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.machine.settings);
        self.restart()
    }
}
