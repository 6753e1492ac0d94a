"""What a search tried, as far as nothing else that it tried is smaller and as accurate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.analysis.study import Study
from bench.render.kit.rows import MODEL
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text import captions
from bench.runner.plan_file import Search, SearchedNetwork, Trial


@dataclass(frozen=True)
class Tried:
    """A chain on the front of one network's trials."""

    model: str
    trial: Trial
    chosen: bool
    hole: str = "missing"


COLUMNS: tuple[Column[Tried], ...] = (
    MODEL,
    Column("chain", "Chain", "code", "Methods and settings, in the order in which they are applied.",
           lambda tried: tried.trial.label),
    Column("payload", "Payload", "number", "Payload of the packed file.",
           lambda tried: tried.trial.payload, "kB", 2, scale=1e-3),
    Column("validation", "Validation", "number", "Accuracy on the validation images of the seed.",
           lambda tried: tried.trial.accuracy, "%", 2),
    Column("chosen", "Chosen", "text", "What the bounds choose; confirmed on all seeds in the results.",
           lambda tried: "yes" if tried.chosen else ""),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None without a search."""
    search = study.plan.search
    if search is None:
        return None
    return tabulate(
        "search",
        "The search",
        captions.joined(
            f"Chains of methods on the front of {search.trials} trials a network: none that was tried is both smaller "
            "and as accurate. The uncompressed network comes last.",
            f"Tried on one network (seed {search.seed}) and chosen by its validation images, so that these accuracies "
            "are those of the luckiest trials and come without intervals; what the chosen chains are worth is in the "
            "results: all seeds, test images.",
            _refusals(search),
        ),
        COLUMNS,
        {f"{network.model}: {_bounds(network)}": _front(network) for network in search.networks},
    )


def _front(network: SearchedNetwork) -> Iterator[Tried]:
    # A chain may have been tried twice, and the original may be on the front itself: each label has one row.
    trials = {trial.label: trial for trial in network.trials}
    shown = {trial.label: trial for trial in [*(trials[label] for label in network.front), network.original]}
    return (Tried(network.model, trial, trial.label == network.best) for trial in shown.values())


def _bounds(network: SearchedNetwork) -> str:
    parts = [f"at most {network.budget / 1e3:g} kB"] if network.budget is not None else []
    parts += [f"at least {network.floor:g}% on validation"] if network.floor is not None else []
    return " and ".join(parts) + ("" if network.best else "; nothing that was tried keeps to it")


def _refusals(search: Search) -> str:
    trials = [trial for network in search.networks for trial in network.trials]
    refused = sum(trial.payload is None for trial in trials)
    distinct = sum(len({trial.label for trial in network.trials}) for network in search.networks)
    return f"{distinct} different chains; {refused} trials came to nothing, since methods refused the network."
