import pytest

from bench import registry
from bench.compress import variant as variants
from bench.compress.method import Method
from bench.errors import InputError

METHODS = registry.names("bench.compress.methods")


def test_a_label_says_it_all_and_reads_back():
    label = "magnitude-finetune:sparsity=0.9+nncf-int8-ptq:weight_bits=4,calibration=64"
    variant = variants.parse(label)
    assert variant.label == label
    assert variants.from_spec(variant.spec()) == variants.from_spec(variants.parse(label).spec())
    assert variant.spec()[0] == {
        "method": "magnitude-finetune",
        "version": 1,
        "settings": {"distill": False, "sparsity": 0.9},
    }


def test_a_chain_belongs_to_the_family_of_what_compresses_first():
    assert variants.parse("finetune+magnitude").family == "pruning"
    assert variants.parse("finetune").family == "control"


def test_settings_are_added_to_the_last_method():
    assert variants.with_settings(variants.parse("float16+magnitude"), ["sparsity=0.5"]).label == (
        "float16+magnitude:sparsity=0.5"
    )
    assert variants.with_settings(variants.parse("magnitude:sparsity=0.9"), ["sparsity=0.5"]).label == (
        "magnitude:sparsity=0.5"
    )


def test_lists_are_read_in_brackets_and_as_labels_show_them():
    names = ["features.24", "features.26"]
    for label in (
        'thinet:ratio=[0.5,0,0.25],skip=["features.24", "features.26"],images=64',
        "thinet:ratio=0.5-0-0.25,skip=features.24-features.26,images=64",
    ):
        variant = variants.parse(label)
        assert variant.label == "thinet:ratio=0.5-0-0.25,skip=features.24-features.26,images=64"
        assert (
            variant.spec()[0]["settings"] | {"ratio": (0.5, 0, 0.25), "skip": tuple(names)}
            == (variant.spec()[0]["settings"])
        )
    last = variants.with_settings(variants.parse("li"), ["ratio=0.5,0,0.25", "skip=features.24,features.26"])
    assert (
        last.stages[0].method.settings()
        == variants.parse("li:ratio=0.5-0-0.25,skip=features.24-features.26").stages[0].method.settings()
    )
    assert variants.parse("li:skip=conv1").stages[0].method.settings()["skip"] == ("conv1",)


def test_a_chain_is_checked_whole():
    with pytest.raises(InputError) as caught:
        variants.parse("magnitud+li:ratio=2").check()
    assert [("magnitud" in problem, "less than 1" in problem) for problem in caught.value.problems] == [
        (True, False),
        (False, True),
    ]
    with pytest.raises(InputError, match="cannot follow in a chain"):
        variants.parse("magnitude+random-weights").check()
    variants.parse("random-weights+magnitude").check()


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("magnitud", "did you mean 'magnitude'"),
        ("magnitude:sparsity=2", "less than 1, given 2"),
        ("magnitude:sparsity", "key=value"),
        ("magnitude:sparsity=lots", "given 'lots'"),
        ("magnitude:sparsty=1", "did you mean 'sparsity'"),
        ("magnitude:nonsense=1", "did you mean 'sparsity'"),
    ],
)
def test_a_mistake_names_itself(label, expected):
    with pytest.raises(InputError, match=expected):
        variants.parse(label).spec()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_declares_what_the_report_needs(name):
    method = registry.subclass("bench.compress.methods", name, Method, "method")
    assert method.title and method.family and method.__doc__


def test_titles_say_what_the_first_and_the_last_layer_keep():
    assert variants.parse("lsq:bits=2").title == "LSQ, 8-bit ends (bits 2)"
    assert variants.parse("lsq:bits=2,outer_bits=32").title == "LSQ, float32 ends (bits 2, outer bits 32)"
    assert variants.parse("twn").title == "Ternary weights (TWN), float32 ends"
    assert variants.parse("k-bit:bits=2").title == "k-bit integers (bits 2)"
