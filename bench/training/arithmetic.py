"""In what precision a training computes, and whether its network is compiled."""

from __future__ import annotations

import os
import platform
import shutil

import torch

from bench.errors import InputError
from bench.training.recipe import Recipe

COMPILERS = ("g++", "c++", "clang++")


def check(recipe: Recipe, device: torch.device) -> None:
    """Refuse what this machine cannot compute as the recipe wants it.

    Raises:
        InputError: the processor only emulates bfloat16, or there is no compiler.
    """
    # A processor that has no bfloat16 is slower with it than in float32. Falling back would give another network under
    # the same key.
    if recipe.precision == "bfloat16" and not computes_bfloat16(device):
        raise InputError(
            f'precision = "bfloat16": this {"GPU" if device.type == "cuda" else "processor"} only emulates it, more '
            'slowly than it computes float32: take precision = "float32", or a machine with '
            f"{'compute capability 8.0' if device.type == 'cuda' else 'AVX-512 BF16, AMX or ARM BF16'}"
        )
    if recipe.compile and device.type == "cpu" and not has_compiler():
        raise InputError(f"compile = true needs a C++ compiler ({', '.join(COMPILERS)}, or CXX), and there is none")


def computes_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 itself."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if platform.machine().lower() in ("x86_64", "amd64"):
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_device_supported())


def has_compiler() -> bool:
    """Whether a C++ compiler is installed."""
    return any(map(shutil.which, filter(None, (os.environ.get("CXX"), *COMPILERS))))
