//! Proxies that are believed about who is behind them.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// The networks of proxies whose `Forwarded` and `X-Forwarded-*` count; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Networks in CIDR notation, and single addresses, with commas between them. `None` where one of
    /// them is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let networks = text.split(',').map(|network| {
            let network = network.trim();
            network.parse().ok().or_else(|| network.parse::<IpAddr>().ok().map(IpNet::from))
        });
        // What is matched is canonical: an IPv4 address is one, also where a socket takes both families.
        let is_mapped = |network: &IpNet| network.addr() != network.addr().to_canonical();
        networks.collect::<Option<Vec<IpNet>>>().filter(|networks| !networks.iter().any(is_mapped)).map(Self)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the address is one of theirs.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(IpNet::to_string).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, address: &str, is_trusted: bool) {
        let proxies = TrustedProxies::parse(text).expect("networks");
        assert_eq!(proxies.contains(address.parse().expect("an address")), is_trusted, "{address} in {text}");
    }

    #[test]
    fn networks_of_both_families() {
        check("10.0.0.0/8", "10.1.2.3", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("192.0.2.1, 2001:db8::/32", "192.0.2.1", true);
        check("192.0.2.1, 2001:db8::/32", "192.0.2.2", false);
        check("192.0.2.1, 2001:db8::/32", "2001:db8:1::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        check("::/0", "10.0.0.1", false);
        assert!(TrustedProxies::default().is_empty());
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0",
            "proxy",
            "10.0.0.1,",
            "*",
            "10.0.0.1 10.0.0.2",
            "::ffff:10.0.0.0/104",
        ] {
            assert_eq!(TrustedProxies::parse(text), None, "{text}");
        }
        assert_eq!(
            TrustedProxies::parse("10.0.0.0/8, ::1").expect("networks").to_string(),
            "10.0.0.0/8,::1/128"
        );
    }
}
