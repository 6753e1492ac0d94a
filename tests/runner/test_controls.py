from __future__ import annotations

from bench import profile
from bench.runner import controls, plan, plan_file

HEAD = """
seeds = [0, 1]
[finetuning]
epochs = 10
[[models]]
name = "resnet8"
training = {epochs = 20}
"""


def parsed(*methods: str, head: str = HEAD) -> profile.Profile:
    return profile.parse("p", head + "".join(f"[[methods]]\n{method}\n" for method in methods))


def added(*methods: str, head: str = HEAD) -> list[str]:
    made = parsed(*methods, head=head)
    return [variant.label for variant in controls.variants(made, "resnet8") if variant not in made.variants]


def test_methods_that_train_by_the_recipe_need_no_further_control():
    assert added('name = "float16"', 'name = "magnitude-finetune"', 'name = "han"', 'name = "small-dense"') == []


def test_one_control_for_each_length_of_fine_tuning():
    chain = 'chain = ["magnitude-finetune", "nncf-int8-qat"]'
    assert added('name = "deep-compression"', chain) == ["finetune:epochs=20"]
    assert added(chain, 'chain = ["magnitude-finetune", "finetune:epochs=2.5"]') == [
        "finetune:epochs=12.5",
        "finetune:epochs=20",
    ]


def test_a_dense_network_for_each_total_of_what_began_anew():
    assert added('name = "lottery-ticket"') == ["retrain:epochs=10"]
    assert added('name = "lottery-ticket"\nepochs = 20') == []  # the original trained for as long
    assert added('name = "lottery-ticket"\nrounds = 3') == []  # 30 epochs: so did the original and 10 of fine-tuning
    assert added('name = "lottery-ticket"\nrounds = 4') == ["finetune:epochs=20"]


def test_what_the_profile_names_itself_is_not_added():
    assert added('name = "deep-compression"', 'name = "finetune"\nepochs = 20') == []
    with_teacher = 'name = "finetune"\nepochs = 20\ndistill = true'
    assert added('name = "deep-compression"', with_teacher) == ["finetune:epochs=20"]


def test_lengths_that_differ_by_rounding_share_one():
    lengths = (f'chain = ["magnitude-finetune", "finetune:epochs={epochs}"]' for epochs in (10, 10.1))
    assert added(*lengths) == ["finetune:epochs=20"]


def test_a_checkpoint_has_no_dense_network_of_its_length():
    head = HEAD.replace("training = {epochs = 20}", 'checkpoint = "{seed}.pth"')
    assert added('name = "small-dense"', head=head) == []


def test_comparisons_have_the_control_of_their_length_and_diagnoses_are_not_multiplied():
    methods = ('name = "deep-compression"', 'name = "magnitude-finetune"')
    made = parsed(*methods, head=f'{HEAD}[[diagnostics]]\nname = "filters"\n')
    cells = {cell.name: cell for cell in plan.make(made, "f").cells}
    long, short = (cells[f"compare/resnet8/0/{label}"] for label in ("deep-compression", "magnitude-finetune"))
    assert long.parents["finetune"].variant == "finetune:epochs=20"
    assert short.parents["finetune"].variant == "finetune"
    assert "compare/resnet8/1/finetune:epochs=20" in cells
    assert not [name for name in cells if name.startswith("diagnose") and "epochs" in name]


def test_the_plan_says_which_controls_it_added_and_how_long_all_train():
    made = parsed('name = "deep-compression"')
    planned = plan_file.describe(made, [], plan_file.DataDescription(), command="")
    of = {variant.label: variant for variant in planned.variants}
    assert [label for label, variant in of.items() if variant.added] == ["finetune:epochs=20"]
    assert of["finetune:epochs=20"].control
    assert of["finetune:epochs=20"].title == "Fine-tuned (20 epochs)"
    assert of["deep-compression"].budgets["resnet8"].finetuned == 20
