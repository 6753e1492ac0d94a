import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.compress.variant import parse
from bench.errors import InputError
from bench.search.space import POSITIONS, WITHOUT_ZEROS, space


class Answers:
    """Answers questions from a list of choices, "nothing" and the first value where there is none."""

    def __init__(self, **choices):
        self.choices = choices

    def suggest_categorical(self, name, choices):
        answer = self.choices.get(name, "nothing")
        assert answer in choices
        return answer

    def suggest_int(self, name, low, high):
        return self.choices.get(name, low)


class Drawn:
    """Answers as hypothesis likes."""

    def __init__(self, data):
        self.data = data

    def suggest_categorical(self, name, choices):
        return self.data.draw(st.sampled_from(choices))

    def suggest_int(self, name, low, high):
        return self.data.draw(st.integers(low, high))


def test_a_chain_goes_from_channels_to_weights_to_bits_to_codes():
    answers = Answers(structure="li", weights="magnitude-finetune", bits="k-bit", codes="huffman", **{"li.ratio": 3})
    expected = "li:ratio=0.5+magnitude-finetune:sparsity=0.3+k-bit:bits=8+huffman"
    assert space().choose(answers).label == expected


def test_nothing_chosen_is_the_uncompressed_network():
    assert space().choose(Answers()).label == "original"


def test_single_weights_are_not_pruned_where_their_zeros_cannot_be_kept():
    assert space().choose(Answers(weights="magnitude-finetune", bits="bwn")).label == "bwn"
    assert space().choose(Answers(weights="magnitude-finetune", bits="pact")).label == "pact:bits=8"


@settings(deadline=None)
@given(st.data())
def test_every_chain_is_sound_and_reads_back_from_its_label(data):
    chain = space().choose(Drawn(data))
    families = [stage.method.family for stage in chain.stages]
    assert [stage.method for stage in parse(chain.label).stages] == [stage.method for stage in chain.stages]
    lost = set(families) & set(WITHOUT_ZEROS) or not all(stage.method.keeps_zeros for stage in chain.stages)
    assert not ("pruning" in families and lost)


def test_no_control_is_searched():
    names = {name for names in space().methods.values() for name in names}
    assert {"li", "pqf", "nncf-int8-qat", "huffman"} <= names
    assert not names & {"finetune", "random-pruning", "small-dense", "original"}


def test_only_named_methods_are_searched():
    assert space(["huffman", "li"]).methods == {"structure": ("li",), "codes": ("huffman",)}
    assert [position for position, _ in POSITIONS] == ["structure", "weights", "bits", "codes"]


def test_an_unknown_method_is_named_with_the_nearest():
    with pytest.raises(InputError, match="method 'lee' is not searched: did you mean 'li'"):
        space(["lee"])
