//! Whose turn it is: a bounded queue that is fair to accounts, and within an account to its principals. Pure.

use std::collections::VecDeque;

use dispatch::Cx;
use model::arn::AccountId;
use policy::Principal;

/// Who wants something done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub(super) account: AccountId,
    pub(super) principal: String,
}

impl Customer {
    /// The caller. All sessions of a role are one customer: whoever may assume the role names them.
    pub(crate) fn of(cx: &Cx<'_>) -> Self {
        let principal = match &cx.caller.principal {
            Principal::Session { role_id, .. } => role_id,
            _ => &cx.caller.unique_id,
        };
        Self { account: cx.account(), principal: principal.clone() }
    }
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// How many of one principal may wait. Clients that make many keys at a time have some ten requests under way.
const OF_PRINCIPAL_MAX: usize = 32;
/// How many of one account may wait.
const OF_ACCOUNT_MAX: usize = 64;
/// How many may wait.
const WAITING_MAX: usize = 256;

/// Those who wait. No list in it is empty.
pub(super) struct Turns<T>(Ring<AccountId, Ring<String, VecDeque<T>>>);

/// What stands under each name; the first is next.
type Ring<K, V> = VecDeque<(K, V)>;

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Turns<T> {
    /// Lets something of a customer's wait.
    ///
    /// # Errors
    /// [`Full`], when as many wait as may: of the customer, of its account, or of all.
    pub(super) fn enter(&mut self, customer: &Customer, waiting: T) -> Result<(), Full> {
        if self.len() >= WAITING_MAX {
            return Err(Full);
        }
        let Customer { account, principal } = customer;
        let Some((_, principals)) = self.0.iter_mut().find(|(other, _)| other == account) else {
            let own = VecDeque::from([waiting]);
            self.0.push_back((*account, VecDeque::from([(principal.clone(), own)])));
            return Ok(());
        };
        let of_account: usize = principals.iter().map(|(_, own)| own.len()).sum();
        if of_account >= OF_ACCOUNT_MAX {
            return Err(Full);
        }
        match principals.iter_mut().find(|(other, _)| other == principal) {
            Some((_, own)) if own.len() >= OF_PRINCIPAL_MAX => return Err(Full),
            Some((_, own)) => own.push_back(waiting),
            None => principals.push_back((principal.clone(), VecDeque::from([waiting]))),
        }
        Ok(())
    }

    /// What waits longest of the principal whose turn it is, in the account whose turn it is. Both are last in line then.
    pub(super) fn next(&mut self) -> Option<T> {
        let (account, mut principals) = self.0.pop_front()?;
        let (principal, mut own) = principals.pop_front()?;
        let waiting = own.pop_front();
        if !own.is_empty() {
            principals.push_back((principal, own));
        }
        if !principals.is_empty() {
            self.0.push_back((account, principals));
        }
        waiting
    }

    /// Forgets what need not wait any more.
    pub(super) fn retain(&mut self, waits: impl Fn(&T) -> bool) {
        for (_, principals) in &mut self.0 {
            for (_, own) in &mut *principals {
                own.retain(&waits);
            }
            principals.retain(|(_, own)| !own.is_empty());
        }
        self.0.retain(|(_, principals)| !principals.is_empty());
    }

    fn len(&self) -> usize {
        self.0.iter().flat_map(|(_, principals)| principals).map(|(_, own)| own.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn customer(account: u8, principal: u8) -> Customer {
        let account = AccountId::from_u64(u64::from(account) + 1).unwrap();
        Customer { account, principal: principal.to_string() }
    }

    #[test]
    fn whoever_asks_for_much_waits_for_it_and_nobody_else_does() {
        let mut turns = Turns::default();
        let (greedy, neighbour, other) = (customer(0, 0), customer(0, 1), customer(1, 0));
        for number in 0..OF_PRINCIPAL_MAX {
            turns.enter(&greedy, ("greedy", number)).unwrap();
        }
        turns.enter(&neighbour, ("neighbour", 0)).unwrap();
        turns.enter(&other, ("other", 0)).unwrap();
        turns.enter(&other, ("other", 1)).unwrap();
        let order: Vec<_> = std::iter::from_fn(|| turns.next()).take(6).collect();
        let expected =
            [("greedy", 0), ("other", 0), ("neighbour", 0), ("other", 1), ("greedy", 1), ("greedy", 2)];
        assert_eq!(order, expected);
    }

    #[test]
    fn everybody_has_a_limit() {
        let mut turns = Turns::default();
        let entered = |turns: &mut Turns<u8>, account, principal| {
            (0..1000).take_while(|_| turns.enter(&customer(account, principal), 0).is_ok()).count()
        };
        assert_eq!(entered(&mut turns, 0, 0), OF_PRINCIPAL_MAX);
        assert_eq!(entered(&mut turns, 0, 1), OF_ACCOUNT_MAX - OF_PRINCIPAL_MAX);
        assert_eq!(entered(&mut turns, 0, 2), 0);
        let others: usize =
            (1..10).map(|account| entered(&mut turns, account, 0) + entered(&mut turns, account, 1)).sum();
        assert_eq!(others, WAITING_MAX - OF_ACCOUNT_MAX);
        turns.next();
        assert_eq!(entered(&mut turns, 9, 0), 1);
        turns.retain(|_| false);
        assert_eq!((turns.len(), entered(&mut turns, 0, 2)), (0, OF_PRINCIPAL_MAX));
    }

    proptest! {
        /// Between two turns of a principal, each other principal of its account that waits has one; and between two
        /// turns of an account each other account.
        #[test]
        fn nobody_is_passed_over(entries in proptest::collection::vec((0u8..4, 0u8..4), 0..60)) {
            let mut turns = Turns::default();
            let entered: Vec<_> = entries.iter().copied().enumerate().filter(|(number, (account, principal))| {
                turns.enter(&customer(*account, *principal), (*number, *account, *principal)).is_ok()
            }).collect();
            let mut left: Vec<_> = entered.iter().map(|(number, (account, principal))| (*number, *account, *principal)).collect();
            let mut since: Vec<(usize, u8, u8)> = Vec::new();
            while let Some(next) = turns.next() {
                let (_, account, principal) = next;
                let oldest = left.iter().find(|(_, a, p)| (*a, *p) == (account, principal));
                prop_assert_eq!(oldest, Some(&next), "first come, first served");
                let before = since.iter().rposition(|(_, a, _)| *a == account).map_or(0, |at| at + 1);
                if before > 0 {
                    for (_, other, _) in &left {
                        let had = since[before..].iter().any(|(_, a, _)| a == other);
                        prop_assert!(had || *other == account, "account {} was passed over", other);
                    }
                }
                left.retain(|waiting| *waiting != next);
                since.push(next);
            }
            prop_assert!(left.is_empty());
        }
    }
}
