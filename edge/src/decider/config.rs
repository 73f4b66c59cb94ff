//! Where the deciders are, and who we are to them.

use std::time::Duration;

use super::{
    address::Address,
    fleet_name::FleetName,
    identity::{ClientIdentity, IdentityFiles},
};

/// A decision's deadline where none is configured.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(15);
/// Longest deadline that leaves time to sign and send: the Co-signer gives up after 30 s.
pub const MAX_DEADLINE: Duration = Duration::from_secs(20);

/// Where the deciders are and who we are to them.
#[derive(Clone, Debug)]
pub struct Config {
    /// What they are called together.
    pub fleet: FleetName,
    /// Where they are; at least one, none twice.
    pub addresses: Vec<Address>,
    /// Who we are.
    pub identity: ClientIdentity,
    /// Where that was read, and is read again.
    pub files: IdentityFiles,
    /// Longest a decision may take.
    pub deadline: Duration,
    /// After so long without an answer a second decider is asked too. `None`: not before the first has been silent
    /// for long.
    pub hedge_after: Option<Duration>,
}
