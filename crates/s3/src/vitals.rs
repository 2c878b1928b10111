//! Whether the gateway can answer requests: its catalog, its directory, KMS.

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use catalog::Catalog;
use counters::gauge;
use forward::{ActFor, Kms, Machine};
use tokio::sync::Mutex;

use crate::{
    held::ObjectFiles,
    metrics::{GatewayMetrics, KmsHeard},
};

/// What the gateway needs, and how it is found out whether that is there.
pub(crate) struct GatewayVitals {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) files: ObjectFiles,
    pub(crate) data_dir: PathBuf,
    pub(crate) kms: Arc<Kms>,
    pub(crate) own_key: String,
    pub(crate) metrics: Arc<GatewayMetrics>,
    pub(crate) machine: Arc<dyn Machine>,
    /// What was found out last, and when.
    pub(crate) known: Mutex<Option<(Duration, Vec<VitalPart>)>>,
}

/// One thing that the gateway needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VitalPart {
    pub(crate) name: &'static str,
    /// How it is, in words.
    pub(crate) state: String,
    pub(crate) ready: bool,
}

/// For so long what was found out is taken to be so: whoever asks often does not make the gateway work.
const KNOWN_FOR: Duration = Duration::from_secs(1);
/// Time for KMS, and for the directory and a bucket behind the gateway.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// A file that is written to see whether files can be, and what is written.
const PROBE_FILE: &str = ".readyz";
const PROBE: [u8; 4096] = [0; 4096];

impl GatewayVitals {
    /// How all parts are now, or were a second ago.
    pub(crate) async fn parts(&self) -> Vec<VitalPart> {
        let mut known = self.known.lock().await;
        let now = self.machine.elapsed();
        if let Some((_, parts)) = known.as_ref().filter(|(since, _)| now.saturating_sub(*since) < KNOWN_FOR) {
            return parts.clone();
        }
        let (data, kms) = tokio::join!(self.data(), self.kms());
        let parts = vec![self.catalog(), data, kms];
        *known = Some((self.machine.elapsed(), parts.clone()));
        parts
    }

    /// Writes all counters in the text format of Prometheus.
    pub(crate) async fn render(&self, out: &mut String) {
        self.metrics.render(out);
        let name = "keywright_s3_files_leaving";
        let help = "Files of objects that are gone, which wait for their last reader or are being removed.";
        gauge(out, name, help, self.files.leaving() as u64);
        let ready = self.parts().await.iter().all(|part| part.ready);
        gauge(out, "keywright_s3_ready", "1 when requests are answered.", u64::from(ready));
    }

    fn catalog(&self) -> VitalPart {
        let read = self.catalog.buckets_of("");
        part("catalog", "answers", read.map(drop).map_err(|error| error.to_string()))
    }

    async fn data(&self) -> VitalPart {
        let found = tokio::time::timeout(ANSWER_WITHIN, self.write()).await;
        part("data", "takes files", found.unwrap_or_else(|_| Err("it takes too long to write".to_owned())))
    }

    /// Writes a file, and asks a bucket behind the gateway.
    async fn write(&self) -> Result<(), String> {
        let file = self.data_dir.join(PROBE_FILE);
        let tried = tokio::task::spawn_blocking(move || -> io::Result<()> {
            fs::write(&file, PROBE)?;
            fs::remove_file(&file)
        });
        let written = tried.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map_err(|error| error.to_string())?;
        self.files.answer().await.map_err(|error| error.to_string())
    }

    /// Calls tell whether KMS is there. When none was made for a while, a connection does, which is no call; and when the last one
    /// failed, a call has to be answered before the gateway is ready again: by whatever says no, it is answered.
    async fn kms(&self) -> VitalPart {
        let found = match self.metrics.kms_heard() {
            KmsHeard::Answered => Ok(()),
            KmsHeard::Nothing => self.kms.reach(ANSWER_WITHIN).await.map_err(|error| error.to_string()),
            KmsHeard::Failed => {
                let call = self.kms.describe_key(&ActFor::Itself, &self.own_key);
                let called = tokio::time::timeout(ANSWER_WITHIN, call).await;
                match (self.metrics.kms_heard(), called) {
                    (KmsHeard::Answered, _) => Ok(()),
                    (_, Ok(Err(error))) => Err(error.to_string()),
                    _ => Err("KMS does not answer".to_owned()),
                }
            }
        };
        part("kms", "is there", found)
    }
}

fn part(name: &'static str, well: &str, found: Result<(), String>) -> VitalPart {
    let ready = found.is_ok();
    VitalPart { name, state: found.err().unwrap_or_else(|| well.to_owned()), ready }
}
