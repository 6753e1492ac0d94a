"""NNCF as the benchmark uses it: silent, offline, and computing alike on every machine.

A file that imports anything of NNCF imports this one first; ruff's import order sees to it.

- Its telemetry, which would call out and write into the home folder, is switched off before the first import.
- Its C++ and CUDA kernels are compiled at first use, which takes minutes, fails where two processes race for it, and
  gives other numbers than the fall-back for machines without a compiler; that fall-back in turn goes through
  `torch.compile`. The plain PyTorch reference arithmetic is put in their place, so that every process and machine
  computes the same.
- Its progress bars and log lines are kept quiet.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # an import of it fails: NNCF goes without

logging.disable(logging.WARNING)  # while importing, what it builds its kernels with warns where there is no CUDA

import nncf  # noqa: E402
import nncf.torch  # noqa: E402
import rich  # noqa: E402
import torch  # noqa: E402
from nncf.torch.function_hook.hook_storage import HookStorage  # noqa: E402
from nncf.torch.function_hook.wrapper import is_wrapped  # noqa: E402
from nncf.torch.quantization import extensions  # noqa: E402
from nncf.torch.quantization.reference import ReferenceBackendType, ReferenceQuantize  # noqa: E402

logging.disable(logging.NOTSET)


class PlainArithmetic:
    """What NNCF asks its kernels for, in PyTorch operations one by one."""

    Quantize_forward = ReferenceQuantize(ReferenceBackendType.TORCH).forward
    Quantize_backward = ReferenceQuantize(ReferenceBackendType.TORCH).backward


extensions.QuantizedFunctionsCPU._loaded_namespace = PlainArithmetic
extensions.QuantizedFunctionsCUDA._loaded_namespace = PlainArithmetic
nncf.set_log_level(logging.ERROR)
rich.get_console().quiet = True


def hookable(network: torch.nn.Module) -> torch.nn.Module:
    """The network itself, so that NNCF can hang its hooks on it.

    NNCF keeps them in a child of the network, which a `Sequential` or a subclass would run as its last layer; and it
    sends a network that `torch.fx` made to a backend that cannot be saved.
    """
    kind = type(network)
    if isinstance(network, torch.fx.GraphModule):
        network.__class__ = type(kind.__name__, (torch.nn.Module,), {"forward": kind.forward})
    elif isinstance(network, torch.nn.Sequential) and "_layers" not in vars(kind):
        members = {"_layers": True, "__iter__": _layers, "__len__": _count, "__getitem__": _chosen}
        network.__class__ = type(kind.__name__, (kind,), members)
    return network


def _layers(network: torch.nn.Sequential) -> Iterator[torch.nn.Module]:
    return (module for module in network._modules.values() if not isinstance(module, HookStorage))


def _count(network: torch.nn.Sequential) -> int:
    return len(list(_layers(network)))


def _chosen(network: torch.nn.Sequential, index: int | slice) -> torch.nn.Module:
    chosen = list(_layers(network))[index]
    return torch.nn.Sequential(*chosen) if isinstance(chosen, list) else chosen


__all__ = ["hookable", "is_wrapped", "nncf"]
