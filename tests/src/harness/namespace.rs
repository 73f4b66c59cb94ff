//! A network of its own for processes, with one wire to ours that a test can cut, for real.

use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use super::skipped;

/// A namespace and the wire to it. Dropped, it goes.
pub struct Namespace {
    name: String,
    number: u8,
}

impl Namespace {
    /// `None`, said on standard error, where we may not make one.
    pub fn create() -> Option<Self> {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let seed = std::process::id().wrapping_add(CREATED.fetch_add(1, Ordering::Relaxed).wrapping_mul(97));
        let number = u8::try_from(seed % 250).unwrap_or_default();
        let made = Self { name: format!("cs{}n{number}", std::process::id()), number };
        match made.set_up() {
            Ok(()) => Some(made),
            Err(why) => {
                skipped(&format!(
                    "a network to cut needs root, ip and nft (apt-get install iproute2 nftables): {why}"
                ));
                None
            }
        }
    }

    fn set_up(&self) -> Result<(), String> {
        let Self { name, .. } = self;
        let (ours, theirs) = (self.ours(), self.theirs());
        for command in [
            format!("ip netns add {name}"),
            format!("ip link add {name}a type veth peer name {name}b netns {name}"),
            format!("ip addr add {ours}/24 dev {name}a"),
            format!("ip link set {name}a up"),
            format!("ip -n {name} addr add {theirs}/24 dev {name}b"),
            format!("ip -n {name} link set {name}b up"),
            format!("ip -n {name} link set lo up"),
            format!("ip netns exec {name} nft add table inet cut"),
            format!(
                "ip netns exec {name} nft add chain inet cut in {{ type filter hook input priority 0 ; }}"
            ),
            format!(
                "ip netns exec {name} nft add chain inet cut out {{ type filter hook output priority 0 ; }}"
            ),
        ] {
            done(&command)?;
        }
        Ok(())
    }

    /// What a process is started in.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Our end.
    pub fn ours(&self) -> IpAddr {
        Ipv4Addr::new(10, 213, self.number, 1).into()
    }

    /// The other end.
    pub fn theirs(&self) -> IpAddr {
        Ipv4Addr::new(10, 213, self.number, 2).into()
    }

    /// Packets to and from this port of ours vanish; nobody is told.
    pub fn drop_packets(&self, port: u16) {
        for rule in [format!("in tcp sport {port}"), format!("out tcp dport {port}")] {
            self.nft(&format!("add rule inet cut {rule} drop"));
        }
    }

    /// The same of a port of theirs.
    pub fn drop_packets_to(&self, port: u16) {
        for rule in [format!("in tcp dport {port}"), format!("out tcp sport {port}")] {
            self.nft(&format!("add rule inet cut {rule} drop"));
        }
    }

    /// All packets pass again.
    pub fn pass(&self) {
        self.nft("flush table inet cut");
    }

    /// The whole wire is pulled, or put back.
    pub fn link(&self, up: bool) {
        let state = if up { "up" } else { "down" };
        done(&format!("ip link set {}a {state}", self.name)).unwrap();
    }

    fn nft(&self, command: &str) {
        done(&format!("ip netns exec {} nft {command}", self.name)).unwrap();
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = done(&format!("ip link del {}a", self.name));
        let _ = done(&format!("ip netns del {}", self.name));
    }
}

fn done(command: &str) -> Result<(), String> {
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let told = |error: std::io::Error| format!("{command}: {error}");
    let Output { status, stderr, .. } = Command::new(program).args(words).output().map_err(told)?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command}: {}", String::from_utf8_lossy(&stderr).trim()))
    }
}
