from __future__ import annotations

from bench.analysis.study import Study
from bench.render.tables.provenance import build


def test_the_experiment_and_what_ran_it(study: Study):
    facts = {row["what"].value: row["value"].value for row in build(study).rows}
    assert facts["Command"] == "make bench PROFILE=digits && make report PROFILE=digits"
    assert facts["Data fingerprint"] == "0123456789abcdef" * 2
    assert facts["Seeds"] == "0, 1, 2, 3, 4, 5"
    assert facts["Commit"] == "a" * 40
    assert facts["Changes not committed"] == "no"
    assert facts["Version of torch"] == "2.11.0"
