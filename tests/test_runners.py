"""One runner a device, for as long as the process lives."""

from __future__ import annotations

from gcd.runners import runner_of

SOON = 10.0  # seconds; none of them is meant to be spent


def test_a_device_has_one_runner_until_it_is_closed():
    first = runner_of("test-one", max_queue=3)
    try:
        assert runner_of("test-one", max_queue=9) is first
        assert first.max_queue == 3
        assert runner_of("test-two") is not first
    finally:
        runner_of("test-two").close(SOON)
        first.close(SOON)
    again = runner_of("test-one")
    assert again is not first
    assert not again.closed
    again.close(SOON)
