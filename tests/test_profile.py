import pytest

from bench import profile
from bench.errors import InputError

GOOD = """
seeds = [0, 1]
[[models]]
name = "resnet8"
[[methods]]
name = "magnitude"
sparsity = [0.5, 0.9]
"""


def problems(text):
    with pytest.raises(InputError) as caught:
        profile.parse("p", text)
    return "\n".join(caught.value.problems)


def test_a_sweep_is_a_variant_an_element_after_baseline_and_controls():
    labels = [variant.label for variant in profile.parse("p", GOOD).variants]
    controls = ["original", "finetune", "other-seed", "random-weights"]
    assert labels == [*controls, "magnitude:sparsity=0.5", "magnitude:sparsity=0.9"]


def test_a_chain_sweeps_over_all_its_links():
    text = GOOD + '[[methods]]\nchain = [{name = "magnitude-finetune", sparsity = [0.8, 0.9]}, "float16"]\n'
    labels = [variant.label for variant in profile.parse("p", text).variants][6:]
    assert labels == [f"magnitude-finetune:sparsity={sparsity}+float16" for sparsity in (0.8, 0.9)]


def test_overrides_reach_recipes_in_order():
    text = "[training]\nepochs = 3\nbatch_size = 7\n[finetuning]\nepochs = 1\n" + GOOD.replace("seeds = [0, 1]", "")
    text = "seeds = [0]\n" + text.replace('name = "resnet8"', 'name = "resnet8"\ntraining = {epochs = 5}')
    parsed = profile.parse("p", text)
    assert (parsed.recipes["resnet8"].epochs, parsed.recipes["resnet8"].batch_size) == (5, 7)
    assert (parsed.finetuning["resnet8"].epochs, parsed.finetuning["resnet8"].batch_size) == (1, 7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace("seeds", "seedz"), "unknown key 'seedz': did you mean 'seeds'?"),
        (GOOD.replace("seeds = [0, 1]", ""), "key 'seeds' is missing"),
        (GOOD.replace("[0, 1]", "[]"), "key 'seeds'"),
        (GOOD.replace("[0, 1]", "[0, 0]"), "seed '0' is given 2 times"),
        (GOOD.replace("[0, 1]", "[-1]"), "given -1"),
        (GOOD.replace("resnet8", "resnet9"), "did you mean 'resnet8'?"),
        (GOOD.replace('"magnitude"', '"magnitud"'), "did you mean 'magnitude'?"),
        (GOOD.replace("sparsity", "sparsty"), "has no setting 'sparsty': did you mean 'sparsity'?"),
        (GOOD.replace("0.9]", "1.5]"), "less than 1, given 1.5"),
        (GOOD.replace("0.9]", "0.5]"), "method 'magnitude:sparsity=0.5' is given 2 times"),
        (GOOD + '[[models]]\nname = "resnet8"\n', "model 'resnet8' is given 2 times"),
        (GOOD + '[[methods]]\nname = "finetune"\n', "part of every profile"),
        (GOOD + '[data]\nsourse = "digits"\n', "unknown key 'data.sourse': did you mean 'source'?"),
        (GOOD + "[data]\nvalidation = 1.5\n", "key 'data.validation'"),
        (GOOD + "[training]\nepochz = 3\n", "unknown key 'training.epochz': did you mean 'epochs'?"),
        (GOOD + "[training]\nepochs = -3\n", "key 'training.epochs'"),
        (
            GOOD + '[training]\noptimizer = "lion"\n',
            "key 'training.optimizer': input should be 'sgd', 'adam', 'adamw' or 'adadelta'",
        ),
        (
            GOOD + "[training]\nfinal_learning_rate = 1e-6\n",
            "table 'training': final_learning_rate is where a cosine ends; the schedule is 'one-cycle'",
        ),
        (GOOD + "[margins]\ninside = 0\n", "key 'margins.inside'"),
        (GOOD + "[margins]\ncka = 0.02\n", "the inside's margin is 'margins.inside', in seed-equivalents"),
        (GOOD + "[margins]\ninside = inf\n", "a finite number is expected, given inf"),
        (GOOD + "[report]\nbudget_kb = inf\n", "a finite number is expected, given inf"),
        (GOOD + "[report]\nbudget_kb = -1\n", "should be greater than 0, given -1"),
        (GOOD + "[report]\nbudget_kb = '50'\n", "should be a valid number, given '50'"),
        (GOOD + "[report]\nbudget_kb = true\n", "should be a valid number, given True"),
        (GOOD + "[report]\naccent = 'blue'\n", "key 'report.accent': expected a colour, e.g. '#1f77b4', given 'blue'"),
        (GOOD + '[similarity]\nmeasures = ["debiased-ckaa"]\n', "did you mean 'debiased-cka'?"),
        (GOOD + '[similarity]\nmeasures = ["rsa", "rsa"]\n', "'rsa' is given 2 times, give it once"),
        (GOOD + '[similarity]\nmeasures = ["churn"]\n', "measure 'churn' compares the answers of classifiers"),
        (GOOD + "[similarity]\nmeasures = []\n", "key 'similarity.measures': list should have at least 1 item"),
        (GOOD + "[similarity]\nmeasures = 'rsa'\n", "key 'similarity.measures': input should be a valid list"),
        (GOOD + "[similarity]\nmeasures = [1]\n", "key 'similarity.measures.0': input should be a valid string"),
        (GOOD + '[similarity]\nmeasures = ["rsa"]\ninside = ["rs"]\n', "'rs' is none of 'similarity.measures'"),
        (GOOD + '[similarity]\nmeasures = ["rsa"]\ninside = ["rs"]\n', "did you mean 'rsa'?"),
        (GOOD + "[similarity]\ninside = []\n", "key 'similarity.inside': list should have at least 1 item"),
        (GOOD + '[similarity]\nmaps = ["procrustes"]\n', "'procrustes' is none of 'similarity.measures'"),
        (GOOD + '[similarity]\nmaps = ["cross-probe"]\n', "there is no map of it"),
        (GOOD + '[similarity]\nmeasures = ["no.module:Mine"]\n', "there is no module 'no.module'"),
        (GOOD + "[similarity]\ntraining_images = 6000\n", "should be less than or equal to 5000, given 6000"),
        (GOOD + '[similarity]\nmap = ["rsa"]\n', "unknown key 'similarity.map': did you mean 'maps'?"),
        (GOOD + "[sensitivity]\nsparsity = [0.5]\n", "unknown key 'sensitivity.sparsity': did you mean 'sparsities'?"),
        (GOOD + "[sensitivity]\nsparsities = [1.0]\n", "key 'sensitivity.sparsities.0': input should be less than 1"),
        (GOOD + "[sensitivity]\nbits = [1]\n", "key 'sensitivity.bits.0': input should be greater than or equal to 2"),
        (GOOD + '[sensitivity]\nkinds = ["filters"]\n', "key 'sensitivity.kinds.0': input should be 'elements'"),
        (GOOD + "[sensitivity]\nkinds = []\n", "key 'sensitivity.kinds': list should have at least 1 item"),
        (GOOD + "[sensitivity]\nrise = 0\n", "key 'sensitivity.rise': input should be greater than 0, given 0"),
        (GOOD + "similarity = 3\n[x]\n", "unknown key 'x'"),
        (GOOD + '[[methods]]\nchain = ["float16", "other-seed"]\n', "cannot follow in a chain"),
        (GOOD + "[[methods]]\nchain = []\n", "a chain is a list"),
        (GOOD + "[[methods]]\nsparsity = 0.5\n", "a method needs a name"),
        ("seeds = [", "is not valid TOML"),
        ("", "key 'models' is missing"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_it(text, expected):
    assert expected in problems(text)


def test_a_number_that_is_none_is_told_once():
    assert problems(GOOD + "[training]\nepochs = 'ten'\n").count("training.epochs") == 1


def test_all_mistakes_are_told_at_once():
    text = GOOD.replace("seeds", "seedz").replace("resnet8", "resnet9").replace("sparsity", "sparsty")
    found = problems(text)
    assert all(word in found for word in ("seedz", "'seeds' is missing", "resnet9", "sparsty"))


def test_unknown_profiles_name_the_nearest():
    with pytest.raises(InputError, match="did you mean 'digits'"):
        profile.load("digit")
    with pytest.raises(InputError, match="no such file"):
        profile.load("nowhere.toml")


@pytest.mark.parametrize("name", profile.shipped())
def test_shipped_profiles_are_valid(name):
    assert profile.load(name).file.seeds


def test_a_diagnostic_has_settings_of_its_own():
    text = GOOD + '[[diagnostics]]\nname = "attributions"\n'
    assert list(profile.parse("p", text).diagnostics) == ["attributions"]


def test_a_diagnostic_looks_into_all_variants_or_those_asked_for():
    every = profile.parse("p", GOOD + '[[diagnostics]]\nname = "filters"\n').diagnostics["filters"]
    some = profile.parse("p", GOOD + '[[diagnostics]]\nname = "filters"\nvariants = ["magnitude:*"]\n')
    assert every.all
    assert {"finetune", "magnitude:sparsity=0.5"} < set(every.variants)
    assert not some.diagnostics["filters"].all
    assert some.diagnostics["filters"].variants
    assert all(label.startswith("magnitude:") for label in some.diagnostics["filters"].variants)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('name = "attribution"', "did you mean 'attributions'?"),
        ('name = "attributions"\nnonsense = 1', "diagnostic 'attributions' has no setting 'nonsense'"),
        ("nonsense = 1", "a diagnostic needs a name"),
        ('name = "filters"\nvariants = ["magnitud:sparsity=0.5"]', "did you mean 'magnitude:sparsity=0.5'?"),
        ('name = "filters"\nvariants = "magnitude"', "give a list of labels"),
        ('name = "filters"\nvariants = []', "give a list of labels"),
    ],
)
def test_a_mistake_in_a_diagnostic_names_itself(table, expected):
    assert expected in problems(f"{GOOD}[[diagnostics]]\n{table}\n")


