//! A page of a listing. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use outbound::element;

use super::bucket_error::BucketError;

/// Names of objects, as a bucket lists them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BucketPage {
    /// Without the prefix of the gateway.
    pub(crate) names: Vec<String>,
    /// Whether there are more.
    pub(crate) is_cut: bool,
}

impl BucketPage {
    /// Reads a page, of names that begin with a prefix.
    ///
    /// # Errors
    /// [`BucketError::Unexpected`]: it is no page, or has other names.
    pub(crate) fn parse(body: &[u8], prefix: &str) -> Result<Self, BucketError> {
        let wrong = || BucketError::Unexpected("its list of names cannot be read".to_owned());
        let text = std::str::from_utf8(body).map_err(|_| wrong())?;
        let is_cut = match element(text, "IsTruncated").ok_or_else(wrong)? {
            "true" => true,
            "false" => false,
            _ => return Err(wrong()),
        };
        let mut names = Vec::new();
        for entry in text.split("<Contents>").skip(1) {
            let name = quick_xml::escape::unescape(element(entry, "Key").ok_or_else(wrong)?);
            let name = name.map_err(|_| wrong())?;
            names.push(name.strip_prefix(prefix).ok_or_else(wrong)?.to_owned());
        }
        // A page that is cut and empty would be asked for without end; behind the last name of one without order, names are lost.
        if (is_cut && names.is_empty()) || !names.is_sorted() {
            Err(wrong())
        } else {
            Ok(Self { names, is_cut })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(is_cut: &str, names: &[&str]) -> String {
        let entries =
            names.iter().map(|name| format!("<Contents><Key>{name}</Key><Size>9</Size></Contents>"));
        let entries: String = entries.collect();
        format!(
            "<ListBucketResult><Prefix>p/</Prefix><IsTruncated>{is_cut}</IsTruncated>{entries}</ListBucketResult>"
        )
    }

    #[test]
    fn names_are_read_without_their_prefix() {
        let parse = |text: &str| BucketPage::parse(text.as_bytes(), "p/");
        let read = parse(&page("true", &["p/a&amp;b", "p/data/1"])).unwrap();
        assert_eq!(read, BucketPage { names: vec!["a&b".to_owned(), "data/1".to_owned()], is_cut: true });
        assert_eq!(parse(&page("false", &[])).unwrap(), BucketPage { names: Vec::new(), is_cut: false });
        let disordered = page("false", &["p/data/2", "p/data/1"]);
        for wrong in [
            disordered,
            page("true", &[]),
            page("", &[]),
            page("false", &["q/1"]),
            "<html>".to_owned(),
            String::new(),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }
}
