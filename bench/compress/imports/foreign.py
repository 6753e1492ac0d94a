"""Checkpoints that only another library's code can turn into weights, and what to ask of it instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

LIBRARIES = {
    "torchao",
    "compressed_tensors",
    "bitsandbytes",
    "quanto",
    "optimum",
    "auto_gptq",
    "brevitas",
    "aimet_torch",
}
KINDS = {
    r"(^|[._])(_packed_params|activation_post_process|\w*fake_quant)(\.|$)|(^|\.)zero_point$": (
        "was quantised by PyTorch, whose modules also round feature maps: "
        "give a state_dict of the rounded weights, under the names of the float network"
    ),
    r"(^|\.)weight_(packed|scale|scale_inv|zero_point|g_idx|codes?)$|(^|\.)(qweight|qzeros|g_idx|SCB|absmax)$": (
        "holds codes and scales that another library decodes: give a state_dict of the decoded weights"
    ),
}


def reason(names: Iterable[str], own: Iterable[str]) -> str:
    """Why a file's tensors are no weights, to be put behind its name; empty if nothing says so.

    Args:
        names: of the file's tensors.
        own: the network's names, which say nothing.

    >>> reason(["fc._packed_params._packed_params"], ["fc.weight"])[:35]
    'was quantised by PyTorch, whose mod'
    """
    endings = tuple(f".{name}" for name in own)
    strange = [name for name in names if not f".{name}".endswith(endings)]
    reasons = (text for pattern, text in KINDS.items() if any(re.search(pattern, name) for name in strange))
    return next(reasons, "")
