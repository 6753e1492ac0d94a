from concurrent.futures import Future

import pytest

from bench.errors import InputError
from bench.folders import Damaged, checksum
from bench.runner.cell import Cell
from bench.runner.drive import Driver, Reporter, Work
from bench.runner.executor import Executor, at_work


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


def test_a_cell_whose_worker_dies_is_tried_again_and_said_to_be(drive, chain, script):
    executor = script(train_m_0="die twice")
    states, listener = drive(chain, executor)
    assert set(states.values()) == {"done"}
    assert listener.worked.count("train/m/0") == 3
    assert [note.split(":")[0] for note in listener.notes] == [
        "train/m/0 is tried again, 1 more left",
        "train/m/0 is tried again, 0 more left",
    ]


def test_a_cell_that_always_dies_fails_in_the_end(drive, chain, script):
    executor = script(train_m_0="die")
    states, listener = drive(chain, executor)
    assert listener.worked.count("train/m/0") == 3
    assert listener.ended["train/m/0"].reason.endswith("SIGKILL, 3 times")
    assert states["compare/m/0/v"] == "blocked"


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
    assert store.provenance(chain[0].key) == {"host": "here"}


def test_diagnoses_of_a_kind_share_a_worker(drive, script):
    train = Cell("train", "m", 0)
    cells = [train]
    for variant in "uvwx":
        parents = {"compressed": train}
        cells += [
            Cell("diagnose", "m", 0, variant, {"of": variant, "look": look}, parents, diagnostic=look) for look in "ab"
        ]
    executor = script()
    states, _ = drive(cells, executor)
    assert set(states.values()) == {"done"}
    for look in "ab":
        assert len({slot for name, slot in executor.slot_of.items() if name.endswith(f"/{look}")}) == 1


def test_comparisons_with_the_same_references_share_a_worker(drive, script):
    trainings = [Cell("train", "m", seed, spec={"seed": seed}) for seed in (0, 1)]
    comparisons = [
        Cell("compare", "m", train.seed, variant, {"of": variant}, {"compressed": train})
        for variant in "uvwx"
        for train in trainings
    ]
    executor = script()
    drive([*trainings, *comparisons], executor)
    for seed in (0, 1):
        assert len({executor.slot_of[cell.name] for cell in comparisons if cell.seed == seed}) == 1


def test_topics_are_of_one_network_and_one_kind_of_cell():
    train = Cell("train", "m", 0)
    kinds = [{"kind": "compare"}, *({"kind": "diagnose", "diagnostic": look} for look in ("a", "compare"))]
    topics = [
        {Cell(model=model, seed=seed, variant=variant, parents={"compressed": train}, **kind).topic for variant in "uv"}
        for kind in kinds
        for model, seed in (("m", 0), ("m", 1), ("n", 0))
    ]
    assert all(len(topic) == 1 for topic in topics)
    assert len(set.union(*topics)) == len(topics)
    assert train.topic is None and Cell("compress", "m", 0, "v").topic is None


def test_no_worker_waits_for_another_that_knows_more(drive, script):
    train = Cell("train", "m", 0)
    looks = [Cell("diagnose", "m", 0, v, {"of": v}, {"compressed": train}, diagnostic="a") for v in "uvwx"]
    executor = script()
    drive([train, *looks], executor)
    assert {slot for name, slot in executor.slot_of.items() if name.startswith("diagnose")} == {0, 1}


def test_a_parent_damaged_meanwhile_leaves_its_worker_free(drive, chain, store, script, monkeypatch):
    drive(chain[:1])
    whole, reads = store.read, []

    def read(key):
        reads.append(key)  # not the look at what is there, which has a way of its own
        if key == chain[0].key:
            raise Damaged("out is not what was written")
        return whole(key)

    monkeypatch.setattr(store, "read", read)
    executor = script()
    executor.slots = 1
    states, listener = drive([*chain[:2], chain[3]], executor)
    assert "run again" in listener.ended["compress/m/0/v"].reason
    assert states["train/m/1"] == "done"


def test_a_run_with_nothing_to_do_hires_nobody(drive, chain, store, tmp_path):
    drive(chain)
    with at_work(lambda: pytest.fail("nobody was needed")) as hire:
        states = Driver(store, Work({}, tmp_path), Reporter()).run(chain, hire, retry_failed=False)
    assert {status.state for status in states.values()} == {"done"}


def test_workers_are_listened_to_while_they_work(drive, chain, script):
    executor = script()
    drive(chain, executor)
    assert executor.pumped


class Broken(Executor):
    """Of the user's own: every call may fail."""

    def __init__(self, fails):
        super().__init__(1, print)
        self.fails = fails

    def submit(self, job, slot):
        if self.fails == "submit":
            raise OSError("no cluster")
        future = Future()
        if self.fails == "future":
            future.set_exception(OSError("no cluster"))
        return None if self.fails == "answer" else future

    def pump(self):
        raise OSError("no cluster")


@pytest.mark.parametrize("fails", ["submit", "future", "answer", "pump"])
def test_an_executor_that_fails_ends_the_run_in_one_sentence(drive, chain, fails):
    with pytest.raises(
        InputError, match=r"executor '.*:Broken' fails: \w+: .* \(.*test_drive.py, line \d+\)"
    ) as caught:
        drive(chain, Broken(fails))
    assert len(caught.value.problems) == 1


def test_a_future_that_was_cancelled_is_not_waited_for(drive, chain, script):
    with pytest.raises(InputError, match="CancelledError"):
        drive(chain, script(compress_m_0_v="cancel"))


def test_results_may_come_in_any_order(drive, chain, script):
    class Backwards(script):
        """Answers when it is pumped, the last job first."""

        def submit(self, job, slot):
            answer = super().submit(job, slot)
            self.held = [*getattr(self, "held", []), (Future(), answer.result())]
            return self.held[-1][0]

        def pump(self):
            while self.held:
                future, result = self.held.pop()
                future.set_result(result)

    assert set(drive(chain, Backwards())[0].values()) == {"done"}


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_bytes(b"another")])
def test_a_file_of_the_users_that_is_gone_or_changed_fails_its_cell_alone(drive, chain, store, tmp_path, spoil):
    file = tmp_path / "net.pt"
    file.write_bytes(b"weights")
    cell = Cell("train", "m", 7, spec={"checkpoint": checksum(b"weights")}, outside={"net.pt": file})
    assert drive([cell])[0] == {"train/m/7": "done"}
    spoil(file)
    other = Cell("train", "m", 8, spec={**cell.spec, "seed": 8}, outside=cell.outside)
    states, listener = drive([other, *chain])
    assert states.pop("train/m/8") == "failed"
    assert set(states.values()) == {"done"}
    assert "net.pt" in listener.ended["train/m/8"].reason
    assert other.key not in set(store.keys())
