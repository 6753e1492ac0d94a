import pytest

from bench.compress.files import check_independent, path_of
from bench.errors import InputError


def test_a_file_is_found_by_model_and_seed(tmp_path):
    for name in ("resnet18-3.pt", "a.pt"):
        (tmp_path / name).touch()
    template = f"{tmp_path}/{{model}}-{{seed}}.pt"
    assert path_of(template, "resnet18", 3).name == "resnet18-3.pt"
    assert path_of(template, "torchvision:resnet18", 3).name == "resnet18-3.pt"
    assert path_of({"3": f"{tmp_path}/a.pt"}, "resnet18", 3).name == "a.pt"


@pytest.mark.parametrize(
    ("files", "words"),
    [("no-{seed}.pt", "there is no file 'no-3.pt'"), ({"1": "a.pt"}, "for seed 3"), ({}, "none"), ("a\0", "no file")],
)
def test_a_missing_file_is_told(files, words):
    with pytest.raises(InputError, match=words):
        path_of(files, "resnet18", 3)


def test_one_network_for_several_seeds_is_refused():
    check_independent({0: ("net.pt", "1f")})
    check_independent({0: ("0.pt", "1f"), 1: ("1.pt", "2e")})
    with pytest.raises(InputError, match=r"'net.pt' is one file for seeds 0 and 2"):
        check_independent({0: ("net.pt", "1f"), 2: ("net.pt", "1f")})
    with pytest.raises(InputError, match=r"'0.pt' and '1.pt' hold one network for seeds 0 and 1"):
        check_independent({0: ("0.pt", "1f"), 1: ("1.pt", "1f")})
