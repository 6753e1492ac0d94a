from bench.footprint.untouched import untouched

LAYER = {"shape": [4, 5], "representation": "float", "payload_bytes": 80, "sparsity": 0.0}
BEFORE = dict.fromkeys("abc", (4, 5))


def layers(**changes):
    """Three layers, the first stored in a byte per weight, the second with changes."""
    return [{**LAYER, "name": "a", "payload_bytes": 20}, {**LAYER, "name": "b", **changes}, {**LAYER, "name": "c"}]


def test_what_is_stored_in_float32_was_left():
    assert untouched(layers(), BEFORE) == {"b": 1 / 3, "c": 1 / 3}


def test_what_was_pruned_made_narrower_or_is_new_was_not():
    assert untouched(layers(sparsity=0.2), BEFORE) == {"c": 1 / 3}
    assert untouched(layers(shape=[2, 5], payload_bytes=40), BEFORE) == {"c": 2 / 5}
    assert untouched(layers(name="b.reduce"), BEFORE) == {"c": 1 / 3}


def test_biases_and_counters_are_no_weights():
    assert untouched([*layers(), {**LAYER, "name": "d", "shape": [20]}], BEFORE) == {"b": 1 / 3, "c": 1 / 3}


def test_nothing_was_left_where_nothing_was_compressed():
    assert untouched([layer for layer in layers() if layer["name"] != "a"], BEFORE) == {}
