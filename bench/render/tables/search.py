"""What a search tried, as far as nothing else that it tried is smaller and as accurate."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.rows import MODEL
from bench.render.kit.table import Column, Datum, Group, Row, Table, number
from bench.render.text import captions
from bench.runner.plan_file import Search, SearchedNetwork

COLUMNS = (
    MODEL,
    Column("chain", "Chain", "code", "Methods and settings, in the order in which they are applied."),
    Column("payload", "Payload", "number", "Payload of the packed file.", "kB", 2),
    Column("validation", "Validation", "number", "Accuracy on the validation images of the seed.", "%", 2),
    Column("chosen", "Chosen", "text", "What the bounds choose; confirmed on all seeds in the results."),
)


def build(study: Study) -> Table | None:
    """The table; None where there was no search."""
    search = study.plan.search
    if search is None:
        return None
    return Table(
        "search",
        "The search",
        captions.joined(
            f"Chains of methods on the front of {search.trials} trials a network: none that was tried is both smaller "
            "and as accurate. The uncompressed network comes last.",
            f"Tried on one network (seed {search.seed}) and chosen by its validation images, so that these accuracies "
            "are those of the luckiest trials and come without intervals; what the chosen chains are worth is in the "
            "results: all seeds, test images.",
            _refusals(search),
            captions.version(study),
        ),
        COLUMNS,
        tuple(Group(f"{each.model}: {_bounds(each)}", tuple(_rows(each))) for each in search.networks),
    )


def _rows(network: SearchedNetwork) -> list[Row]:
    trials = {trial.label: trial for trial in network.trials}
    chosen = [*(trials[label] for label in network.front), network.original]
    return [
        Row(
            (
                Datum(network.model),
                Datum(trial.label),
                number(trial.payload, 1e-3),
                number(trial.accuracy),
                Datum("yes" if trial.label == network.best else ""),
            )
        )
        for trial in {trial.label: trial for trial in chosen}.values()
    ]


def _bounds(network: SearchedNetwork) -> str:
    parts = [f"at most {network.budget / 1e3:g} kB"] if network.budget is not None else []
    parts += [f"at least {network.floor:g}% on validation"] if network.floor is not None else []
    return " and ".join(parts) + ("" if network.best else "; nothing that was tried keeps to it")


def _refusals(search: Search) -> str:
    trials = [trial for network in search.networks for trial in network.trials]
    refused = sum(trial.payload is None for trial in trials)
    distinct = sum(len({trial.label for trial in network.trials}) for network in search.networks)
    return f"{distinct} different chains; {refused} trials came to nothing, since methods refused the network."
