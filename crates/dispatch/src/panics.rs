//! A panic in one call ends that call and nothing else.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use crate::Fault;

/// Runs a future; `None` when it panicked. What the future borrowed must be good to look at afterwards: the
/// request line only reads the record, whose parts are set one at a time.
pub(crate) async fn catch<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// The fault of a call that panicked. The panic's message may hold anything, so nobody gets it.
pub(crate) fn fault() -> Fault {
    Fault::internal("the call panicked; the log has the place")
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn a_panic_is_caught() {
        assert_eq!(super::catch(async { 1 }).await, Some(1));
        assert_eq!(
            super::catch(async {
                if true {
                    panic!("on purpose")
                }
            })
            .await,
            None
        );
    }
}
