//! Lower-case hexadecimal on the stack.

/// The hexadecimal digits of a SHA-256 or HMAC-SHA-256 value. Longer input is cut, shorter leaves zeros.
pub(crate) fn hex(bytes: &[u8]) -> [u8; 64] {
    let mut digits = [b'0'; 64];
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    digits
}

/// Without a branch or a table, so that several are made in one step.
const fn digit(nibble: u8) -> u8 {
    let letter = (9_u8.wrapping_sub(nibble) >> 7) * (b'a' - b'0' - 10);
    b'0' + nibble + letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_lower_case_and_in_order() {
        let digits = hex(&[0x00, 0x09, 0x0a, 0x9f, 0xf0, 0xff]);
        assert_eq!(digits.get(..12), Some(b"00090a9ff0ff".as_slice()));
    }
}
