"""A truncated, flipped, foreign, newer or lying file: one sentence, never a wrong network, never a crash."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.errors import InputError
from bench.footprint import _file
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, read_header, sizes, unpack
from bench.footprint.representation import Binary, Codebook, Integer
from bench.footprint.structure import rebuild

READERS: list[Callable[[bytes], Any]] = [read_header, sizes, lambda data: unpack(data, _fresh())]


def _fresh() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.Flatten(), nn.Linear(4, 3)
    )


def _packed(entropy: bool = False) -> bytes:
    finished = finish(Compressed(_fresh().eval(), example=torch.zeros(1, 2, 3, 3)))
    rng = np.random.default_rng(0)
    chosen = {
        "0.weight": Integer(rng.integers(-2, 2, (4, 2, 3, 3)), np.ones(4), 4),
        "3.weight": Codebook(rng.integers(0, 4, (4, 2)), rng.random((4, 2)).astype(np.float16), (4, 4, 1, 1)),
        "5.weight": Binary(rng.random((3, 4)) < 0.5, np.ones(3, np.float32)),
    }
    for name, stored in chosen.items():
        finished.network.get_parameter(name).data = torch.from_numpy(stored.decode())
    return pack(finished.but(representations=chosen, entropy_coding=entropy), {"name": "tiny"})


PACKED = _packed()
CODED = _packed(entropy=True)


def _sealed(header: Any, body: bytes) -> bytes:
    """A file with this header and a checksum that holds."""
    packed = zlib.compress(json.dumps(header).encode())
    front = struct.pack(">8sII", _file.MAGIC, _file.VERSION, len(packed)) + packed + body
    return front + hashlib.sha256(front).digest()


def _parts(data: bytes = PACKED) -> tuple[dict[str, Any], bytes]:
    header, body = _file.read(data)
    return header, bytes(body)


def _is_refused(data: bytes) -> None:
    for read in READERS:
        with pytest.raises(InputError) as refusal:
            read(data)
        assert len(refusal.value.problems) == 1


def test_the_file_itself_is_read():
    for read in READERS:
        read(PACKED)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(PACKED) - 1))
def test_cut_short(length):
    _is_refused(PACKED[:length])


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 8 * len(PACKED) - 1))
def test_one_bit_flipped(bit):
    damaged = bytearray(PACKED)
    damaged[bit // 8] ^= 1 << bit % 8
    _is_refused(bytes(damaged))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: _file.MAGIC + tail))
def test_foreign(data):
    _is_refused(data)


@pytest.mark.parametrize("tail", [b"\0", PACKED])
def test_more_after_the_end(tail):
    _is_refused(PACKED + tail)


def test_of_a_newer_format():
    newer = bytearray(PACKED)
    newer[8:12] = struct.pack(">I", _file.VERSION + 1)
    with pytest.raises(InputError, match=f"of format {_file.VERSION + 1}"):
        sizes(bytes(newer))


def test_a_header_longer_than_the_file():
    front = struct.pack(">8sII", _file.MAGIC, _file.VERSION, 2**20) + b"abc"
    with pytest.raises(InputError, match="reaches beyond its end"):
        sizes(front + hashlib.sha256(front).digest())


def test_a_header_that_unpacks_to_gigabytes(monkeypatch):
    header, body = _parts()
    large = _sealed({**header, "model": {"x": "y" * 100_000}}, body)
    sizes(large)
    monkeypatch.setattr(_file, "LARGEST_HEADER", 10_000)
    _is_refused(large)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"nul", b"\xff", b"[" * 100_000, b'{"a": 1e999999}'])
def test_a_header_that_is_no_json_object(text):
    packed = zlib.compress(text)
    front = struct.pack(">8sII", _file.MAGIC, _file.VERSION, len(packed)) + packed
    _is_refused(front + hashlib.sha256(front).digest())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["dense", "csr", "bitmask", "float"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in items for found in _paths(inner, (*path, key)))]


def _put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(value[path[0]], path[1:], new)
    return copy


def _read_or_refused(data: bytes) -> nn.Module | None:
    try:
        sizes(data)
        return unpack(data, _fresh())
    except InputError as refusal:
        assert len(refusal.problems) == 1
        return None


@pytest.mark.parametrize("packed", [PACKED, CODED], ids=["plain", "entropy-coded"])
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_a_header_that_lies_is_refused_or_harmless(packed, data):
    header, body = _parts(packed)
    path = data.draw(st.sampled_from(_paths(header)))
    _read_or_refused(_sealed(_put(header, path, data.draw(JSON)), body))


def _patterned() -> bytes:
    network = nn.Sequential(nn.Linear(32, 16))
    mask = torch.tensor([True, False, False, True] * 8).repeat(16, 1)
    with torch.no_grad():
        network[0].weight.mul_(mask)
    return pack(Compressed(network, masks={"0.weight": mask}), {"name": "patterned"})


PATTERNED = _patterned()


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_patterns_that_lie_are_refused_or_harmless(data):
    header, body = _parts(PATTERNED)
    assert header["tensors"][0]["how"]["layout"] == "two-four"
    path = data.draw(st.sampled_from([path for path in _paths(header["tensors"][0]) if path[:1] == ("how",)]))
    lie = data.draw(JSON | st.integers(0, 20))
    changed = bytearray(body)
    for position in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        changed[position] ^= data.draw(st.integers(1, 255))
    try:
        unpack(_sealed(_put(header, ("tensors", 0, *path), lie), bytes(changed)), nn.Sequential(nn.Linear(32, 16)))
    except InputError as refusal:
        assert len(refusal.problems) == 1


@settings(deadline=None, max_examples=200)
@given(st.sampled_from([path for path in _paths(_parts()[0]) if path]), st.data())
def test_a_header_with_something_missing_is_refused_or_harmless(path, data):
    header, body = _parts()
    parent = header
    for key in path[:-1]:
        parent = parent[key]
    _ = parent.pop(path[-1])
    _read_or_refused(_sealed(header, body))


@settings(deadline=None, max_examples=100)
@given(st.binary(min_size=1, max_size=200))
def test_sections_of_anything_else_are_refused_or_read(body):
    header, right = _parts()
    _read_or_refused(_sealed(header, (body * len(right))[: len(right)]))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("tensors", 0, "shape"), [10**6, 10**6, 10**3]),
        (("tensors", 0, "shape"), [2**70, 1, 1, 1]),
        (("tensors", 0, "shape"), [4, 2, 3, -3]),
        (("tensors", 0, "name"), "3.weight"),
        (("tensors", 0, "kind"), "pickle"),
        (("tensors", 0, "parameters", "bits"), 3),
        (("tensors", 0, "how", "layout"), "zip"),
        (("tensors", 0, "bytes", "weights"), 10**12),
        (("tensors", 0, "side", "scale", "shape"), [10**15]),
        (("tensors", 0, "side", "scale", "type"), "object"),
        (("structure", 0, "kind"), "os"),
        (("structure", 0, "kind"), "__init__"),
        (("structure", 0, "kind"), "../compressed"),
        (("structure", 0, "pairs"), [["0", "4"]]),
        (("structure", 0, "pairs"), [["no", "1"]]),
        (("structure", 0, "pairs"), 3),
        (("activation_bits",), 0),
    ],
)
def test_known_lies(where, value):
    header, body = _parts()
    with pytest.raises(InputError):
        unpack(_sealed(_put(header, where, value), body), _fresh())


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "low-rank", "ranks": {"0": 10**9}},
        {"kind": "low-rank", "ranks": {"2": 1}},
        {"kind": "thin-channels", "sizes": {"0": {"in": 2, "out": 10**9, "groups": 1}}},
        {"kind": "thin-channels", "sizes": {"0": {"in": 2, "out": 0, "groups": 1}}},
        {"kind": "affine-batchnorm", "names": ["0"]},
        {"kind": "affine-batchnorm"},
    ],
)
def test_steps_that_would_grow_a_network_or_do_not_fit(step):
    header, body = _parts()
    with pytest.raises(InputError, match="does not fit"):
        unpack(_sealed({**header, "structure": [step, *header["structure"]]}, body), _fresh())


def _structured(*steps):
    header, body = _parts()
    return _sealed({**header, "structure": [*steps, *header["structure"]]}, body)


def _quantizer(**changes):
    settings = {
        "num_bits": 8, "mode": "symmetric", "signedness_to_force": None, "narrow_range": False, "half_range": False,
        "scale_shape": [1], "logarithm_scale": False, "is_quantized_on_export": False,
    }  # fmt: skip
    hook = {
        "hook_names_in_model": ["post_hooks.2/relu/0__0.0"],
        "module_path": "nncf.torch.quantization.layers",
        "module_cls_name": "SymmetricQuantizer",
        "module_config": settings | {key: value for key, value in changes.items() if key in settings},
    } | {key: value for key, value in changes.items() if key not in settings}
    return {"kind": "nncf-quantizers", "config": {"compression_state": [hook]}}


@pytest.mark.parametrize(
    "step",
    [
        _quantizer(scale_shape=[4 * 10**10]),
        _quantizer(scale_shape=[1, 200_000, 200_000]),
        _quantizer(scale_shape=[4] * 7),
        _quantizer(scale_shape="4"),
        _quantizer(num_bits=2**40),
        _quantizer(module_cls_name="SymmetricLoraQuantizer"),
        _quantizer(module_path="nncf.torch.function_hook.wrapper", module_cls_name="ForwardWithHooks"),
        _quantizer(module_path="os", module_cls_name="system"),
        {"kind": "nncf-quantizers", "config": {}},
        {"kind": "nncf-quantizers", "config": {"compression_state": [3]}},
        {"kind": "fold-batchnorm", "pairs": [["0", "2"]]},
        {"kind": "fold-batchnorm", "pairs": [["0", ""]]},
        {"kind": "fold-batchnorm", "pairs": [["5", "1"]]},
        {"kind": "affine-batchnorm", "names": ["2"]},
        {"kind": "low-rank", "ranks": {"0": 4, "0.reduce": 4, "0.reduce.reduce": 4}},
        {"kind": "binary-activations", "layers": ["0", "0.layer", "0.layer.layer"]},
        {"kind": "quantized-inputs", "inputs": {"0": {"bits": 2**40}}},
        {"kind": "quantized-inputs", "inputs": {"0": {"bits": 4}, "0.input_quantizer": {"bits": 4}}},
        {"kind": "quantized-inputs", "inputs": {"1": {"bits": 4}}},
    ],
)
def test_steps_that_build_or_remove_something_else(step):
    with pytest.raises(InputError, match="does not fit"):
        unpack(_structured(step), _fresh())


def test_steps_are_bounded():
    with pytest.raises(InputError, match="structural steps"):
        unpack(_structured(*[{"kind": "channel-order", "groups": []}] * 100), _fresh())
    with pytest.raises(InputError, match="does not fit"):
        unpack(
            _structured(*[{"kind": "low-rank", "ranks": {".".join(["0", *["expand"] * n]): 4}} for n in range(60)]),
            _fresh(),
        )


def test_a_step_that_makes_a_network_much_larger():
    network = nn.Sequential(nn.Linear(1024, 1024))
    steps = [{"kind": "low-rank", "ranks": {".".join(["0", *["expand"] * n]): 1024}} for n in range(9)]
    with pytest.raises(ValueError, match="4 times"):
        rebuild(network, steps)


@pytest.mark.parametrize(
    "model",
    [{"x": 2**63}, {"x": -(2**63) - 1}, {"x": [[2**64]]}, {"x": "y" * 2**20}],
)
def test_headers_that_no_writer_writes(model):
    header, body = _parts()
    _is_refused(_sealed({**header, "model": model}, body))


@pytest.mark.parametrize("depth", [70, 900, 50_000])
def test_a_header_that_is_nested_deep(depth):
    header, body = _parts()
    text = json.dumps({**header, "model": {"x": 0}}).replace('{"x": 0}', '{"x": ' + "[" * depth + "]" * depth + "}")
    packed = zlib.compress(text.encode())
    front = struct.pack(">8sII", _file.MAGIC, _file.VERSION, len(packed)) + packed + body
    _is_refused(front + hashlib.sha256(front).digest())


@pytest.mark.parametrize("shape", [[2**62, 0], [2**40, 2**40], [2**62] * 20, [1] * 40])
def test_shapes_that_no_tensor_has(shape):
    header, body = _parts()
    _is_refused(_sealed(_put(header, ("tensors", 0, "shape"), shape), body))
    _is_refused(_sealed(_put(header, ("tensors", 0, "side", "scale", "shape"), shape), body))


def test_what_a_reader_would_refuse_is_not_written():
    finished = finish(Compressed(_fresh().eval(), example=torch.zeros(1, 2, 3, 3)))
    with pytest.raises(InputError, match="to describe"):
        pack(finished, {"name": "x" * 2**20})
