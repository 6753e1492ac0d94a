"""Whether margins, alpha and the primary outcome were fixed before anything was measured."""

from __future__ import annotations

from bench.analysis.study import Study, judgement
from bench.runner import terms
from bench.runner.terms import History, Terms


@judgement
def kept(study: Study) -> History:
    """What the folder of runs keeps of them."""
    return terms.read(study.results.store.folder)


def changes(study: Study) -> tuple[str, ...]:
    """What a reader must know of them, one sentence each; none if they stayed as they were at the first cell."""
    history = kept(study)
    if not history.records:
        return history.sentences()
    plan = study.plan
    used = Terms(
        alpha=plan.alpha,
        margins=plan.margins.model_dump(),
        inside=tuple(plan.similarity.inside),
        primary=f"{plan.task.name}: {plan.task.primary.metric}",
    )
    others = history.records[-1].terms.changes(used)
    edited = (f"plan.json has other margins than those that were kept: {', '.join(others)}.",) if others else ()
    return (*history.sentences(), *edited)


def fixed(study: Study) -> str:
    """When they were fixed, one sentence."""
    first = kept(study).first
    if first is None:
        return "When they were fixed is not recorded."
    if changes(study):
        return " ".join(changes(study))
    when = f"{first.date:%Y-%m-%d}, SHA-256 {first.sha256[:12]}"
    return f"They were recorded with the first cell ({when}) and have not changed."
