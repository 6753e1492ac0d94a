"""What a file of weights holds, read without running any code of it."""

from __future__ import annotations

import contextlib
import io
import re
from contextlib import ExitStack
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch.serialization import safe_globals

from bench.compress.imports.foreign import LIBRARIES
from bench.errors import InputError

UNKNOWN = re.compile(r"GLOBAL ([\w.]+\.\w+)")
INERT = re.compile(r"(distiller|torch\.optim|numpy)\b.*|nncf\..*QuantizationScheme$")
MOST = 64  # names of classes that one file may mention


class Inert:
    """Stands for an object that a file mentions beside its weights: keeps what it is given and does nothing."""

    def __init__(self, *given: Any, **settings: Any):
        self.given, self.settings = given, settings

    def __setstate__(self, state: Any) -> None:
        self.state = state


def read(data: bytes, name: str) -> Any:
    """A file's content: tensors, numbers and texts in dictionaries and lists.

    Args:
        name: of the file, for messages.

    Raises:
        InputError: it is neither safetensors nor a file that `torch.load` reads with `weights_only`.
    """
    with contextlib.suppress(safetensors.SafetensorError):
        return safetensors.torch.load(data)
    # Distiller notes the class of its optimizer and of its quantiser, NNCF the scheme of each quantiser, training
    # scripts scores as NumPy's numbers. None is needed; each is let through as an object that does nothing, under its
    # own name alone. PyTorch's restricted reader refuses all other classes, and calls none.
    inert: list[Any] = []
    for _ in range(MOST):
        with ExitStack() as stack:
            stack.enter_context(safe_globals(inert))
            try:
                return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
            except Exception as error:  # on foreign bytes the reader fails in many ways
                unknown = UNKNOWN.search(str(error))
                if unknown is None:
                    break
                if not INERT.fullmatch(unknown[1]) or any(unknown[1] == known for _, known in inert):
                    is_library = unknown[1].partition(".")[0] in LIBRARIES
                    raise InputError(
                        f"checkpoint {name!r} holds an object of {unknown[1]}, which only running code could read: "
                        + ("save the decoded weights" if is_library else "save a state_dict(), not a whole network")
                    ) from error
                inert.append((type("Inert", (Inert,), {}), unknown[1]))
    raise InputError(
        f"checkpoint {name!r} is truncated, or neither safetensors nor a .pth file of weights alone "
        "(save a state_dict(), not a whole network)"
    )
