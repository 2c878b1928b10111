//! The files that AWS's clients share, which say where services are, and who calls.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

/// The value of a setting in a section; of a nested one by `outer.inner`.
#[must_use]
pub fn value<'a>(text: &'a str, section: &str, name: &str) -> Option<&'a str> {
    let (outer, inner) = name.split_once('.').unzip();
    let mut found = None;
    let mut within = None;
    for line in lines_of(text, section) {
        let Some((key, value)) = line.split_once('=') else { continue };
        let is_nested = within.is_some() && line.starts_with([' ', '\t']);
        if !is_nested {
            within = Some(key.trim()).filter(|_| value.trim().is_empty());
        }
        let is_named = match (outer, inner) {
            (Some(outer), Some(inner)) => is_nested && within == Some(outer) && key.trim() == inner,
            _ => !is_nested && key.trim() == name,
        };
        if is_named {
            found = Some(value.trim()).filter(|value| !value.is_empty());
        }
    }
    found
}

/// Whether there is such a section.
#[must_use]
pub fn has(text: &str, section: &str) -> bool {
    text.lines().any(|line| title(line) == Some(section))
}

/// The lines of a section, without comments and blank lines.
fn lines_of<'a>(text: &'a str, section: &str) -> impl Iterator<Item = &'a str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        if let Some(title) = title(line) {
            inside = title == section;
            return false;
        }
        inside && !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';'])
    })
}

fn title(line: &str) -> Option<&str> {
    let (title, _) = line.strip_prefix('[')?.split_once(']')?;
    Some(title.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a file\n[default]\nregion = eu-west-1\n\n[profile kms]\nregion=us-east-1 \n\
                        services = local\nempty =\ns3 =\n  region = x\n[services local]\ns3 =\n  endpoint_url = http://s3\n\
                        kms =\n  endpoint_url = http://kms\n  # no\n";

    #[test]
    fn settings_are_found_in_their_section() {
        assert_eq!(value(TEXT, "default", "region"), Some("eu-west-1"));
        assert_eq!(value(TEXT, "profile kms", "region"), Some("us-east-1"));
        assert_eq!(value(TEXT, "profile kms", "empty"), None);
        assert_eq!(value(TEXT, "profile kms", "endpoint_url"), None);
        assert_eq!(value(TEXT, "services local", "kms.endpoint_url"), Some("http://kms"));
        assert_eq!(value(TEXT, "services local", "endpoint_url"), None);
        assert_eq!(value(TEXT, "nobody", "region"), None);
        assert!(has(TEXT, "profile kms") && !has(TEXT, "kms"));
    }
}
