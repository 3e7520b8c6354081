//! Addresses of providers and shops, as far as they must be well formed.
//!
//! `http::Uri` says the same, at a tenth of the weight of the browser's module. A test holds one
//! against the other.

/// Whether it is an `https:` or `http:` address of a plain host, every byte of which may stand in
/// one (RFC 3986).
pub(crate) fn is_well_formed(url: &str) -> bool {
    parts(url)
        .is_some_and(|(authority, path)| is_authority(authority) && path.bytes().all(may_stand))
}

/// What an `https:` or `http:` address names before its path, and what comes from there on.
pub(crate) fn parts(url: &str) -> Option<(&str, &str)> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let is_end = |byte: u8| matches!(byte, b'/' | b'?' | b'#');
    let end = rest.bytes().position(is_end).unwrap_or(rest.len());
    rest.split_at_checked(end)
}

/// A host by name or number, and perhaps a port. No user.
fn is_authority(authority: &str) -> bool {
    let (host, port) = host_and_port(authority);
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => {
            let digits = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            address.contains(':') && address.bytes().all(digits)
        }
        None => {
            let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            !host.is_empty() && host.bytes().all(named)
        }
    };
    let number = port.parse::<u64>();
    is_host
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && number.is_ok_and(|port| port <= u64::from(u16::MAX))
}

/// A host and its port; `0` when none is named.
pub(crate) fn host_and_port(authority: &str) -> (&str, &str) {
    // A colon within brackets is part of the address.
    let colon = authority.bytes().rposition(|byte| byte == b':');
    let parts = colon.and_then(|at| Some((authority.get(..at)?, authority.get(at + 1..)?)));
    match parts {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, "0"),
    }
}

fn may_stand(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/?#".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_well_formed;

    #[test]
    fn what_an_address_is() {
        for good in [
            "https://shop.example",
            "https://shop.example:8443/a/b?c=d&e=%C3%A4#f",
            "http://127.0.0.1:1/",
            "http://[::1]:8080/x",
            "https://a.b-c_d~e?x",
        ] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in [
            "",
            "shop.example",
            "ftp://shop.example",
            "https://",
            "https:///x",
            "https://user@shop.example/",
            "https://shop.example:x/",
            "https://shop.example:/",
            "https://shop.example:99999/",
            "https://[::1/",
            "https://[x]/",
            "https://shop.example/a b",
            "https://shop.example/ä",
            "https://shop.example/\"",
            "https://shop.example/\\",
        ] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_an_address_to_others_too(
            url in "https?://(\\[[0-9a-f:.]{0,6}\\]|[a-z0-9.~_-]{0,8})(:[0-9]{0,6})?([/?#][!-~]{0,10})?",
        ) {
            if is_well_formed(&url) {
                prop_assert!(url.parse::<http::Uri>().is_ok(), "{}", url);
            }
        }
    }
}
