"""Targets for fuzzing: what is read from outside is read or refused in sentences, whatever its bytes are.

`python -m tests.fuzzing SECONDS` shares the time among the targets and prints how many inputs each has read and
refused; an input that ends otherwise is printed, and the exit code is 1. `make fuzz` does it for an hour.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from torch import nn

from bench import profile
from bench.analysis.results import gathered
from bench.compress.imports import networks
from bench.errors import InputError
from bench.folders import checksum
from bench.footprint import _file
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes, unpack
from bench.runner.drive import standing
from bench.runner.plan_file import read as read_plan
from bench.runner.store import Store, to_json
from bench.similarity.activation_files import compare_files
from tests.invented import VARIANTS, Runs

PER_ROUND = 25  # inputs from one seed
WORDS = ["", "~", "\0", "../x", "=1", "__class__", "1e400", "dense", "float", "digits", "name", "kind", "a" * 300]
NUMBERS = st.booleans() | st.integers(-(2**70), 2**70) | st.floats()
LEAVES = st.none() | NUMBERS | st.text(max_size=5) | st.sampled_from(WORDS)
TYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.bool, torch.complex64]
TENSORS = st.builds(
    lambda shape, kind, value: torch.full(shape, value).to(kind),
    st.lists(st.integers(0, 4), max_size=4).map(tuple),
    st.sampled_from(TYPES),
    st.sampled_from([0.0, -0.0, 1.0, 0.5, 1e30, float("nan"), float("inf")]),
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A JSON value with another at a place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def spoilt(data: st.DataObject, content: bytes) -> bytes:
    """Bytes with some changed, lost or repeated."""
    kind = data.draw(st.sampled_from(["flip", "cut", "insert", "repeat"]))
    at = data.draw(st.integers(0, max(len(content) - 1, 0)))
    if kind == "flip" and content:
        return content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :]
    if kind == "cut":
        return content[:at]
    if kind == "insert":
        return content[:at] + data.draw(st.binary(max_size=20)) + content[at:]
    return content[:at] + content[at // 2 :]


class PackedFiles:
    """Packed networks with another header, or other sections, and a checksum that holds."""

    def __init__(self, folder: Path):
        finished = finish(Compressed(self._fresh().eval(), example=torch.zeros(1, 2, 3, 3)))
        self.packed = pack(finished.but(entropy_coding=True), {"name": "tiny"})
        header, body = _file.read(self.packed)
        self.header, self.body = header, bytes(body)

    @staticmethod
    def _fresh() -> nn.Module:
        return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4, 3))

    def __call__(self, data: st.DataObject) -> None:
        body = spoilt(data, self.body) if data.draw(st.booleans()) else self.body
        header = put(self.header, data.draw(st.sampled_from(places(self.header))), data.draw(JSON))
        text = json.dumps(header).encode()
        packed = zlib.compress(spoilt(data, text) if data.draw(st.integers(0, 9)) == 0 else text)
        front = struct.pack(">8sII", _file.MAGIC, _file.VERSION, len(packed)) + packed + body
        content = front + hashlib.sha256(front).digest()
        sizes(content)
        unpack(content, self._fresh())


class Checkpoints:
    """Networks from elsewhere with another entry at a place, another tensor, or spoilt bytes."""

    def __init__(self, folder: Path):
        state = self._fresh().state_dict()
        masks = {"0.weight": torch.ones(4, 2, 3, 3), "4.weight": torch.ones(3, 4)}
        codes = {"4.codes_matrix": torch.zeros(3, 4), "4.codebook": torch.zeros(2, 1), **state}
        hook = {"hook_names_in_model": ["post_hooks.4:weight__0.0"], "module_path": "nncf", "module_cls_name": "X"}
        hook["module_config"] = {"shape": [1], "num_bits": 8}
        self.contents = [
            state,
            {"net": state, "masks": masks},
            {"state_dict": state, "compression_sched": {"masks_dict": masks}},
            {name: tensor for name, tensor in codes.items() if name != "4.weight"},
            {"state_dict": state, "nncf_config": {"compression_state": [hook]}},
        ]

    @staticmethod
    def _fresh() -> nn.Module:
        return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4, 3)).eval()

    def __call__(self, data: st.DataObject) -> None:
        content = data.draw(st.sampled_from(self.contents))
        for _ in range(data.draw(st.integers(0, 2))):
            place = data.draw(st.sampled_from(places(content)))
            content = put(content, place, data.draw(JSON | TENSORS))
        buffer = io.BytesIO()
        torch.save(content, buffer)
        file = spoilt(data, buffer.getvalue()) if data.draw(st.integers(0, 4)) == 0 else buffer.getvalue()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, about what it is given
            imported = networks.read(("file.pt", file), None, self._fresh(), torch.zeros(1, 2, 3, 3))
            unpack(pack(imported, {}), self._fresh())


class ActivationFiles:
    """NPZ files of activations, spoilt or of strange arrays."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.sound = folder / "sound.npz"
        rng = np.random.default_rng(0)
        np.savez(self.sound, activations=rng.normal(size=(8, 3)), labels=np.arange(8) % 2)

    def __call__(self, data: st.DataObject) -> None:
        file = self.folder / "other.npz"
        if data.draw(st.booleans()):
            file.write_bytes(spoilt(data, self.sound.read_bytes()))
        else:
            kind = data.draw(st.sampled_from(["f8", "f2", "i4", "?", "c8", "U3", "M8[s]"]))
            shape = tuple(data.draw(st.lists(st.integers(0, 9), max_size=3)))
            buffer = io.BytesIO()
            with np.errstate(all="ignore"):
                np.savez(
                    buffer, **{data.draw(st.sampled_from(["activations", "labels", "x"])): np.ones(shape).astype(kind)}
                )
            file.write_bytes(buffer.getvalue())
        compare_files(self.sound, file, names=["cka"])


