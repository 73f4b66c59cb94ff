//! Ports to listen on.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use super::Error;
use crate::local::Addresses;

/// Below the range from which systems give ports to outgoing connections: what is free here stays free until we
/// listen on it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Refuses addresses that somebody listens on already.
pub fn check_free(addresses: &Addresses) -> Result<(), Error> {
    for (what, address) in addresses.named() {
        match TcpListener::bind(address) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                return Err(Error::PortTaken { what, address });
            }
            Err(source) => return Err(Error::Listen { what, address, source }),
        }
    }
    Ok(())
}

/// Addresses that nobody listens on. Programs that run at the same time begin at different places.
pub fn free_addresses() -> Addresses {
    Addresses::local([free(), free(), free(), free()])
}

/// The same with JSON mode.
pub fn free_addresses_with_json() -> Addresses {
    free_addresses().with_json(free())
}

/// One port that nobody listens on, given out once by this process.
pub fn free() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    loop {
        let offset = begin().wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + offset % COUNT;
        if TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok() {
            return port;
        }
    }
}

/// The same with room behind the decider's for those of so many.
pub fn free_addresses_of_fleet(deciders: u16) -> Addresses {
    Addresses::local([free(), free(), free_run(deciders), free_run(deciders)]).with_json(free())
}

/// The first of so many ports in a row that nobody listens on.
fn free_run(count: u16) -> u16 {
    loop {
        let first = free();
        if (1..count).all(|next| free() == first + next) {
            return first;
        }
    }
}

fn begin() -> u16 {
    // Neighbouring process ids begin 41 ports apart.
    u16::try_from(std::process::id().wrapping_mul(41) % u32::from(COUNT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_given_out_once() {
        let ports: std::collections::HashSet<_> = (0..50).map(|_| free()).collect();
        assert_eq!(ports.len(), 50);
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let addresses = free_addresses();
        check_free(&addresses).unwrap();
        let _other = TcpListener::bind(addresses.decider).unwrap();
        let port = addresses.decider.port().to_string();
        let message = check_free(&addresses).unwrap_err().to_string().replace(&port, "PORT");
        insta::assert_snapshot!(message, @"port PORT (the decider) is taken. See who has it with `ss -ltnp 'sport = :PORT'` or `lsof -iTCP:PORT -sTCP:LISTEN`; end that program, or change the address in the configuration");
    }
}
