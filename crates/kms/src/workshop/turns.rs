//! Whose turn it is: a bounded queue that is fair to accounts, and within an account to its principals. Pure.

use std::collections::VecDeque;

use dispatch::Cx;
use model::arn::AccountId;
use policy::Principal;

/// Who wants something done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(super) account: AccountId,
    pub(super) principal: String,
}

impl Customer {
    /// The caller. All sessions of a role are one customer, and all federated users of a user: who asks for them names
    /// them.
    pub(crate) fn of(cx: &Cx<'_>) -> Self {
        let principal = match &cx.caller.principal {
            Principal::Session { role_id, .. } => role_id,
            Principal::FederatedUser { user: Some(user), .. } => &user.unique_id,
            _ => &cx.caller.unique_id,
        };
        Self { account: cx.account(), principal: principal.clone() }
    }
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// How many may wait at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) of_principal: usize,
    pub(super) of_account: usize,
    pub(super) of_all: usize,
}

/// Those who wait. No list in it is empty.
pub(super) struct Turns<T> {
    most: Most,
    accounts: Ring<AccountId, Ring<String, VecDeque<T>>>,
}

/// What stands under each name; the first is next.
type Ring<K, V> = VecDeque<(K, V)>;

impl<T> Turns<T> {
    /// Nobody waits.
    pub(super) fn new(most: Most) -> Self {
        Self { most, accounts: VecDeque::new() }
    }

    /// Whether as many wait as may: of the customer, of its account, or of all.
    pub(super) fn is_full(&self, customer: &Customer) -> bool {
        let principals = self.accounts.iter().find(|(account, _)| *account == customer.account);
        let principals = || principals.iter().flat_map(|(_, principals)| principals);
        let of_account: usize = principals().map(|(_, own)| own.len()).sum();
        let own = principals().find(|(principal, _)| *principal == customer.principal);
        self.len() >= self.most.of_all
            || of_account >= self.most.of_account
            || own.is_some_and(|(_, own)| own.len() >= self.most.of_principal)
    }

    /// Lets something of a customer's wait.
    ///
    /// # Errors
    /// [`Full`].
    pub(super) fn enter(&mut self, customer: &Customer, waiting: T) -> Result<(), Full> {
        if self.is_full(customer) {
            return Err(Full);
        }
        let Customer { account, principal } = customer;
        let Some((_, principals)) = self.accounts.iter_mut().find(|(other, _)| other == account) else {
            let own = VecDeque::from([waiting]);
            self.accounts.push_back((*account, VecDeque::from([(principal.clone(), own)])));
            return Ok(());
        };
        match principals.iter_mut().find(|(other, _)| other == principal) {
            Some((_, own)) => own.push_back(waiting),
            None => principals.push_back((principal.clone(), VecDeque::from([waiting]))),
        }
        Ok(())
    }

    /// What waits longest of the principal whose turn it is, in the account whose turn it is. Both are last in line then.
    pub(super) fn next(&mut self) -> Option<T> {
        let (account, mut principals) = self.accounts.pop_front()?;
        let (principal, mut own) = principals.pop_front()?;
        let waiting = own.pop_front();
        if !own.is_empty() {
            principals.push_back((principal, own));
        }
        if !principals.is_empty() {
            self.accounts.push_back((account, principals));
        }
        waiting
    }

    /// Forgets what need not wait any more.
    pub(super) fn retain(&mut self, waits: impl Fn(&T) -> bool) {
        for (_, principals) in &mut self.accounts {
            for (_, own) in &mut *principals {
                own.retain(&waits);
            }
            principals.retain(|(_, own)| !own.is_empty());
        }
        self.accounts.retain(|(_, principals)| !principals.is_empty());
    }

    fn len(&self) -> usize {
        self.accounts.iter().flat_map(|(_, principals)| principals).map(|(_, own)| own.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: Most = Most { of_principal: 32, of_account: 64, of_all: 256 };

    fn customer(account: u8, principal: u8) -> Customer {
        let account = AccountId::from_u64(u64::from(account) + 1).unwrap();
        Customer { account, principal: principal.to_string() }
    }

    #[test]
    fn whoever_asks_for_much_waits_for_it_and_nobody_else_does() {
        let mut turns = Turns::new(MOST);
        let (greedy, neighbour, other) = (customer(0, 0), customer(0, 1), customer(1, 0));
        for number in 0..MOST.of_principal {
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
        let mut turns = Turns::new(MOST);
        let entered = |turns: &mut Turns<u8>, account, principal| {
            (0..1000).take_while(|_| turns.enter(&customer(account, principal), 0).is_ok()).count()
        };
        assert_eq!(entered(&mut turns, 0, 0), MOST.of_principal);
        assert_eq!(entered(&mut turns, 0, 1), MOST.of_account - MOST.of_principal);
        assert_eq!(entered(&mut turns, 0, 2), 0);
        let others: usize =
            (1..10).map(|account| entered(&mut turns, account, 0) + entered(&mut turns, account, 1)).sum();
        assert_eq!(others, MOST.of_all - MOST.of_account);
        turns.next();
        assert_eq!(entered(&mut turns, 9, 0), 1);
        turns.retain(|_| false);
        assert_eq!((turns.len(), entered(&mut turns, 0, 2)), (0, MOST.of_principal));
    }

    proptest! {
        /// Between two turns of a principal, each other principal of its account that waits has one; and between two
        /// turns of an account each other account.
        #[test]
        fn nobody_is_passed_over(entries in proptest::collection::vec((0u8..4, 0u8..4), 0..60)) {
            let mut turns = Turns::new(MOST);
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
