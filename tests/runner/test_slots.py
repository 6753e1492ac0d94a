from bench.runner.slots import Slots


def test_the_next_of_a_topic_goes_to_the_worker_that_knows_it():
    slots = Slots(2)
    assert (slots.take("a"), slots.take("b")) == (0, 1)
    slots.give_back(0)
    slots.give_back(1)
    assert (slots.take("b"), slots.take("a")) == (1, 0)


def test_a_cell_waits_for_the_worker_that_knows_its_topic_unless_told_not_to():
    slots = Slots(2)
    assert slots.take("a") == 0
    assert slots.take("a") is None
    assert slots.take("a", anew=True) == 1
    assert not slots.any_free


def test_a_topic_that_no_worker_knows_goes_to_any():
    slots = Slots(2)
    slots.take("a")
    slots.give_back(0)
    assert slots.take("b") in (0, 1)


def test_what_has_no_topic_goes_to_any_and_teaches_nothing():
    slots = Slots(2)
    assert (slots.take(None), slots.take(None), slots.take(None)) == (0, 1, None)
    slots.give_back(1)
    assert slots.take(None) == 1


def test_nothing_is_taken_where_no_worker_waits():
    assert Slots(0).take("a", anew=True) is None


def test_a_worker_that_died_has_forgotten_what_it_knew():
    slots = Slots(2)
    assert slots.take("a") == 0
    slots.give_back(0, lives=False)
    assert slots.take(None) == 1
    assert slots.take("a") == 0
    slots.give_back(1)
    assert slots.take("a") is None
