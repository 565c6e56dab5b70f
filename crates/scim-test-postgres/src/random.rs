//! Random names, passwords and ports.

use std::fs::File;
use std::io::Read;

use crate::Error;

/// `N` random bytes from the system.
fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| Error::because("/dev/urandom", error))?;
    Ok(bytes)
}

/// `2 * N` hexadecimal digits.
pub(crate) fn hexadecimal<const N: usize>() -> Result<String, Error> {
    Ok(bytes::<N>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A number.
pub(crate) fn number() -> Result<u16, Error> {
    Ok(u16::from_ne_bytes(bytes()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_differ() {
        let (one, other) = (hexadecimal::<8>().expect("random"), hexadecimal::<8>().expect("random"));
        assert_eq!(one.len(), 16);
        assert!(one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
        assert_ne!(one, other);
    }
}
