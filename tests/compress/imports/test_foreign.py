"""What only another library's code turns into weights is refused with what to ask of it."""

import pytest
import torch

from bench.compress.imports import networks
from bench.compress.imports.foreign import reason
from bench.errors import InputError
from tests.compress.imports.conftest import saved, trained


def coded(suffixes):
    """A file whose classifier has other tensors than its weight."""
    state = trained().state_dict()
    del state["fc.weight"]
    return {**state, **{f"fc.{suffix}": torch.ones(2, 3, dtype=torch.int8) for suffix in suffixes}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (coded(["scale", "zero_point", "_packed_params._packed_params"]), "quantised by PyTorch"),
        (coded(["weight", "weight_fake_quant.scale", "activation_post_process.scale"]), "quantised by PyTorch"),
        (coded(["weight_packed", "weight_scale", "weight_shape"]), "another library decodes"),
        (coded(["weight", "weight_scale"]), "another library decodes"),
        (coded(["qweight", "qzeros", "scales"]), "another library decodes"),
        ({"state_dict": {}, "compression_state": {"builder_state": {}}}, "create_compressed_model of an older NNCF"),
        (
            {**trained().state_dict(), "__nncf_hooks.post_hooks.fc:weight__0.0._scale": torch.ones(1)},
            "compress_weights",
        ),
    ],
)
def test_codes_of_other_libraries_are_refused_in_a_sentence(content, words, example):
    with pytest.raises(InputError, match=words):
        networks.read(("f.pt", saved(content)), None, trained(7), example)


def test_an_object_of_a_library_asks_for_its_decoded_weights(example):
    with pytest.raises(InputError, match=r"an object of torchao\.dtypes\.Tensor.*save the decoded weights"):
        networks.read(("f.pt", b"\x80\x02ctorchao.dtypes\nTensor\n."), None, trained(7), example)


def test_the_networks_own_names_say_nothing():
    assert reason(["module.fc.weight_scale"], ["fc.weight_scale"]) == ""
    assert reason(["fc.weight_scale"], ["fc.weight"])
