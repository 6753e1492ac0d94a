"""OpenVINO without its telemetry, which would call out."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def openvino() -> Any:
    """The package; an import of its telemetry fails, and it goes without."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")
