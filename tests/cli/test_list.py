import pytest

from bench import registry
from bench.cli import list as shelves
from bench.cli import main
from bench.diagnose import catalog as diagnostics


def listed(capsys, *arguments):
    assert main(["list", *arguments]) == 0
    return capsys.readouterr().out


def test_every_shelf_is_listed(capsys):
    text = listed(capsys)
    assert [line[:-1] for line in text.splitlines() if not line.startswith(" ")] == list(shelves.SHELVES)


@pytest.mark.parametrize(
    ("shelf", "names"),
    [
        ("models", registry.names("bench.zoo")),
        ("methods", registry.names("bench.compress.methods")),
        ("measures", registry.names("bench.similarity.measures")),
        ("diagnostics", diagnostics.names()),
    ],
)
def test_a_shelf_names_everything_on_it_with_a_summary(capsys, shelf, names):
    rows = [line.split(maxsplit=1) for line in listed(capsys, shelf).splitlines()[1:]]
    assert [name for name, _ in rows] == list(names)
    assert all(summary.strip() for _, summary in rows)


def test_settings_stand_beside_what_has_them(capsys):
    assert "[sparsity=0.8" in listed(capsys, "methods")
    assert "images=32" in listed(capsys, "diagnostics")


def test_functions_of_predictions_are_no_diagnostics(capsys):
    assert "exemplars" in registry.names("bench.diagnose.answers")
    assert "exemplars" not in listed(capsys, "diagnostics")
