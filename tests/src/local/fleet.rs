//! Several deciders over one ledger on PostgreSQL, and an edge that asks all of them: configurations beside the usual
//! ones, with the same keys, certificates and policy. They are written anew each time, for the ledger is another one.

use std::path::PathBuf;

use super::{Addresses, Error, Local, configs, files};

const WRITTEN_ANEW: &str = "# Written anew at each start, beside the usual one.\n";

/// The configurations of one edge and several deciders.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The edge's.
    pub edge: PathBuf,
    /// Each decider's, with where it listens.
    pub deciders: Vec<(PathBuf, Addresses)>,
}

impl Local {
    /// Writes the configurations of `count` deciders over the ledger at `url`, and of an edge that asks them. The ports
    /// of the deciders follow those of the usual one.
    pub fn write_fleet(&self, count: u16, url: &str) -> Result<Fleet, Error> {
        let addresses = self.addresses()?;
        let numbered = (1..).zip(addresses.fleet(count)?);
        let deciders =
            numbered.map(|(number, addresses)| Ok((self.write_decider(number, &addresses, url)?, addresses)));
        let deciders = deciders.collect::<Result<Vec<_>, Error>>()?;
        let urls: Vec<_> = deciders.iter().map(|(_, addresses)| configs::url(addresses.decider)).collect();
        let edge = self.root.join("edge/edge-fleet.yaml");
        let text = configs::edge(&addresses, &format!("[{}]", urls.join(", ")));
        files::replace(&edge, format!("{WRITTEN_ANEW}{text}").as_bytes())?;
        Ok(Fleet { edge, deciders })
    }

    /// One server has no standby, so commits are not required to be on one.
    fn write_decider(&self, number: u16, addresses: &Addresses, url: &str) -> Result<PathBuf, Error> {
        let path = self.root.join(format!("decider/decider-{number}.yaml"));
        let store = format!(
            "\n  # The ledger of all deciders.\n  postgres:\n    url: {url}\n    synchronous_standby: optional"
        );
        let text = configs::decider(addresses, &store);
        files::replace(&path, format!("{WRITTEN_ANEW}{text}").as_bytes())?;
        Ok(path)
    }
}
