//! Which addresses lie outside our own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

/// An address that is written out is not looked up, so it is judged here.
pub(crate) fn is_public_host(url: &url::Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        // The top-level name `localhost` never leaves the machine (RFC 6761).
        Some(Host::Domain(name)) => name != "localhost" && !name.ends_with(".localhost"),
        None => false,
    }
}

/// Whether an address is out in the world: not this machine, not a network inside.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, benchmarking, protocol assignments.
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Global unicast only, without 6to4, Teredo and documentation, which lead elsewhere.
    (first & 0xe000) == 0x2000
        && first != 0x2002
        && !(first == 0x2001 && (second == 0 || second == 0x0db8))
}

#[cfg(test)]
mod tests {
    use super::{is_public, is_public_host};

    #[test]
    fn addresses_inside_are_not_public() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["93.184.215.14", "2a00:1450:4026:804::200e"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn an_address_written_out_is_judged_too() {
        let public = |text: &str| is_public_host(&text.parse().unwrap());
        assert!(!public("https://127.0.0.1/hook"));
        assert!(!public("https://[::1]/hook"));
        assert!(!public("https://2130706433/hook"));
        assert!(!public("https://localhost/hook"));
        assert!(!public("https://shop.localhost/hook"));
        assert!(public("https://shop.example/hook"));
    }
}
