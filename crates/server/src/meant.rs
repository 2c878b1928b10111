//! What was probably meant by a word that nobody knows.

use model::AwsService;

/// The name that was probably meant. A name with a dot is also known by what follows it: `idle_seconds` outside its table
/// should find `limits.idle_seconds`.
#[must_use]
pub fn nearest<'n>(sent: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Below this likeness a guess is a riddle.
    const LIKE: f64 = 0.75;
    let likeness = |known: &str| {
        let bare = known.rsplit_once('.').map_or(known, |(_, bare)| bare);
        strsim::jaro_winkler(sent, known).max(strsim::jaro_winkler(sent, bare))
    };
    let best = known.into_iter().map(|known| (likeness(known), known)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= LIKE).then_some(best.1)
}

/// The service of this name, as policies name it.
///
/// # Errors
/// The name that was probably meant.
pub fn service(name: &str) -> Result<AwsService, &'static str> {
    let likest = || {
        let usual = USUAL.iter().find(|(usual, _)| *usual == name).map(|(_, right)| *right);
        let nearest = AwsService::names().min_by_key(|known| strsim::damerau_levenshtein(name, known));
        usual.or(nearest).unwrap_or_default()
    };
    AwsService::parse(name).ok_or_else(likest)
}

/// What some services are called, and the names that they have in policies.
const USUAL: [(&str, &str); 3] = [("ebs", "ec2"), ("efs", "elasticfilesystem"), ("opensearch", "es")];
