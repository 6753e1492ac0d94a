import subprocess
import sys

import pytest

from bench.errors import InputError
from bench.runner import quiet


def test_cells_are_worked_side_by_side(tmp_path):
    with quiet.working(tmp_path), quiet.working(tmp_path):
        pass


def test_nobody_times_while_cells_are_worked(tmp_path):
    with quiet.working(tmp_path), pytest.raises(InputError, match="are at work"), quiet.alone(tmp_path):
        pass
    with quiet.alone(tmp_path):
        pass


def test_nobody_works_while_networks_are_timed(tmp_path):
    with quiet.alone(tmp_path):
        with pytest.raises(InputError, match="being timed"), quiet.working(tmp_path):
            pass
        with pytest.raises(InputError, match="being timed"), quiet.alone(tmp_path):
            pass


def test_a_folder_that_cannot_be_written_or_is_not_there(tmp_path):
    with quiet.alone(tmp_path / "none"):
        pass
    tmp_path.chmod(0o500)
    try:
        with quiet.alone(tmp_path):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_process_that_is_killed_holds_nothing(tmp_path):
    code = "import os, sys; from pathlib import Path; from bench.runner import quiet\n" \
        "with quiet.alone(Path(sys.argv[1])): os.kill(os.getpid(), 9)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == -9
    with quiet.working(tmp_path):
        pass
