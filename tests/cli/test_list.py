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
        ("sources", registry.names("bench.data.sources")),
        ("tasks", registry.names("bench.task")),
        ("executors", registry.names("bench.runner.executors")),
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


def test_one_entry_is_shown_with_all_that_it_declares(capsys):
    text = listed(capsys, "magnitude")
    assert text.startswith("method magnitude: Global magnitude pruning")
    for fact in ("pruning", "han2015learning", "setting sparsity  0.8"):
        assert fact in text


def test_a_name_on_several_shelves_is_shown_from_each(capsys):
    assert [line.partition(":")[0] for line in listed(capsys, "digits").splitlines() if not line.startswith(" ")] == [
        "profile digits",
        "data source digits",
    ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("magnitud", "did you mean 'magnitude'"),
        ("method", "did you mean 'methods'"),
        ("json:JSONDecoder", "derives from none of bench.compress.method.Method"),
        ("json.decoder:JSONDecodr", "did you mean 'JSONDecoder'"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(capsys, name, sentence):
    assert main(["list", name]) == 2
    assert sentence in capsys.readouterr().err
