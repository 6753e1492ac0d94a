"""What a search tried, as far as nothing else that it tried is smaller and as accurate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.rows import MODEL
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text import captions
from bench.runner.plan_file import Search, SearchedNetwork, Trial
from bench.task import Primary, with_unit


@dataclass(frozen=True)
class Tried:
    """A chain on the front of one network's trials."""

    model: str
    trial: Trial
    chosen: bool
    hole: str = "missing"


def _columns(primary: Primary) -> tuple[Column[Tried], ...]:
    return (
    MODEL,
    Column("chain", "Chain", "code", "Methods and settings, in the order in which they are applied.",
           lambda tried: tried.trial.label),
    Column("payload", "Payload", "number", "Payload of the packed file.",
           lambda tried: tried.trial.payload, "kB", 2, scale=1e-3),
    Column("validation", "Validation", "number", f"{primary.capital} on the validation images of the seed.",
           lambda tried: tried.trial.accuracy, primary.level_unit, primary.digits),
    Column("chosen", "Chosen", "text", "What the bounds choose; confirmed on all seeds in the results.",
           lambda tried: "yes" if tried.chosen else ""),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None without a search."""
    search = study.plan.search
    if search is None:
        return None
    accurate = study.primary.noun == "accuracy"
    as_good, levels = ("as accurate", "accuracies") if accurate else ("as good", "levels")
    return tabulate(
        "search",
        "The search",
        captions.joined(
            f"The front of {search.trials} trials per network: no chain that was tried is both smaller and {as_good}.",
            "The uncompressed network comes last.",
        ),
        _columns(study.primary),
        {
            f"{title_of(study, network.model)}: {_bounds(network, study.primary)}": _front(network)
            for network in search.networks
        },
        details=captions.joined(
            f"Tried on one network (seed {search.seed}) and chosen by its validation images. So these {levels} are "
            "those of the luckiest trials and come without intervals. What the chosen chains are worth is in the "
            "results: all seeds, test images.",
            _refusals(search),
        ),
    )


def _front(network: SearchedNetwork) -> Iterator[Tried]:
    # A chain may have been tried twice, and the original may be on the front itself: each label has one row.
    trials = {trial.label: trial for trial in network.trials}
    shown = {trial.label: trial for trial in [*(trials[label] for label in network.front), network.original]}
    return (Tried(network.model, trial, trial.label == network.best) for trial in shown.values())


def _bounds(network: SearchedNetwork, primary: Primary) -> str:
    parts = [f"at most {network.budget / 1e3:g} kB"] if network.budget is not None else []
    if network.floor is not None:
        parts.append(f"at least {with_unit(f'{network.floor:g}', primary.level_unit)} on validation")
    return " and ".join(parts) + ("" if network.best else "; nothing that was tried keeps to it")


def _refusals(search: Search) -> str:
    trials = [trial for network in search.networks for trial in network.trials]
    refused = sum(trial.payload is None for trial in trials)
    distinct = sum(len({trial.label for trial in network.trials}) for network in search.networks)
    return f"{distinct} different chains; {refused} trials came to nothing, since methods refused the network."
