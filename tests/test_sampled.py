import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CASES = """
import pytest

@pytest.mark.sampled
@pytest.mark.parametrize("n", [1, 2, 3])
def test_first(n): ...

@pytest.mark.sampled("kind")
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("kind", ["a", "b"])
def test_of_each(kind, n): ...

@pytest.mark.parametrize("n", [1, 2])
def test_plain(n): ...
"""
QUICK = ["test_first[1]", "test_of_each[a-1]", "test_of_each[b-1]", "test_plain[1]", "test_plain[2]"]
SLOW = ["test_first[2]", "test_first[3]", "test_of_each[a-2]", "test_of_each[b-2]"]


def collected(file, *chosen):
    started = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-p", "tests.sampled"]
    command = [*started, "-q", "--collect-only", *chosen, str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line], done


def test_one_of_each_kind_is_quick_and_the_rest_are_slow(tmp_path):
    file = tmp_path / "test_cases.py"
    file.write_text(CASES)
    assert collected(file)[0] == QUICK
    assert collected(file, "-m", "slow")[0] == SLOW
    assert sorted(collected(file, "-m", "")[0]) == sorted(QUICK + SLOW)


def test_what_cannot_be_sampled_is_said(tmp_path):
    file = tmp_path / "test_cases.py"
    file.write_text(CASES.replace('"kind")\n@pytest.mark.par', '"sort")\n@pytest.mark.par'))
    _, done = collected(file)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "is sampled by ('sort',), which it has not" in done.stdout + done.stderr
