//! Which columns which key seals.

use std::collections::BTreeSet;

use parquet::schema::types::SchemaDescriptor;

use crate::error::ParquetKeysError;

/// Which columns of a file which key seals. A nested column is sealed as a whole, by its name at the top.
#[derive(Debug, Clone, Copy)]
pub enum Columns<'a> {
    /// The footer's key seals all columns.
    ByTheFootersKey,
    /// Keys of their own. All columns of the file must be here: of those that have no key, `parquet` writes the data
    /// without encryption and without a word.
    ByKeys {
        /// The names of keys, with the columns of each.
        keys: &'a [(&'a str, &'a [&'a str])],
        /// What is meant to be readable by everybody, and writable by whoever can write the file.
        clear: &'a [&'a str],
    },
}

impl<'a> Columns<'a> {
    /// The names of keys, with the paths of what each seals in files of this schema.
    pub(crate) fn paths(
        &self,
        schema: &SchemaDescriptor,
    ) -> Result<Vec<(&'a str, Vec<String>)>, ParquetKeysError> {
        let Self::ByKeys { keys, clear } = *self else { return Ok(Vec::new()) };
        let all: BTreeSet<&str> =
            schema.root_schema().get_fields().iter().map(|field| field.name()).collect();
        let sealed: BTreeSet<&str> = keys.iter().flat_map(|(_, columns)| columns.iter().copied()).collect();
        let clear: BTreeSet<&str> = clear.iter().copied().collect();
        let named = &sealed | &clear;
        none(&named - &all, ParquetKeysError::NoSuchColumns)?;
        none(&all - &named, ParquetKeysError::NoKey)?;
        none(&sealed & &clear, ParquetKeysError::SealedAndClear)?;
        Ok(keys.iter().map(|(key, columns)| (*key, leaves(schema, columns))).collect())
    }
}

/// Fails if there is a name.
fn none(names: BTreeSet<&str>, error: fn(String) -> ParquetKeysError) -> Result<(), ParquetKeysError> {
    if names.is_empty() {
        return Ok(());
    }
    Err(error(names.into_iter().collect::<Vec<_>>().join(", ")))
}

/// What these columns have at their ends, where the data is.
fn leaves(schema: &SchemaDescriptor, columns: &[&str]) -> Vec<String> {
    let all = schema.columns().iter().map(|leaf| leaf.path());
    let within = all.filter(|path| path.parts().first().is_some_and(|top| columns.contains(&top.as_str())));
    within.map(|path| path.string()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::schema::parser::parse_message_type;

    use super::*;

    fn paths(keys: &[(&str, &[&str])], clear: &[&str]) -> Result<Vec<(String, Vec<String>)>, String> {
        let schema = "message table {
            required int64 id;
            required group person { required binary first; required binary last; }
            required binary salary;
        }";
        let schema = SchemaDescriptor::new(Arc::new(parse_message_type(schema).unwrap()));
        let paths = Columns::ByKeys { keys, clear }.paths(&schema).map_err(|error| error.to_string())?;
        Ok(paths.into_iter().map(|(key, paths)| (key.to_owned(), paths)).collect())
    }

    #[test]
    fn nested_columns_are_sealed_as_a_whole() {
        let found = paths(&[("people", &["person"]), ("pay", &["salary"])], &["id"]).unwrap();
        let people = vec!["person.first".to_owned(), "person.last".to_owned()];
        assert_eq!(found, [("people".to_owned(), people), ("pay".to_owned(), vec!["salary".to_owned()])]);
    }

    #[test]
    fn every_column_is_accounted_for() {
        let said = |keys: &[(&str, &[&str])], clear: &[&str]| paths(keys, clear).unwrap_err();
        assert_eq!(
            said(&[("pay", &["salary"])], &[]),
            "no key is named for id, person: name one, or list them as clear"
        );
        let part = said(&[("people", &["person.first", "salary"])], &["id"]);
        assert_eq!(part, "there is no column person.first");
        assert_eq!(said(&[("pay", &["salary", "person"])], &["bonus", "id"]), "there is no column bonus");
        let both = said(&[("pay", &["salary", "person"])], &["person", "id"]);
        assert_eq!(both, "person cannot be both sealed and clear");
    }
}