@pytest.mark.parametrize("value", ["true", "3", "2.5"])
def test_diagnostics_that_are_no_tables_are_told_so(value):
    assert "key 'diagnostics': input should be a valid list" in problems(f"diagnostics = {value}\n{GOOD}")


def test_a_byte_order_mark_is_no_part_of_a_profile(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(GOOD, encoding="utf-8-sig")
    assert profile.load(str(file)) == profile.parse("mine", GOOD)


def test_a_file_that_is_no_text_is_told_so(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff\xfe")
    for read in (profile.load, profile.report_table):
        with pytest.raises(InputError, match="'mine' is not valid TOML: it is not UTF-8 text"):
            read(str(file))


@pytest.mark.parametrize(
    ("table", "measures", "maps", "inside"),
    [
        ("", 7, ["debiased-cka"], ["debiased-cka", "knn-jaccard", "cross-probe"]),
        ('measures = ["rsa", "knn-jaccard"]', 2, [], ["knn-jaccard"]),
        ('measures = ["rsa", "svcca"]', 2, [], ["rsa", "svcca"]),
        ('measures = ["rsa", "linear-probe"]\nmaps = ["rsa"]', 2, ["rsa"], ["rsa", "linear-probe"]),
        ('inside = ["rsa"]', 7, ["debiased-cka"], ["rsa"]),
    ],
)
def test_what_the_similarity_table_leaves_out_are_the_defaults_among_its_measures(table, measures, maps, inside):
    parsed = profile.parse("p", f"{GOOD}[similarity]\n{table}\n")
    assert len(parsed.measures) == measures
    assert (parsed.file.similarity.maps, parsed.file.similarity.inside) == (maps, inside)


def test_a_measure_of_the_users_own_is_one_of_the_profiles():
    parsed = profile.parse("p", f'{GOOD}[similarity]\nmeasures = ["examples.measure:SpectrumCosine"]\n')
    assert list(parsed.measures) == ["examples.measure:SpectrumCosine"]


SMALLEST = """
seeds = [0]
threads = 1
data.probe = 16
training.epochs = 1
[[models]]
name = "resnet8"
checkpoint = "{seed}.pth"
[[methods]]
name = "magnitude"
sparsity = 0.9
"""


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("threads = 1", f"threads = {'9' * 5000}", "is not valid TOML"),
        ("threads = 1", f"threads = {'9' * 4000}", "at most 64 bits"),
        ("threads = 1", f"threads = {2**40}", "less than or equal to 1024"),
        ("threads = 1", "threads = true", "valid integer"),
        ("seeds = [0]", "seeds = [true]", "valid integer"),
        ("seeds = [0]", "seeds = [1.0]", "valid integer"),
        ("seeds = [0]", f"seeds = [{2**63 - 1}]", "less than 4294967296"),
        ("seeds = [0]", f"seeds = {'[' * 5000 + ']' * 5000}", "nested too deep"),
        ("seeds = [0]", f"seeds = {'[' * 100 + ']' * 100}", "nested more than 16 deep"),
        ("probe = 16", "probe = true", "valid integer"),
        ("epochs = 1", "epochs = true", "a number is expected, given True"),
        ("epochs = 1", "learning_rate = inf", "a finite number"),
        ("epochs = 1", "weight_decay = nan", "a finite number"),
        ("0.9", "inf", "a finite number"),
        ("0.9", "[]", "a sweep needs at least one value"),
        ("0.9", "[0.1, [inf]]", "a finite number"),
        ("0.9", "1979-05-27", "no setting is a date"),
        ("0.9", "0.9\n" + "\n".join(f"k{index} = {[*range(30)]}" for index in range(9)), "at most 10,000 are planned"),
        ("{seed}.pth", "\\u0000{seed}", "control character"),
        ("{seed}.pth", "a" * 5000, "at most 4,096 characters"),
    ],
)
def test_values_that_no_setting_can_have_are_one_sentence(before, after, sentence):
    assert before in SMALLEST
    with pytest.raises(InputError, match=sentence) as refusal:
        profile.parse("hostile", SMALLEST.replace(before, after))
    assert len(refusal.value.problems) == 1


