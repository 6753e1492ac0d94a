from __future__ import annotations

import pytest

from bench.errors import InputError
from bench.runner.executor import Crew, Executor, at_work, check_name, make
from bench.runner.executors.inline import Inline
from bench.runner.executors.processes import Processes


def silent(*_: object) -> None:
    pass


class Idle(Executor):
    """Works nothing, and remembers how it was let go."""

    closed: bool | None = None

    def submit(self, job, slot):
        raise AssertionError("there is nothing to work")

    def close(self, *, at_once):
        self.closed = at_once


def test_a_crew_is_hired_at_the_first_call_once_and_let_go():
    hired = []

    def hire():
        hired.append(Crew(Idle(2, silent), ["cpu"]))
        return hired[-1]

    with at_work(hire) as crew:
        assert not hired
        assert crew() is crew()
    assert len(hired) == 1
    assert hired[0].executor.closed is False


def test_who_was_never_hired_is_not_let_go():
    with at_work(lambda: pytest.fail("nobody was needed")):
        pass


def test_an_error_stops_those_at_work_at_once():
    crew = Crew(Idle(2, silent), ["cpu"])
    with pytest.raises(KeyboardInterrupt), at_work(lambda: crew) as hire:
        hire()
        raise KeyboardInterrupt
    assert crew.executor.closed is True


def test_an_executor_needs_no_more_than_submit():
    class Least(Executor):
        def submit(self, job, slot):
            raise NotImplementedError

    executor = Least(3, silent)
    executor.pump()
    executor.close(at_once=True)
    assert executor.slots == 3


def test_executors_are_found_by_their_files():
    assert isinstance(make("inline", 4, silent), Inline)
    processes = make("processes", 2, silent)
    assert isinstance(processes, Processes)
    assert processes.slots == 2
    processes.close(at_once=True)


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(InputError, match="unknown executor 'process': did you mean 'processes'"):
        check_name("process")
    check_name("inline")


def test_an_executor_of_ones_own_is_named_by_module_and_class(tmp_path, monkeypatch):
    (tmp_path / "my_executors.py").write_text(
        "from bench.runner.executors.inline import Inline\nclass Mine(Inline):\n    pass\nclass Other:\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    check_name("my_executors:Mine")
    assert type(make("my_executors:Mine", 2, silent)).__name__ == "Mine"
    with pytest.raises(InputError, match="Other"):
        check_name("my_executors:Other")
    with pytest.raises(InputError, match="my_executors"):
        check_name("my_executors:Min")
