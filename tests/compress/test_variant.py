import pytest

from bench import registry
from bench.compress import _variant
from bench.compress._method import Method
from bench.errors import InputError

METHODS = registry.names("bench.compress")


def test_a_label_says_it_all_and_reads_back():
    label = "magnitude-finetune:sparsity=0.9+nncf-int8-ptq:weight_bits=4,calibration=64"
    variant = _variant.parse(label)
    assert variant.label == label
    assert _variant.from_spec(variant.spec()) == _variant.from_spec(_variant.parse(label).spec())
    assert variant.spec()[0] == {
        "method": "magnitude-finetune",
        "version": 1,
        "settings": {"distill": False, "sparsity": 0.9},
    }


def test_a_chain_belongs_to_the_family_of_what_compresses_first():
    assert _variant.parse("finetune+magnitude").family == "pruning"
    assert _variant.parse("finetune").family == "control"


def test_settings_are_added_to_the_last_method():
    assert _variant.with_settings(_variant.parse("float16+magnitude"), ["sparsity=0.5"]).label == (
        "float16+magnitude:sparsity=0.5"
    )


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("magnitud", "did you mean 'magnitude'"),
        ("magnitude:sparsity=2", "less than 1, given 2"),
        ("magnitude:sparsity", "key=value"),
        ("magnitude:sparsity=lots", "given 'lots'"),
        ("magnitude:nonsense=1", "did you mean 'sparsity'"),
    ],
)
def test_a_mistake_names_itself(label, expected):
    with pytest.raises(InputError, match=expected):
        _variant.parse(label).spec()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_declares_what_the_report_needs(name):
    method = registry.subclass("bench.compress", name, Method, "method")
    assert method.title and method.family and method.__doc__