@pytest.mark.parametrize("name", ["~nouser/x.toml", "a" * 300 + ".toml", "a\0b.toml", "a" * 5000])
def test_names_that_no_file_has(name):
    with pytest.raises(InputError) as refusal:
        profile.load(name)
    assert len(refusal.value.problems) == 1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ('weights = "w.pt"', "'weights' are those that a network of timm or torchvision begins with"),
        ('normalisation = "own"', "has no normalisation of its own"),
        ('normalisation = "mine"', r"normalisation.*'own', 'data' or 'imagenet'"),
    ],
)
def test_weights_and_normalisation_of_published_networks_alone(settings, sentence):
    text = f'seeds = [0]\n[[models]]\nname = "resnet8"\n{settings}\n[[methods]]\nname = "float16"\n'
    with pytest.raises(InputError, match=sentence):
        profile.parse("p", text)


def test_networks_of_timm_take_their_own_normalisation():
    pytest.importorskip("timm")
    text = 'seeds = [0]\n[[models]]\nname = "timm:vit_tiny_patch16_224"\n{}\n[[methods]]\nname = "float16"\n'
    (own,) = profile.parse("p", text.format("")).normalisations.values()
    assert own == ((0.5,) * 3, (0.5,) * 3)
    assert profile.parse("p", text.format('normalisation = "data"')).normalisations == {
        "timm:vit_tiny_patch16_224": None
    }


