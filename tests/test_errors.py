import errno

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InputError, did_you_mean, limits, nearest


def test_the_nearest_name_comes_first():
    assert did_you_mean("magnitud", ["float16", "magnitude"]).startswith("did you mean 'magnitude'?")


@pytest.mark.parametrize("given_name", ["", "zzzz", "!?"])
def test_nothing_alike_is_not_guessed(given_name):
    assert did_you_mean(given_name, ["float16", "xnor-net"]) == "Allowed: float16, xnor-net"


@pytest.mark.parametrize(
    ("given_name", "near"),
    [
        ("Magnitude", "magnitude"),
        ("xnor", "xnor-net"),
        ("int8", "int8-per-channel"),
        ("magnitude_finetune", "magnitude"),
        ("nonsense", "xnor-net"),
    ],
)
def test_case_and_parts_are_likeness(given_name, near):
    assert nearest(given_name, ["magnitude", "xnor-net", "int8-per-channel"]) == near


def test_several_mistakes_are_kept_apart():
    assert InputError(["a", "b"]).problems == ("a", "b")
    assert str(InputError("a")) == "a"


@given(st.text(), st.lists(st.text()))
def test_any_name_and_any_list_give_a_sentence(given_name, allowed):
    assert "Allowed: " in did_you_mean(given_name, allowed)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError("Unable to allocate 8 EiB"), "it needs more memory than there is"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "it needs more memory"),
        (RuntimeError("std::bad_alloc"), "it needs more memory"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), "it needs more memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "it needs more memory"),
        (np.linalg.LinAlgError("SVD did not converge"), "cannot be decomposed: SVD did not converge"),
    ],
)
def test_limits_of_memory_and_numbers_are_sentences(error, reason):
    with pytest.raises(InputError, match=reason), limits("footprint"):
        raise error


@pytest.mark.parametrize("error", [RuntimeError("shapes"), ValueError("x"), OSError(errno.ENOENT, "none")])
def test_other_errors_pass(error):
    with pytest.raises(type(error)), limits("footprint"):
        raise error


def test_memory_of_a_real_allocation_is_known():
    with pytest.raises(InputError, match="memory"), limits("footprint"):
        torch.empty(2**60)
    with pytest.raises(InputError, match="memory"), limits("footprint"):
        np.empty(2**60)
