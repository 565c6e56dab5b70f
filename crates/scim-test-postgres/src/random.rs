//! Random names, passwords and ports.

use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};

use crate::Error;

/// Below the ports that systems give to outgoing connections (from 32768 on Linux): a client that
/// knocks at a stopped server must not end up on the server's own port.
const FIRST_PORT: u16 = 16_000;
/// How many there are to choose from.
const PORT_RANGE: u16 = 16_000;

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

/// A port of the loopback interface that nobody listens on at this moment.
pub(crate) fn port() -> Result<u16, Error> {
    for _attempt in 0..1000 {
        let offset = u16::from_ne_bytes(bytes()?).checked_rem(PORT_RANGE).unwrap_or_default();
        let port = FIRST_PORT.saturating_add(offset);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::new("no port is free on the loopback interface"))
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
