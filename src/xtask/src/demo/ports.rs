//! Free ports on this machine, as near as possible to the wanted ones.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Result, bail};

/// What the ports are for, in the order of their numbers.
const USES: [&str; 3] = ["server", "simulator", "shop"];

/// Chooses a port for server, simulator and shop: `first` and the two after it, or for a taken one
/// the next free one, which is said.
///
/// # Errors
/// When no port is free up to the last one.
pub(super) fn choose(first: u16) -> Result<[SocketAddr; 3]> {
    let ports = choose_with(first, is_free)?;
    for (index, port) in ports.iter().enumerate() {
        let wanted = wanted(first, index);
        if *port != wanted {
            let usage = USES.get(index).copied().unwrap_or_default();
            eprintln!("note: port {wanted} is taken, the {usage} gets {port}");
        }
    }
    Ok(ports.map(loopback))
}

fn choose_with(first: u16, is_free: impl Fn(u16) -> bool) -> Result<[u16; 3]> {
    let mut ports = [first; 3];
    // A port that another program holds must not push the two others off theirs.
    let mut spare = wanted(first, USES.len());
    for (index, port) in ports.iter_mut().enumerate() {
        *port = wanted(first, index);
        while !is_free(*port) {
            if spare == u16::MAX {
                bail!("no port from {first} on is free: name another with --port");
            }
            *port = spare;
            spare += 1;
        }
    }
    Ok(ports)
}

fn wanted(first: u16, index: usize) -> u16 {
    first.saturating_add(u16::try_from(index).unwrap_or(u16::MAX))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(loopback(port)).is_ok()
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_follow_the_first() {
        assert_eq!(choose_with(8080, |_| true).unwrap(), [8080, 8081, 8082]);
    }

    #[test]
    fn a_taken_port_moves_only_its_own_user() {
        let taken = |port| port != 8081 && port != 8083;
        assert_eq!(choose_with(8080, taken).unwrap(), [8080, 8084, 8082]);
    }

    #[test]
    fn no_two_get_the_same() {
        let taken = |port| port > 8082;
        assert_eq!(choose_with(8080, taken).unwrap(), [8083, 8084, 8085]);
    }

    #[test]
    fn says_when_nothing_is_free() {
        let error = choose_with(65_000, |_| false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no port from 65000 on is free: name another with --port"
        );
    }

    #[test]
    fn a_listening_port_is_taken() {
        let listener = TcpListener::bind(loopback(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free(port));
        drop(listener);
        assert!(is_free(port));
    }
}
