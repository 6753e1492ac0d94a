"""The most accurate method under each of a few byte budgets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.analysis.budget import Within, best_within, budgets
from bench.analysis.choice import chosen_on, largest_payload
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.analysis.wording import loss_that_matters
from bench.render.kit.rows import MODEL, Network
from bench.render.kit.table import DASH, Column, Table, number, tabulate
from bench.roles import ORIGINAL
from bench.task import Primary


@dataclass(frozen=True, kw_only=True)
class Best(Network):
    """The most accurate network within a budget (kB), and the smallest that loses little to the original, if any."""

    budget: int
    within: Within
    smallest: Network | None
    titles: Mapping[str, str]

    def named(self, labels: Iterable[str]) -> str:
        """Names of methods as printed."""
        return "; ".join(self.titles[label] for label in labels) or "none"


def build(study: Study) -> Table | None:
    """The table; None if nothing was compressed."""
    return tabulate(
        "budget",
        "The best under a budget",
        f"The {study.primary.best} method under each budget, how many others may be just as good, and the smallest "
        "file that loses little.",
        _columns(study.primary, loss_that_matters(study)),
        {title_of(study, model): bests(study, model) for model in study.models},
        raw=True,  # the results say which budgets a method is chosen for
        details=f"Chosen by the mean on {chosen_on(study)}, among methods whose largest file over seeds fits; the "
        "smallest wins ties. Tied with best: no method within the budget is shown to beat it, one-sided, Holm over all "
        f"others (Hsu 1981). Within {loss_that_matters(study)}: shown to lose less to the best, one-sided, Holm over "
        f"all others. The smallest loses at most {loss_that_matters(study)} to the original on the same images. "
        "Budgets at which nothing changes are left out.",
    )


def _columns(primary: Primary, margin: str) -> tuple[Column[Best], ...]:
    return (
        MODEL,
        Column("budget", "Budget", "number", "Largest payload allowed.", lambda best: best.budget, "kB",
               identifies=True),
        Column("best", f"{primary.best[:1].upper()}{primary.best[1:]} method", "text",
               f"The method within the budget with the highest mean {primary.within} on the images it is chosen on.",
               lambda best: best.title),
        Column("label", "Label", "code", "Its name in files.", lambda best: best.label, shown=False),
        Column("top1", primary.title, "estimate", f"Its test {primary.noun}.", lambda best: best.within.level,
               primary.level_unit, primary.digits, scale=primary.scale),
        Column("less_original", f"Change in {primary.noun}", "estimate", "Paired by seed and test image.",
               lambda best: best.within.difference, primary.unit, primary.digits, scale=primary.scale, signed=True),
        Column("by", "Chosen on", "text", "Images that it was chosen by; on test images, intervals hold for the "
               "highest of all that fit.", lambda best: best.within.choice.by, shown=False),
        Column("changes", "Choice changes", "number", "Share of draws of other validation images that choose another.",
               lambda best: number(best.within.choice.changes, 100, hole=DASH), "%", 0),
        Column("payload", "Payload", "number", "Its payload, mean over seeds.",
               lambda best: best.mean("payload_bytes").value, "kB", 1, scale=1e-3),
        Column("untold", "Tied with best", "number",
               f"Methods within the budget that are not shown to be {primary.worse}.",
               lambda best: len(best.within.undecided)),
        Column("close", f"Within {margin}", "number",
               "Methods within the budget that are shown to lose less than the margin.",
               lambda best: len(best.within.close)),
        Column("smallest", "Smallest that loses little", "text",
               "The smallest that loses at most the margin to the original on the images it is chosen on.",
               lambda best: best.smallest.title if best.smallest else None),
        Column("smallest_payload", "Its payload", "number", "Mean over seeds.",
               lambda best: best.smallest.mean("payload_bytes").value if best.smallest else None, "kB", 1, scale=1e-3),
        Column("untold_names", "Tied with best", "text", "Their names, the smallest first.",
               lambda best: best.named(best.within.undecided), shown=False),
        Column("close_names", f"Within {margin}", "text", "Their names, the smallest first.",
               lambda best: best.named(best.within.close), shown=False),
    )  # fmt: skip


def bests(study: Study, model: str) -> Iterator[Best]:
    """One per budget at which anything changes."""
    labels = [*(variant.label for variant in study.plan.methods), ORIGINAL]
    payloads = [largest_payload(study, model, label) for label in labels]
    titles = {variant.label: variant.title for variant in study.plan.variants}
    previous = None
    for budget in budgets([payload for payload in payloads if np.isfinite(payload)]):
        within = best_within(study, model, budget * 1e3)
        if within is None:
            continue
        small = within.smallest.label if within.smallest else None
        # A row says what leads at its budget and above, up to the next row: a budget that changes nothing has none.
        if (within.best, within.undecided, within.close, small) == previous:
            continue
        previous = within.best, within.undecided, within.close, small
        best = study.plan.variant(within.best)
        smallest = Network(study, model, study.plan.variant(small)) if small else None
        yield Best(study, model, best, budget=budget, within=within, smallest=smallest, titles=titles)
