//! Ports to listen on.

use postgres_cluster::ports;
pub use postgres_cluster::ports::free;

use super::Error;
use crate::local::Addresses;

/// Refuses addresses that somebody listens on already.
pub fn check_free(addresses: &Addresses) -> Result<(), Error> {
    for (what, address) in addresses.named() {
        match ports::check(address) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                return Err(Error::PortTaken { what, address });
            }
            Err(source) => return Err(Error::Listen { what, address, source }),
        }
    }
    Ok(())
}

/// Addresses that nobody listens on.
pub fn free_addresses() -> Addresses {
    Addresses::local([free(), free(), free(), free()])
}

/// The same with JSON mode.
pub fn free_addresses_with_json() -> Addresses {
    free_addresses().with_json(free())
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

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
