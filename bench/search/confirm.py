"""The profile that confirms the best chains: on all seeds, and on images that had no part in the choice."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence

import tomli_w

from bench.compress.variant import Variant
from bench.profile import Profile, parse
from bench.search.goal import NetworkSearch

SMALL_DENSE = "small-dense"


def profile(base: Profile, searches: Sequence[NetworkSearch]) -> Profile:
    """The base profile's experiment with the best chains, each beside a small dense network of its size.

    Every chain is applied to every network that was searched: which one suits which is a result too.

    Raises:
        InputError: see `bench.profile.parse`.
    """
    raw = tomllib.loads(base.text)
    names = {search.model for search in searches}
    raw["models"] = [model for model in raw["models"] if model["name"] in names]
    raw["title"] = f"{raw.get('title') or base.name}: the best chains found"
    raw["methods"] = [{"chain": chain} for chain in dict.fromkeys(_chains(searches))]
    budgets = [search.goal.budget for search in searches if search.goal.budget]
    if budgets:
        raw.setdefault("report", {})["budget_kb"] = max(budgets) / 1e3
    raw.pop("sensitivity", None)  # of the originals alone, which the base measures
    for look in raw.get("diagnostics", []):
        look.pop("variants", None)  # they name methods of the base; here every chain is looked into
    return parse(f"{base.name}-search", tomli_w.dumps(raw))


def _chains(searches: Iterable[NetworkSearch]) -> Iterable[tuple[str, ...]]:
    for search in searches:
        if search.chain is not None and search.best is not None and search.best.label != search.original.label:
            yield _labels(search.chain)
            # Is the chain better than a network that was small from the start, with this share of the payload?
            share = (search.best.payload or 0) / (search.original.payload or 1)
            if share < 1:
                yield (f"{SMALL_DENSE}:fraction={share:.4f}",)


def _labels(chain: Variant) -> tuple[str, ...]:
    return tuple(stage.label for stage in chain.stages)
