"""Windows: what fits through, when they are full, and which [n] are still worth trying."""

import math

import pytest

from gcd.search.windows import TRIES, Tally, Window


def test_a_window_holds_its_range_of_energy_and_n():
    window = Window(5, 2.6, 2.8, (0.1, 0.3))
    assert window.holds(2.6, 0.1)
    assert window.holds(2.8, 0.3)
    assert not window.holds(2.5999, 0.1)
    assert not window.holds(2.7, 0.2)
    assert Window(1).holds(9.9, 0.7)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("2.6:2.8:40", Window(40, 2.6, 2.8)),
        ("2.6:2.8:40:1/10,3/10", Window(40, 2.6, 2.8, (0.1, 0.3))),
        ("::400", Window(400, 0.0, math.inf)),
        (":2.5:3:0.2", Window(3, 0.0, 2.5, (0.2,))),
    ],
)
def test_windows_are_read_from_a_command_line(text, window):
    assert Window.parse(text) == window


@pytest.mark.parametrize(
    "text", ["", "2.6:2.8", "a:b:c", "2.8:2.6:40", "::5:1/0", "::5:1.5", "1:2:3:4:5", "1:2:3.5"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError):
        Window.parse(text)


def test_duplicates_do_not_fill_a_window():
    tally = Tally([Window(2, 2.0, 3.0)])
    assert tally.add(2.5, 0.1)
    assert not tally.add(2.5001, 0.1)
    assert (tally.unique, tally.filled, tally.full) == (1, [1], False)
    assert tally.add(2.5, 0.2)
    assert (tally.unique, tally.filled, tally.full) == (2, [2], True)


def test_the_lowest_energy_of_each_n_is_kept():
    tally = Tally()
    for egb, n in [(2.9, 0.1), (2.6, 0.1), (2.7, 0.1), (3.0, 0.5)]:
        tally.add(egb, n)
    assert tally.lowest == {0.1: 2.6, 0.5: 3.0}
    assert not tally.full
    assert tally.surplus(10) is None


def test_only_open_windows_choose_n():
    tally = Tally([Window(1, 2.0, 3.0, (0.1,)), Window(1, 2.0, 3.0, (0.3, 0.5))])
    assert tally.surplus(10) == [1, 3, 5]
    tally.add(2.5, 0.1)
    assert tally.surplus(10) == [3, 5]
    tally.add(2.5, 0.5)
    assert tally.full
    assert tally.surplus(10) is None


def test_an_n_that_never_comes_down_is_given_up():
    tally = Tally([Window(40, 2.6, 2.8)])
    for i in range(TRIES):
        tally.add(3.3 + i / 100, 0.7)
    assert tally.surplus(10) == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    tally.add(2.7, 0.7)
    assert tally.surplus(10) == list(range(10))
