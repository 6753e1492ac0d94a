import pytest

from bench import remember as memory
from bench.remember import once


@pytest.fixture(autouse=True)
def nothing_remembered():
    memory.forget()


def test_computed_once_until_forgotten():
    calls = []
    for _ in range(3):
        assert once("key", lambda: calls.append(1) or 7) == 7
    assert len(calls) == 1
    memory.forget()
    once("key", lambda: calls.append(1))
    assert len(calls) == 2


def test_the_oldest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(memory, "KEPT", 2)
    for key in ("a", "b", "a", "c"):
        once(key, lambda key=key: key)
    assert once("a", lambda: "computed again") == "a"
    assert once("b", lambda: "computed again") == "computed again"
