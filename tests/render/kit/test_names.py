from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.study import Study
from bench.render.kit.names import compact, cut, shortened, sweep_names, values_alone
from bench.runner.plan_file import PlannedStage, PlannedVariant


def test_a_sweep_has_one_name_and_its_members_their_setting(study: Study):
    sweep = [variant for variant in study.plan.methods if variant.label.startswith("magnitude:")]
    assert sweep_names(sweep) == ("Magnitude", ["sparsity"], ["0.5", "0.8", "0.9", "0.95"])


def test_a_sweep_of_a_chain_keeps_the_settings_that_do_not_vary():
    def chain(sparsity: float) -> PlannedVariant:
        pruning = PlannedStage(
            method="han", title="Han", settings={"sparsity": sparsity, "rounds": 3}, chosen={"sparsity": sparsity}
        )
        rounding = PlannedStage(
            method="k-bit", title="k-bit integers", settings={"bits": 4, "per_channel": True}, chosen={"bits": 4}
        )
        return PlannedVariant(label=str(sparsity), title="", family="pruning", stages=(pruning, rounding))

    assert sweep_names([chain(0.5), chain(0.9)]) == ("Han + k-bit integers (bits 4)", ["sparsity"], ["0.5", "0.9"])


def test_a_setting_that_the_profile_decides_has_a_word():
    def tuned(epochs: float | None) -> PlannedVariant:
        stage = PlannedStage(method="finetune", title="Fine-tuned", settings={"epochs": epochs}, chosen={})
        return PlannedVariant(label=f"finetune:{epochs}", title="", family="control", stages=(stage,))

    assert sweep_names([tuned(None), tuned(20.0)])[2] == ["default", "20"]


def test_a_title_with_brackets_and_a_plus_is_no_setting():
    stage = PlannedStage(method="mine", title="Mine (rank 3) + more", settings={"rank": 2}, chosen={"rank": 2})
    variant = PlannedVariant(label="mine:rank=2", title="Mine (rank 3) + more (rank 2)", family="mine", stages=(stage,))
    assert values_alone(variant) == "Mine (rank 3) + more 2"


def test_compact_names_tell_all_variants_apart(study: Study):
    names = compact(study.plan)
    assert names["magnitude:sparsity=0.9"] == "Magnitude 0.9"
    assert names["nncf-int8-ptq"] == "INT8 (NNCF PTQ)"
    assert names["magnitude-finetune:sparsity=0.9+nncf-int8-ptq"] == "Magnitude, fine-tuned 0.9 + INT8 (NNCF PTQ)"
    assert len(set(names.values())) == len(study.plan.variants)


@given(st.text(min_size=1, max_size=80), st.integers(3, 60))
def test_a_cut_name_has_at_most_so_many_letters(name: str, most: int):
    assert len(cut(name, most)) <= max(most, 3)
    if len(name) <= most:
        assert cut(name, most) == name


def test_a_long_name_takes_two_lines_at_most():
    lines = shortened("x" * 200 + " and more").split("\n")
    assert len(lines) <= 2
    assert all(len(line) <= 60 for line in lines)
