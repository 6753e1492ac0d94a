"""One network under one method, packed, read back and run."""

from __future__ import annotations

import time
import traceback
from typing import Any

import torch

from bench.compress.variant import parse
from bench.compress.without_data import Subject
from bench.errors import InputError, limit
from bench.footprint.packed import pack, sizes, unpack
from bench.runner.provenance import peak_memory

TOLERANCE = 1e-4  # of the largest output, as for cells


def attempt(model: str, label: str, size: int) -> dict[str, Any]:
    """Compress, pack, read back, and compare the outputs of both.

    Returns:
        "state": works; refused, with a sentence as "reason"; or fault, with a traceback as "reason".
        "parameters" of the network, "file_bytes" of the packed file, "seconds" of processor time from building the
        network to its packed file, and "peak_bytes" of memory until it is read back.
    """
    started = time.process_time()
    outcome: dict[str, Any] = {}
    try:
        subject = Subject(model, parse(label), size=size)
        outcome["parameters"] = sum(parameter.numel() for parameter in subject.fresh().parameters())
        started = time.process_time()
        compressed = subject.compressed()
        packed = pack(compressed, subject.description())
        outcome |= {"seconds": time.process_time() - started, "file_bytes": sizes(packed).file_bytes}
        difference = _difference(compressed.network, unpack(packed, subject.worked_on()), subject)
        if not difference <= TOLERANCE:
            raise ArithmeticError(f"outputs of the file read back differ by {difference:.2g} of the largest")
        outcome["state"] = "works"
    except InputError as error:
        outcome |= {"state": "refused", "reason": str(error)}
    except Exception as error:
        reason = limit(error)
        outcome |= {"state": "refused", "reason": reason} if reason else fault()
    outcome.setdefault("seconds", time.process_time() - started)
    return outcome | {"peak_bytes": peak_memory()}


def fault() -> dict[str, str]:
    """The traceback of the error that is being handled, as an outcome."""
    return {"state": "fault", "reason": traceback.format_exc()}


@torch.inference_mode()
def _difference(simulated: torch.nn.Module, packed: torch.nn.Module, subject: Subject) -> float:
    """Largest difference of outputs for an image of noise, as a share of the largest."""
    noise = torch.randn(1, *subject.seen, generator=torch.Generator().manual_seed(0))
    return subject.task.apart(packed.eval(), simulated.eval(), lambda: [noise])
