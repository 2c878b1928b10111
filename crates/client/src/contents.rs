//! What a program gets: secrets in the form that it reads.

use std::str::FromStr;

use clap::ValueEnum;
use secret::Plaintext;

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SecretForm {
    /// Its bytes
    Raw,
    /// Hexadecimal digits, in small letters
    Hex,
    /// Base64
    Base64,
}

/// The form of a secret, with places that are filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretTemplate(Vec<TemplatePiece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePiece {
    Text(String),
    Secret(SecretForm),
    /// The number of the record.
    Number,
}

impl SecretTemplate {
    /// A secret as it is.
    pub(crate) fn raw() -> Self {
        Self(vec![TemplatePiece::Secret(SecretForm::Raw)])
    }

    /// The secret in its form, as the record with this number, from 1.
    pub(crate) fn fill(&self, secret: &Plaintext, number: usize) -> Plaintext {
        let pieces = self.0.iter().map(|piece| match piece {
            TemplatePiece::Text(text) => Plaintext::new(text.as_bytes().to_vec()),
            TemplatePiece::Secret(form) => in_form(secret, *form),
            TemplatePiece::Number => Plaintext::new(number.to_string().into_bytes()),
        });
        together(&pieces.collect::<Vec<_>>())
    }
}

/// A secret in a form.
pub(crate) fn in_form(secret: &Plaintext, form: SecretForm) -> Plaintext {
    match form {
        SecretForm::Raw => Plaintext::new(secret.reveal().to_vec()),
        SecretForm::Hex => Plaintext::new(base16ct::lower::encode_string(secret.reveal()).into_bytes()),
        SecretForm::Base64 => secret.to_base64(),
    }
}

/// Pieces one after the other.
pub(crate) fn together(pieces: &[Plaintext]) -> Plaintext {
    let mut all = Vec::with_capacity(pieces.iter().map(Plaintext::len).sum());
    pieces.iter().for_each(|piece| all.extend_from_slice(piece.reveal()));
    Plaintext::new(all)
}

impl FromStr for SecretTemplate {
    type Err = String;

    /// `{hex}`, `{base64}`, `{raw}` and `{n}` are places; `\n`, `\t` and `\\` are a new line, a tab and a backslash.
    fn from_str(text: &str) -> Result<Self, String> {
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = rest.strip_prefix(letter).unwrap_or_default();
            match letter {
                '{' => {
                    let (place, after) = rest.split_once('}').ok_or("a `{` has no `}`")?;
                    pieces.push(TemplatePiece::Text(std::mem::take(&mut plain)));
                    pieces.push(place.parse()?);
                    rest = after;
                }
                '\\' => {
                    let escaped = rest.chars().next().ok_or("a `\\` has nothing behind it")?;
                    plain.push(escape(escaped).ok_or_else(|| format!("`\\{escaped}` is not known"))?);
                    rest = rest.strip_prefix(escaped).unwrap_or_default();
                }
                other => plain.push(other),
            }
        }
        pieces.push(TemplatePiece::Text(plain));
        if !pieces.iter().any(|piece| matches!(piece, TemplatePiece::Secret(_))) {
            return Err("there is no place for the secret: `{hex}`, `{base64}` or `{raw}`".to_owned());
        }
        Ok(Self(pieces))
    }
}

impl FromStr for TemplatePiece {
    type Err = String;

    fn from_str(place: &str) -> Result<Self, String> {
        match place {
            "hex" => Ok(Self::Secret(SecretForm::Hex)),
            "base64" => Ok(Self::Secret(SecretForm::Base64)),
            "raw" => Ok(Self::Secret(SecretForm::Raw)),
            "n" => Ok(Self::Number),
            other => Err(format!("`{{{other}}}` is none of `{{hex}}`, `{{base64}}`, `{{raw}}`, `{{n}}`")),
        }
    }
}

fn escape(letter: char) -> Option<char> {
    match letter {
        'n' => Some('\n'),
        't' => Some('\t'),
        '\\' => Some('\\'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled() {
        for (template, filled) in [
            ("{n};{hex}\\n", "7;61ff\n"),
            ("key={base64}", "key=Yf8="),
            ("\\\\{hex}{hex}\\tä", "\\61ff61ff\tä"),
        ] {
            let template: SecretTemplate = template.parse().unwrap();
            let filled_in = template.fill(&Plaintext::new(vec![0x61, 0xff]), 7);
            assert_eq!(filled_in.reveal(), filled.as_bytes());
        }
        let raw = Plaintext::new(vec![0, 0xff]);
        assert_eq!(SecretTemplate::raw().fill(&raw, 1).reveal(), raw.reveal());
        assert_eq!("{raw}".parse::<SecretTemplate>().unwrap().fill(&raw, 1).reveal(), raw.reveal());
    }

    #[test]
    fn mistakes_are_told() {
        for (template, told) in [
            ("", "no place"),
            ("{n}", "no place"),
            ("{hex", "no `}`"),
            ("{HEX}", "`{HEX}`"),
            ("{hex}\\", "nothing behind"),
            ("{hex}\\x", "`\\x`"),
        ] {
            let error = template.parse::<SecretTemplate>().unwrap_err();
            assert!(error.contains(told), "{template}: {error}");
        }
    }
}
