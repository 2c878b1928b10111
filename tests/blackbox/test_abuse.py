"""What attackers cost others: a short run of `abuse.py`."""

import abuse

SECONDS = 2
CONNECTIONS = 200
# Tests share their machine: the time of calls is bounded tightly by `cargo xtask abuse` alone.
P99_SECONDS_MAX = 1


def test_attackers_cost_others_little(tmp_path):
    costs = abuse.run(tmp_path, SECONDS, CONNECTIONS, p99_seconds_max=P99_SECONDS_MAX)
    assert not any(cost.broken for cost in costs), "\n" + abuse.table(costs)
