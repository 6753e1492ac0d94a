import pytest

from bench import registry
from bench.cli import main

COMMANDS = registry.names("bench.cli")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"python -m bench {command}" in text.partition("example:")[2]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--profil", "smoke"], "unknown option '--profil': did you mean '--profile'? Allowed: "),
        (["run", "--dry"], "unknown option '--dry': did you mean '--dry-run'?"),
        (["status", "--jsn=1"], "unknown option '--jsn': did you mean '--json'?"),
        (["run", "smoke"], "'smoke' is one argument too many"),
        (["--vers", "list"], "unknown option '--vers': did you mean '--version'?"),
    ],
)
def test_half_an_option_is_none(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err


def test_no_command_takes_half_an_option(capsys):
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command, "--hel"])
        assert capsys.readouterr().out == ""


def test_the_overview_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)