class Cells:
    """A folder of runs with a spoilt file, sometimes with a checksum that holds."""

    def __init__(self, folder: Path):
        self.whole = Runs(models=("resnet8",), seeds=(0,), variants=VARIANTS[:5]).write(folder / "whole")
        self.folder = folder / "runs" / self.whole.name

    def __call__(self, data: st.DataObject) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.whole, self.folder)
        file = data.draw(st.sampled_from(sorted(self.folder.rglob("*.*"))))
        content = spoilt(data, file.read_bytes())
        if file.suffix == ".json" and data.draw(st.booleans()):
            whole = json.loads(file.read_bytes())
            content = json.dumps(put(whole, data.draw(st.sampled_from(places(whole)[:200])), data.draw(JSON))).encode()
        file.write_bytes(content)
        sums = file.parent / "checksums.json"
        if sums.is_file() and file != sums and data.draw(st.booleans()):
            sums.write_bytes(to_json({**json.loads(sums.read_bytes()), file.name: checksum(content)}))
        plan, store = read_plan(self.folder), Store(self.folder)
        damaged = {key for key, status in standing(plan.cells, store).items() if status.state == "damaged"}
        cells = gathered(plan, store).cells
        assert set(cells[cells["state"] == "damaged"]["key"]) == damaged, "status and report disagree"


class Profiles:
    """Shipped profiles with spoilt text."""

    def __init__(self, folder: Path):
        self.texts = [(profile.SHIPPED / f"{name}.toml").read_text(encoding="utf-8") for name in profile.shipped()]

    def __call__(self, data: st.DataObject) -> None:
        text = data.draw(st.sampled_from(self.texts))
        for _ in range(data.draw(st.integers(1, 3))):
            lines = text.splitlines() or [""]
            at = data.draw(st.integers(0, len(lines) - 1))
            name, equals, _ = lines[at].partition("=")
            values = ["true", "-1", "inf", "nan", "[]", "{}", "9" * 30, "'~nouser'", '"\\u0000"', "1979-05-27", "[[1]]"]
            if equals and data.draw(st.booleans()):
                lines[at] = f"{name}= {data.draw(st.sampled_from(values))}"
                text = "\n".join(lines)
            else:
                text = spoilt(data, text.encode()).decode(errors="replace")
        profile.parse("fuzzed", text)


TARGETS: dict[str, Callable[[Path], Callable[[st.DataObject], None]]] = {
    "packed file": PackedFiles,
    "checkpoints": Checkpoints,
    "activation files": ActivationFiles,
    "store": Cells,
    "profiles": Profiles,
}


def fuzz(name: str, seconds: float) -> Counter[str]:
    """How many inputs a target has read and refused within a time, each round from a seed of its own.

    Raises:
        Exception: whatever else an input raised, with the input in Hypothesis' words.
    """
    counts: Counter[str] = Counter()
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="innards-fuzz-") as folder:
        target = TARGETS[name](Path(folder))

        def attempt(data: st.DataObject) -> None:
            try:
                target(data)
            except InputError:
                counts["refused"] += 1
            else:
                counts["read"] += 1

        limits = settings(
            max_examples=PER_ROUND,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        number = 0
        while time.monotonic() < deadline:

            @seed(number)
            @limits
            @given(data=st.data())
            def round_of(data: st.DataObject) -> None:
                attempt(data)

            round_of()
            number += 1
    return counts


def main(seconds: float) -> int:
    """Fuzz every target for its share of a time, and print counts; 1 if any input ended otherwise."""
    failed = 0
    for name in TARGETS:
        try:
            counts = fuzz(name, seconds / len(TARGETS))
        except Exception as error:
            failed = 1
            print(f"{name}: {type(error).__name__}: {error}")
            print("\n".join(getattr(error, "__notes__", [])))
        else:
            print(
                f"{name}: {counts.total():,} inputs, {counts['read']:,} read, {counts['refused']:,} refused", flush=True
            )
    return failed


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
