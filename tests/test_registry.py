import pytest

from bench import registry
from bench.compress.method import Method
from bench.errors import InputError


def test_what_a_folder_offers_is_its_files():
    names = registry.names("bench.compress.methods")
    assert "magnitude-finetune" in names
    assert not any(name.startswith("-") or "_" in name for name in names)


def test_an_entry_is_summarised_without_importing_it():
    assert registry.summary("bench.compress.methods", "magnitude").startswith("Global magnitude pruning")


def test_the_class_is_the_one_that_its_file_defines():
    assert registry.subclass("bench.compress.methods", "random-pruning", Method, "method").__name__ == "RandomPruning"


def test_an_unknown_entry_names_the_nearest():
    with pytest.raises(InputError, match="unknown method 'finetun': did you mean 'finetune'"):
        registry.load("bench.compress.methods", "finetun", "method")
