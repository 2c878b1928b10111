"""What is lost when the server is killed: nothing that was acknowledged."""

import kill

ROUNDS = 25


def test_nothing_acknowledged_is_lost():
    tally = kill.run(ROUNDS, seed=1)
    assert tally["rounds"] == ROUNDS
    # Else the rounds would prove nothing.
    assert tally["acknowledged"] > ROUNDS