def test_published_weights_of_torchvision_bring_their_normalisation():
    named = 'name = "torchvision:resnet18"\nweights = "IMAGENET1K_V1"'
    text = GOOD.replace('name = "resnet8"', named, 1)
    assert profile.parse("p", text).normalisations["torchvision:resnet18"][0] == (0.485, 0.456, 0.406)
    other = GOOD.replace('name = "resnet8"', f'{named}\nnormalisation = "data"', 1)
    assert profile.parse("p", other).normalisations["torchvision:resnet18"] is None


@pytest.mark.parametrize(
    ("training", "sentence"),
    [
        (
            "random_crop = 8\nrandom_resized_crop = 8",
            "table 'training': give random_crop or random_resized_crop, not both",
        ),
        ("resize = 20\ncenter_crop = 24", "table 'training': center_crop = 24 reaches beyond resize = 20"),
        (
            'auto_augment = "autoaugment"',
            "key 'training.auto_augment': input should be '', 'randaugment' or",
        ),
        ("color_jitter = [0.1, 0.1]", "key 'training.color_jitter': "),
        ("color_jitter = [0, 0, 0, 0.6]", "key 'training.color_jitter': input should be less than or equal to 0.5"),
        ("crop_scale = [0, 1]", "key 'training.crop_scale': input should be greater than 0"),
        ("random_crop = -1", "key 'training.random_crop': input should be greater than or equal to 0"),
        ("center_krop = 8", "unknown key 'training.center_krop': did you mean 'center_crop'?"),
    ],
)
def test_transforms_are_checked(training, sentence):
    assert sentence in problems(f"{GOOD}[training]\n{training}\n")


def test_tables_of_one_recipe_are_read_together():
    text = GOOD.replace('name = "resnet8"', 'name = "resnet8"\ntraining = { schedule = "cosine" }', 1)
    made = profile.parse("good", text + '[training]\nfinal_learning_rate = 1e-6\n[finetuning]\nschedule = "constant"\n')
    assert made.recipes["resnet8"].final_learning_rate == 1e-6
    assert made.finetuning["resnet8"].schedule == "constant"
