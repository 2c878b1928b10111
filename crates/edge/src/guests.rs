//! Who is connected: how many in all and from each network, and who has to make room when there is none.
//!
//! A connection is a stranger's until one of its requests has been signed by somebody known. When the limit is reached, the
//! stranger that came first makes room for the one that comes now; those who are known stay. So nobody keeps others out by
//! opening connections and saying nothing that holds.

use std::collections::{BTreeMap, BTreeSet};

use dispatch::Network;

/// Names a connection. Later connections have greater names.
pub(crate) type Guest = u64;

/// The connections that there are.
#[derive(Debug)]
pub(crate) struct Guests {
    max: usize,
    network_max: usize,
    next: Guest,
    all: BTreeMap<Guest, Network>,
    networks: BTreeMap<Network, usize>,
    /// Those who have proved nothing, by age, in all and in each network.
    strangers: BTreeSet<Guest>,
    strangers_of: BTreeSet<(Network, Guest)>,
}

/// What becomes of a connection that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// It may stay.
    Welcome(Guest),
    /// It may stay in the place of another one, which has to be ended.
    InPlaceOf { guest: Guest, leaves: Guest },
    /// Its network has as many connections as it may have, and all of them are known.
    NetworkFull,
    /// There are as many connections as there may be, and all of them are known.
    Full,
}

impl Guests {
    /// Nobody is there. So many may come, and so many of one network.
    pub(crate) fn new(max: usize, network_max: usize) -> Self {
        Self {
            max,
            network_max,
            next: 0,
            all: BTreeMap::new(),
            networks: BTreeMap::new(),
            strangers: BTreeSet::new(),
            strangers_of: BTreeSet::new(),
        }
    }

    /// A connection arrives.
    pub(crate) fn arrive(&mut self, network: Network) -> Arrived {
        let leaves = if self.networks.get(&network).is_some_and(|count| *count >= self.network_max) {
            let Some(first) = self.first_stranger_of(network) else { return Arrived::NetworkFull };
            Some(first)
        } else if self.all.len() >= self.max {
            let Some(first) = self.strangers.first() else { return Arrived::Full };
            Some(*first)
        } else {
            None
        };
        if let Some(leaves) = leaves {
            self.leave(leaves);
        }
        let guest = self.next;
        self.next = self.next.wrapping_add(1);
        self.all.insert(guest, network);
        *self.networks.entry(network).or_default() += 1;
        self.strangers.insert(guest);
        self.strangers_of.insert((network, guest));
        match leaves {
            Some(leaves) => Arrived::InPlaceOf { guest, leaves },
            None => Arrived::Welcome(guest),
        }
    }

    /// One of a connection's requests came from somebody known.
    pub(crate) fn is_known(&mut self, guest: Guest) {
        if let Some(network) = self.all.get(&guest) {
            self.strangers.remove(&guest);
            self.strangers_of.remove(&(*network, guest));
        }
    }

    /// A connection has ended. Telling it twice does no harm.
    pub(crate) fn leave(&mut self, guest: Guest) {
        let Some(network) = self.all.remove(&guest) else { return };
        self.strangers.remove(&guest);
        self.strangers_of.remove(&(network, guest));
        if let Some(count) = self.networks.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.networks.remove(&network);
            }
        }
    }

    fn first_stranger_of(&self, network: Network) -> Option<Guest> {
        let of = (network, Guest::MIN)..=(network, Guest::MAX);
        self.strangers_of.range(of).next().map(|(_, guest)| *guest)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;

    impl Guests {
        fn count(&self) -> usize {
            self.all.len()
        }

        fn known(&self) -> usize {
            self.all.len() - self.strangers.len()
        }
    }

    fn network(number: u8) -> Network {
        IpAddr::from(Ipv4Addr::new(192, 0, 2, number)).into()
    }

    fn guest(arrived: Arrived) -> Guest {
        match arrived {
            Arrived::Welcome(guest) | Arrived::InPlaceOf { guest, .. } => guest,
            full => panic!("{full:?}"),
        }
    }

    #[test]
    fn the_stranger_that_came_first_makes_room() {
        let mut guests = Guests::new(3, 3);
        let [known, first, second] = [1, 2, 3].map(|number| guest(guests.arrive(network(number))));
        guests.is_known(known);
        let third = guests.arrive(network(4));
        assert!(matches!(third, Arrived::InPlaceOf { leaves, .. } if leaves == first), "{third:?}");
        guests.is_known(guest(third));
        guests.is_known(second);
        assert_eq!(guests.arrive(network(5)), Arrived::Full, "the known stay");
        assert_eq!((guests.count(), guests.known()), (3, 3));
        guests.leave(known);
        guests.leave(known);
        assert!(matches!(guests.arrive(network(5)), Arrived::Welcome(_)));
    }

    #[test]
    fn a_network_displaces_its_own_only() {
        let mut guests = Guests::new(100, 2);
        let other = guest(guests.arrive(network(9)));
        let own = [1, 1].map(|number| guest(guests.arrive(network(number))));
        let third = guests.arrive(network(1));
        assert!(matches!(third, Arrived::InPlaceOf { leaves, .. } if leaves == own[0]), "{third:?}");
        guests.is_known(own[1]);
        guests.is_known(guest(third));
        assert_eq!(guests.arrive(network(1)), Arrived::NetworkFull);
        guests.is_known(other);
        assert_eq!(guests.known(), 3);
    }

    proptest! {
        /// Whoever comes and goes: the limits hold, the known are never displaced, and all counts agree.
        #[test]
        fn the_limits_hold_and_the_known_stay(
            steps in proptest::collection::vec((0_u8..6, 0_u8..4, any::<prop::sample::Index>()), 1..400),
        ) {
            let mut guests = Guests::new(12, 5);
            let mut there: BTreeMap<Guest, (u8, bool)> = BTreeMap::new();
            for (number, step, which) in steps {
                let chosen = (!there.is_empty()).then(|| *there.keys().nth(which.index(there.len())).unwrap());
                match (step, chosen) {
                    (0, Some(guest)) => {
                        guests.leave(guest);
                        there.remove(&guest);
                    }
                    (1, Some(guest)) => {
                        guests.is_known(guest);
                        there.get_mut(&guest).unwrap().1 = true;
                    }
                    _ => match guests.arrive(network(number)) {
                        Arrived::Welcome(guest) => {
                            there.insert(guest, (number, false));
                        }
                        Arrived::InPlaceOf { guest, leaves } => {
                            prop_assert_eq!(there.remove(&leaves).map(|(_, known)| known), Some(false));
                            there.insert(guest, (number, false));
                        }
                        Arrived::NetworkFull => {
                            let own: Vec<_> = there.values().filter(|(of, _)| *of == number).collect();
                            prop_assert!(own.len() == 5 && own.iter().all(|(_, known)| *known));
                        }
                        Arrived::Full => {
                            prop_assert!(there.len() == 12 && there.values().all(|(_, known)| *known));
                        }
                    },
                }
                prop_assert_eq!(guests.count(), there.len());
                prop_assert_eq!(guests.known(), there.values().filter(|(_, known)| *known).count());
                prop_assert!(there.len() <= 12);
                for of in 0..6 {
                    prop_assert!(there.values().filter(|(number, _)| *number == of).count() <= 5);
                }
            }
        }
    }
}
