//! A list while it is read: with the place of each entry, so that a second one can name the first.

use policy::address::{Address, Chain};
use policy::list::{AddressList, Entry, Position};

/// A list and the places of its entries.
pub struct Draft<P> {
    list: AddressList,
    /// In the order of the positions.
    places: Vec<(Position, P)>,
}

impl<P: Copy> Draft<P> {
    pub fn new(name: &str, chain: Chain) -> Self {
        Self { list: AddressList::new(name, chain), places: Vec::new() }
    }

    /// Adds an entry, unless it is there already: then the place of the first is the error.
    pub fn add(&mut self, address: &Address, entry: Entry<'_>, place: P) -> Result<(), P> {
        match self.list.add(address, entry) {
            Ok(position) => {
                self.places.push((position, place));
                Ok(())
            }
            Err(position) => {
                let known = self.places.binary_search_by_key(&position, |(known, _)| *known);
                Err(known.ok().and_then(|index| self.places.get(index)).map_or(place, |(_, place)| *place))
            }
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn name(&self) -> &str {
        &self.list.name
    }

    pub fn finish(mut self) -> AddressList {
        self.list.shrink_to_fit();
        self.list
    }
}
