//! Ports to listen on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::net::TcpSocket;

/// Below the range from which systems give ports to outgoing connections: what is free here stays free until we
/// listen on it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// One port that nobody listens on, given out once by this process. Programs that run at the same time begin at
/// different places.
pub fn free() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    loop {
        let offset = begin().wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + offset % COUNT;
        if check(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok() {
            return port;
        }
    }
}

/// Whether one could listen there. It is not listened to see that: a child that is being started would hold a copy of the
/// listener, and the port with it.
///
/// # Errors
/// `AddrInUse`: somebody listens there. Others: the address is not of this machine.
pub fn check(address: SocketAddr) -> std::io::Result<()> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

fn begin() -> u16 {
    // Neighbouring process ids begin 41 ports apart.
    u16::try_from(std::process::id().wrapping_mul(41) % u32::from(COUNT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn ports_are_free_and_given_out_once() {
        let ports: HashSet<_> = (0..50).map(|_| free()).collect();
        assert_eq!(ports.len(), 50);
    }

    #[test]
    fn one_that_somebody_listens_on_is_not_free_and_is_as_soon_as_he_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(check(address).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        drop(listener);
        assert!((0..1000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            check(address).is_ok()
        }));
    }
}
