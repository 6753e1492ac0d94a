import json

import pytest

from bench.errors import InputError


def test_everything_is_worked_once_parents_first(drive, chain):
    states, listener = drive(chain)
    assert set(states.values()) == {"done"}
    for seed in "01":
        order = [listener.worked.index(f"{kind}/m/{seed}{tail}") for kind, tail in KINDS]
        assert order == sorted(order)


KINDS = (("train", ""), ("compress", "/v"), ("compare", "/v"))


def test_what_is_there_is_not_worked_again(drive, chain):
    drive(chain)
    _, listener = drive(chain)
    assert listener.worked == []


def test_a_cell_is_handed_its_parents_files(drive, chain, store):
    drive(chain)
    assert store.read(chain[2].key)["out"] == b"train/m/0compress/m/0/vcompare/m/0/v"


def test_a_failure_stops_only_what_depends_on_it(drive, chain, script):
    states, listener = drive(chain, script(compress_m_0_v="failed"))
    assert states["compress/m/0/v"] == "failed"
    assert states["compare/m/0/v"] == "blocked"
    assert states["compare/m/1/v"] == "done"
    assert listener.ended["compare/m/0/v"].reason == "compress/m/0/v failed"


def test_a_failure_is_kept_and_retried_only_when_asked(drive, chain, script):
    drive(chain, script(compress_m_0_v="failed"))
    states, listener = drive(chain)
    assert states["compress/m/0/v"] == "failed"
    assert listener.worked == []
    states, listener = drive(chain, retry_failed=True)
    assert set(states.values()) == {"done"}
    assert listener.worked == ["compress/m/0/v", "compare/m/0/v"]


def test_a_refusal_is_not_retried(drive, chain, script):
    drive(chain, script(compress_m_0_v="refused"))
    states, listener = drive(chain, retry_failed=True)
    assert states["compress/m/0/v"] == "refused"
    assert listener.worked == []


def test_a_dead_worker_fails_its_cell_but_stores_nothing(drive, chain, script, store):
    states, _ = drive(chain, script(train_m_0="die"))
    assert states["train/m/0"] == "failed"
    assert states["compare/m/1/v"] == "done"
    assert not store.has(chain[0].key)
    states, _ = drive(chain)
    assert set(states.values()) == {"done"}


def test_a_damaged_cell_is_redone_and_named(drive, chain, store):
    drive(chain)
    (store.path(chain[1].key) / "out").write_bytes(b"flipped")
    states, listener = drive(chain)
    assert listener.worked == ["compress/m/0/v"]
    assert "compress/m/0/v is damaged" in listener.notes[0]
    assert set(states.values()) == {"done"}
    assert store.read(chain[1].key)["out"] == b"train/m/0compress/m/0/v"


def test_an_interrupt_keeps_what_was_finished_and_stops_the_workers(drive, chain, script, store):
    executor = script(compress_m_0_v="interrupt")
    with pytest.raises(KeyboardInterrupt):
        drive(chain, executor)
    assert executor.closed is True
    assert store.has(chain[0].key)
    states, _ = drive(chain)
    assert set(states.values()) == {"done"}


def test_a_full_disk_ends_the_run_and_it_resumes(drive, chain, store, monkeypatch):
    def full(*_):
        raise InputError("no space is left")

    with monkeypatch.context() as patch, pytest.raises(InputError, match="no space"):
        patch.setattr(type(store), "write", full)
        drive(chain)
    states, _ = drive(chain)
    assert set(states.values()) == {"done"}


def test_the_log_and_provenance_are_kept_apart(drive, chain, store):
    drive(chain)
    folder = store.path(chain[0].key)
    assert (folder / "log.txt").read_text() == "a log"
    assert json.loads((folder / "provenance.json").read_text()) == {"host": "here"}
