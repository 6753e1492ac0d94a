"""Settings that methods of structured pruning share."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _names(setting: Any) -> Any:
    return tuple(re.split("[,-]", setting)) if isinstance(setting, str) else setting


Ratio = Annotated[float, Field(ge=0, lt=1)]
Ratios = Ratio | tuple[Ratio, ...]
Layers = Annotated[tuple[str, ...], BeforeValidator(_names)]  # a text is split at commas, or at the hyphens of a label
