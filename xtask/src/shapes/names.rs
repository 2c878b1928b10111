//! Names of the model as names of Rust.

/// `AWSAccountId` to `aws_account_id`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index + 1);
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                !before.is_ascii_uppercase() || after.is_some_and(char::is_ascii_lowercase)
            });
        if starts_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    if snake == "type" { "r#type".to_owned() } else { snake }
}

/// `userType` to `UserType`.
pub(super) fn upper_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// `RSAES_OAEP_SHA_1` to `RsaesOaepSha1`; names that have small letters keep them.
pub(super) fn variant(value: &str) -> String {
    let words = value.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words
        .map(|word| {
            if word.chars().any(|letter| letter.is_ascii_lowercase()) {
                upper_camel(word)
            } else {
                upper_camel(&word.to_ascii_lowercase())
            }
        })
        .collect();
    match name.as_str() {
        "Self" => "ItSelf".to_owned(),
        _ if name.starts_with(|letter: char| letter.is_ascii_digit()) => format!("V{name}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(snake("AWSAccountId"), "aws_account_id");
        assert_eq!(snake("KeyId"), "key_id");
        assert_eq!(snake("Type"), "r#type");
        assert_eq!(snake("ListMFADevices"), "list_mfa_devices");
        assert_eq!(variant("ECC_SECG_P256K1"), "EccSecgP256k1");
        assert_eq!(variant("CreateGrant"), "CreateGrant");
        assert_eq!(variant("ML_KEM_512"), "MlKem512");
    }
}
