import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InputError
from bench.runner.plan_file import Trial
from bench.search.goal import Goal, front
from bench.settings import size

TRIALS = [
    Trial("big", 100, 99.0),
    Trial("middle", 50, 97.0),
    Trial("worse", 50, 96.0),
    Trial("small", 10, 90.0),
    Trial("refused", reason="refused: no"),
]


def test_a_budget_chooses_the_most_accurate_that_fits():
    assert Goal(budget=50).best(TRIALS).label == "middle"
    assert Goal(budget=49).best(TRIALS).label == "small"


def test_a_floor_chooses_the_smallest_that_is_accurate_enough():
    assert Goal(floor=97.0).best(TRIALS).label == "middle"
    assert Goal(floor=97.1).best(TRIALS).label == "big"


def test_with_both_bounds_the_smallest_that_keeps_both():
    assert Goal(budget=60, floor=90).best(TRIALS).label == "small"
    assert Goal(budget=60, floor=98).best(TRIALS) is None


def test_of_equal_accuracy_the_smaller_is_chosen():
    assert Goal(budget=100).best([Trial("a", 20, 99.0), Trial("b", 10, 99.0)]).label == "b"


def test_a_goal_without_bounds_is_refused():
    with pytest.raises(InputError, match="--budget SIZE"):
        Goal()
    with pytest.raises(InputError, match="from 0 to 100, given 970"):
        Goal(floor=970)


def test_what_another_beats_in_both_is_not_on_the_front():
    assert [trial.label for trial in front(TRIALS)] == ["small", "middle", "big"]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100)), min_size=1))
def test_the_front_holds_all_that_nothing_beats(points):
    trials = [Trial(str(place), size, float(accuracy)) for place, (size, accuracy) in enumerate(points)]
    found = {(trial.payload, trial.accuracy) for trial in front(trials)}

    def beaten(point):
        return any(size <= point[0] and accuracy >= point[1] and (size, accuracy) != point for size, accuracy in points)

    assert found == {point for point in set(points) if not beaten(point)}


@pytest.mark.parametrize(
    ("text", "count"), [("20000", 20_000), ("20kB", 20_000), ("20 KB", 20_000), ("1.5MiB", 1_572_864), ("2 KiB", 2_048)]
)
def test_sizes(text, count):
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "kB", "-5", "20 GB", "0", "twenty"])
def test_what_is_not_a_size_is_refused(text):
    with pytest.raises(InputError, match="20kB"):
        size(text)
