"""Printed numbers recomputed from the cells' files alone: NumPy, SciPy's distributions, and formulas written out here.

Nothing is imported from `bench.statistics` or `bench.analysis`. What is printed is read back from the report's CSV
files and from its page.
"""

from __future__ import annotations

import csv
import json
import re
from html import unescape
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bench.cli import main
from bench.runner.cell import Cell
from tests.invented import VARIANTS, Invented, Runs

UNITS = ("percent", "points", "bytes", "bits", "nats", "seed_equivalents")
MODELS = ("resnet8", "mobilenet-small")
SEEDS, TEST, ALPHA, MARGIN = 6, 600, 0.05, 0.5
CHOSEN = (
    "original", "finetune", "other-seed", "random-weights", "float16", "nncf-int8-ptq", "nncf-int8-qat",
    "magnitude:sparsity=0.5", "magnitude:sparsity=0.8", "magnitude:sparsity=0.9", "magnitude-finetune:sparsity=0.8",
)  # fmt: skip
# Images whose right answers a method loses, and wins, in every seed; of resnet8, the other network loses twice as many.
MOVED = {
    "finetune": (6, 7), "other-seed": (12, 12), "nncf-int8-ptq": (1, 1), "nncf-int8-qat": (6, 6),
    "magnitude:sparsity=0.5": (2, 1), "magnitude:sparsity=0.8": (9, 4), "magnitude:sparsity=0.9": (60, 3),
    "magnitude-finetune:sparsity=0.8": (12, 5),
}  # fmt: skip


def right_answers(model: str, seed: int, label: str) -> np.ndarray:
    """(TEST,) bool: some images are hard for all seeds, some for one, and a method moves a few of them."""
    number = MODELS.index(model)
    hard = np.random.default_rng(number).normal(size=TEST)
    of_seed = np.random.default_rng([number, seed, 1])
    right = hard + of_seed.normal(0.0, 0.7, TEST) > -1.7 + 0.05 * of_seed.normal()
    if label == "random-weights":
        return np.random.default_rng([number, seed, 2]).random(TEST) < 0.1
    lost, won = MOVED.get(label, (0, 0))
    name = sum(label.encode())
    random = np.random.default_rng([number, seed, 3, name])
    # Half of what decides is the same in all seeds, so that some images are lost by most of them.
    order = np.random.default_rng([number, 4, name]).random(TEST) + random.random(TEST)
    moved = np.argsort(order)[::-1]
    right[moved[right[moved]][: lost * (1 + number)]] = False
    right[moved[~right[moved]][-won:] if won else []] = True
    return right


class Validated(Runs):
    """Runs with answers on validation images too."""

    def _predictions(self, cell: Cell, invented: Invented, accuracy: float) -> dict[str, np.ndarray]:
        return super()._predictions(cell, invented, accuracy) | self._validation(cell, invented, accuracy)


class Raw:
    """The files of a run's cells, found by the plan."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        self.keys = {(c["kind"], c["model"], c["seed"], c["variant"]): c["key"] for c in self.plan["cells"]}
        self.seeds = self.plan["seeds"]
        self.methods = [variant["label"] for variant in self.plan["variants"] if not variant["control"]]
        self.titles = {variant["label"]: variant["title"] for variant in self.plan["variants"]}
        self.finetunes = {variant["label"]: variant["finetunes"] for variant in self.plan["variants"]}

    def cell(self, kind: str, model: str, seed: int, variant: str) -> Path:
        return self.folder / self.keys[kind, model, seed, variant]

    def metric(self, model: str, variant: str, name: str, kind: str = "compress") -> np.ndarray:
        """(S,) of a metric."""
        cells = [self.cell(kind, model, seed, variant) for seed in self.seeds]
        return np.array([json.loads((cell / "metrics.json").read_text())[name] for cell in cells], dtype=float)

    def logits(self, model: str, variant: str) -> tuple[np.ndarray, np.ndarray]:
        """(S, n, classes) and (n,)."""
        files = [np.load(self.cell("compress", model, seed, variant) / "predictions.npz") for seed in self.seeds]
        return np.stack([file["test_logits"] for file in files]), files[0]["test_labels"]

    def right(self, model: str, variant: str) -> np.ndarray:
        """(S, n) 1 where a seed answers an image rightly."""
        logits, labels = self.logits(model, variant)
        return (logits.argmax(2) == labels).astype(float)

    def reference(self, variant: str) -> str:
        """What was trained for as long: the control of a method that fine-tunes, else the original."""
        return "finetune" if self.finetunes[variant] else "original"


class Printed:
    """The report's CSV files and page."""

    def __init__(self, out: Path):
        self.out = out
        self.page = (out / "details.html").read_text(encoding="utf-8")

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.out / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def row(self, table: str, **where: str) -> dict[str, str]:
        (found,) = [row for row in self.rows(table) if all(row[key] == value for key, value in where.items())]
        return found

    def cells(self, table: str, model: str, variant: str) -> list[str]:
        """A row of a table on the page, as a reader sees it."""
        body = self.page.partition(f'aria-labelledby="{table}-title"')[2].partition("</table>")[0]
        (row,) = re.findall(rf'<tr[^>]*data-model="{model}" data-variant="{variant}".*?</tr>', body, re.DOTALL)
        cells = re.findall(r"<td.*?</td>", row, re.DOTALL)
        return [unescape(re.sub(r"<[^>]+>", "", cell)).replace("\N{MINUS SIGN}", "-").strip() for cell in cells]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Raw:
    variants = tuple(each for each in VARIANTS if each.label in CHOSEN)
    runs = Validated(models=MODELS, seeds=tuple(range(SEEDS)), variants=variants, test=TEST, right=right_answers)
    return Raw(runs.write(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def printed(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    out = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")  # no LaTeX, which prints the same tables again
        assert main(["report", "--profile", raw.folder.name, "--runs", str(raw.folder.parent), "--out", str(out)]) == 0
    return Printed(out)


def crossed(table: np.ndarray) -> tuple[float, float, float]:
    """Mean, standard error and degrees of freedom for new seeds and new images (statistics.md 9).

    V = max(MS_S + MS_I - MS_SI, MS_S, MS_I)/(S n); Satterthwaite on the three for the sum, at most 2(S - 1); S - 1 for
    MS_S; 2(S - 1) for MS_I.
    """
    seeds, images = table.shape
    grand, rows, columns = table.mean(), table.mean(1), table.mean(0)
    ms_seeds = images * sum((row - grand) ** 2 for row in rows) / (seeds - 1)
    ms_images = seeds * sum((column - grand) ** 2 for column in columns) / (images - 1)
    rest = sum((table[s, i] - rows[s] - columns[i] + grand) ** 2 for s, i in product(range(seeds), range(images))) / (
        (seeds - 1) * (images - 1)
    )
    total, most = ms_seeds + ms_images - rest, 2 * (seeds - 1)
    if total >= max(ms_seeds, ms_images):
        parts = ((ms_seeds, seeds - 1), (ms_images, images - 1), (rest, (seeds - 1) * (images - 1)))
        df = min(total**2 / sum(square**2 / freedom for square, freedom in parts), most)
    elif ms_seeds >= ms_images:
        total, df = ms_seeds, seeds - 1
    else:
        total, df = ms_images, most
    return float(grand), float(np.sqrt(total / (seeds * images))), float(df)


def interval(mean: float, error: float, df: float, tail: float = 0.025) -> tuple[float, float, float]:
    half = stats.t.ppf(1 - tail, df) * error
    return mean, mean - half, mean + half


def holm(p: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Corrected p, and the level that each was compared with: the one at which Holm stops for those that come later."""
    corrected, levels, worst, stopped = {}, {}, 0.0, None
    for step, name in enumerate(sorted(p, key=p.__getitem__)):
        left = len(p) - step
        worst = max(worst, min(left * p[name], 1.0))
        corrected[name] = worst
        stopped = stopped or (ALPHA / left if worst > ALPHA else None)
        levels[name] = stopped or ALPHA / left
    return corrected, levels


def sign_flip(differences: np.ndarray) -> float:
    """Exact two-sided: the share of all 2^S patterns of signs with a mean as far from 0."""
    means = [abs(np.mean(differences * signs)) for signs in product((1, -1), repeat=len(differences))]
    return float(np.mean([mean >= means[0] - 1e-12 for mean in means]))


def family(raw: Raw, model: str) -> list[str]:
    """A model's family: its methods without those whose answers are all the original's."""
    original = raw.logits(model, "original")[0].argmax(2)
    return [label for label in raw.methods if (raw.logits(model, label)[0].argmax(2) != original).any()]


def judged(raw: Raw, model: str) -> dict[str, dict[str, float]]:
    """Every test of a model's family on accuracy, in points: the two questions, each with Holm's correction."""
    found = {}
    for label in family(raw, model):
        table = 100 * (raw.right(model, label) - raw.right(model, raw.reference(label)))
        mean, error, df = crossed(table)
        found[label] = {
            "mean": mean, "error": error, "df": df, "flip": sign_flip(table.mean(1)),
            "p": 2 * stats.t.sf(abs(mean) / error, df),
            "tost": max(stats.t.sf((mean + MARGIN) / error, df), stats.t.cdf((mean - MARGIN) / error, df)),
        }  # fmt: skip
    for raw_p, name in (("p", "differs"), ("tost", "same")):
        corrected, levels = holm({label: test[raw_p] for label, test in found.items()})
        for label, test in found.items():
            test[name], test[f"{name}-level"] = corrected[label], levels[label]
    return found


def word_and_interval(test: dict[str, float]) -> tuple[str, tuple[float, float, float]]:
    """Same if both one-sided tests reject, changed if only a difference is shown; and the interval that decides."""
    if test["same"] <= ALPHA:
        word, tail = "same", test["same-level"]
    elif test["differs"] <= ALPHA:
        word, tail = "changed", test["differs-level"] / 2
    else:
        word, tail = "can't tell", min(test["same-level"], test["differs-level"] / 2)
    return word, interval(test["mean"], test["error"], test["df"], tail)


def field(row: dict[str, str], name: str) -> str:
    """A column's whole name, which ends with its unit if it has one."""
    (found,) = (each for each in (name, *(f"{name}_{unit}" for unit in UNITS)) if each in row)
    return found


def check(row: dict[str, str], **expected: float) -> int:
    """Every printed number of a row against the recomputed one; how many there were."""
    for name, value in expected.items():
        assert float(row[field(row, name)]) == pytest.approx(float(value), rel=1e-6, abs=1e-9), (name, row, value)
    return len(expected)


def estimate(name: str, value: tuple[float, float, float]) -> dict[str, float]:
    return {name: value[0], f"{name}_low": value[1], f"{name}_high": value[2]}


def test_accuracy_over_seeds_and_images(raw: Raw, printed: Printed):
    numbers = 0
    for model, label in product(MODELS, ["original", "finetune", *raw.methods]):
        right = 100 * raw.right(model, label)
        by_seed = right.mean(1)
        half = stats.t.ppf(0.975, SEEDS - 1) * by_seed.std(ddof=1) / np.sqrt(SEEDS)
        row = printed.row("results", network=model, method=label)
        numbers += check(row, **estimate("top1", interval(*crossed(right))), top1_over_trainings=half)
        assert by_seed == pytest.approx(100 * raw.metric(model, label, "test_accuracy"))
    assert numbers >= 30


def test_differences_to_the_original_and_to_the_reference(raw: Raw, printed: Printed):
    numbers = 0
    for model in MODELS:
        for label in family(raw, model):
            right, row = 100 * raw.right(model, label), printed.row("results", network=model, method=label)
            assert row["reference"] == raw.reference(label)
            for name, other in (("top1_less_original", "original"), ("top1_less_reference", raw.reference(label))):
                numbers += check(row, **estimate(name, interval(*crossed(right - 100 * raw.right(model, other)))))
    assert numbers >= 30


def test_sizes(raw: Raw, printed: Printed):
    for model, label in product(MODELS, raw.methods):
        payload = raw.metric(model, label, "payload_bytes").mean()
        check(
            printed.row("results", network=model, method=label),
            payload=payload,
            file=raw.metric(model, label, "file_bytes").mean(),
            ratio=raw.metric(model, "original", "payload_bytes").mean() / payload,
        )


def test_verdicts_with_holm_and_the_intervals_that_decide(raw: Raw, printed: Printed):
    numbers, words = 0, set()
    for model in MODELS:
        for label, test in judged(raw, model).items():
            row = printed.row("verdicts", network=model, method=label, outcome="Change in accuracy from the reference")
            word, decides = word_and_interval(test)
            direction = ": lower" if test["mean"] < 0 else ": higher"
            assert row["verdict"] == word + direction * (word == "changed")
            numbers += check(
                row,
                **estimate("difference", interval(test["mean"], test["error"], test["df"])),
                **estimate("decides", decides),
                p_t=test["p"],
                p_flip=test["flip"],
                p_least=2.0 ** (1 - SEEDS),
                p_different=test["differs"],
                p_equivalent=test["same"],
            )
            words.add(word)
    assert words == {"same", "changed", "can't tell"}
    assert numbers >= 60


def test_families_count_what_is_tested(raw: Raw, printed: Printed):
    for model, question in product(MODELS, ("difference", "equivalence")):
        row = printed.row("families", network=model, what="Change in accuracy from the reference", question=question)
        size = len(family(raw, model))
        check(row, size=size, alpha=ALPHA, least=min(size * 2.0 ** (1 - SEEDS), 1.0))


def test_identical_answers_are_counted_with_the_bound(raw: Raw, printed: Printed):
    for model in MODELS:
        (label,) = set(raw.methods) - set(family(raw, model))
        row = printed.row("verdicts", network=model, method=label, outcome="Change in accuracy from the reference")
        assert row["verdict"] == "identical answers"
        assert f"{TEST} of {TEST} images in {SEEDS} seeds; at most {100 * 3 / TEST:.1f}% of new images" in row["reason"]


def test_the_page_shows_the_same_numbers(raw: Raw, printed: Printed):
    for model, label in product(MODELS, family(raw, MODELS[0])):
        right = 100 * raw.right(model, label)
        cells = printed.cells("results", model, label)
        level, low, _ = interval(*crossed(right))
        assert cells[0] == f"{level:.2f} ± {level - low:.2f}"
        lost, low, _ = interval(*crossed(right - 100 * raw.right(model, "original")))
        sign = "+" if lost >= 0.005 else ""  # 0.00 has none
        assert cells[1] == f"{sign}{lost:.2f} ± {lost - low:.2f}"
        assert cells[4] == f"{raw.metric(model, label, 'payload_bytes').mean() / 1000:.1f}"


def test_what_users_notice_of_predictions(raw: Raw, printed: Printed):
    for model, label in product(MODELS, raw.methods):
        churn = 100 * raw.metric(model, label, "churn", "compare")
        error = churn.std(ddof=1) / np.sqrt(SEEDS)
        row = printed.row("predictions", network=model, method=label)
        check(row, **estimate("churn", interval(churn.mean(), error, SEEDS - 1)))


def test_reliability_diagrams(raw: Raw, printed: Printed):
    """Fifteen bins of confidence; the expected calibration error is their gap, weighted by their answers."""
    seen = 0
    for row in printed.rows("reliability"):
        logits, labels = raw.logits(row["network"], row["method"])
        shares = np.exp(logits.astype(float) - logits.max(2, keepdims=True))
        sure = (shares / shares.sum(2, keepdims=True)).max(2)
        right = logits.argmax(2) == labels
        at = np.minimum((15 * sure).astype(int), 14)
        errors = [
            sum(abs((right[s, at[s] == b] - sure[s, at[s] == b]).sum()) for b in range(15)) / TEST for s in range(SEEDS)
        ]
        within = at == round(0.15 * float(row["from_percent"]))
        check(row, answers=within.sum() / SEEDS, confidence=100 * sure[within].mean(),
              accuracy=100 * right[within].mean(), ece=100 * np.mean(errors))  # fmt: skip
        seen += 1
    assert seen


def validated(raw: Raw, model: str, label: str) -> float:
    """Mean validation accuracy over seeds, in percent, from the answers on validation images."""
    shares = []
    for seed in raw.seeds:
        file = np.load(raw.cell("compress", model, seed, label) / "predictions.npz")
        shares.append((file["validation_logits"].argmax(1) == file["validation_labels"]).mean())
    assert shares == pytest.approx(raw.metric(model, label, "validation_accuracy"))
    return 100 * float(np.mean(shares))


def test_validation_chooses_under_a_budget_and_test_reports(raw: Raw, printed: Printed):
    """The highest mean validation accuracy of what fits with its largest file; of equals the smallest."""
    seen = 0
    for row in printed.rows("budget"):
        model = row["network"]
        sizes = {label: raw.metric(model, label, "payload_bytes").max() for label in raw.methods}
        fitting = sorted(
            (label for label in raw.methods if sizes[label] <= float(row["budget_bytes"])), key=sizes.__getitem__
        )
        levels = {label: validated(raw, model, label) for label in [*fitting, "original"]}
        best = max(fitting, key=lambda label: round(levels[label], 9))  # the first of equals
        assert row["method"] == best
        right, original = 100 * raw.right(model, best), 100 * raw.right(model, "original")
        check(row, **estimate("top1", interval(*crossed(right))))
        check(row, payload=raw.metric(model, best, "payload_bytes").mean())
        if (right != original).any():
            check(row, **estimate("less_original", interval(*crossed(right - original))))
        keeping = [label for label in fitting if levels[label] >= levels["original"] - MARGIN - 1e-9]
        assert row["smallest"] == (raw.titles[keeping[0]] if keeping else "")
        seen += 1
    assert seen >= 2 * len(MODELS)


def exemplar_count(original: np.ndarray, other: np.ndarray) -> int:
    """Images that most seeds of the original get right and most seeds of the other get wrong."""
    return int(((original.mean(0) > 0.5) & (other.mean(0) < 0.5)).sum())


def test_exemplars(raw: Raw, printed: Printed):
    for model, label in product(MODELS, raw.methods):
        original, other = raw.right(model, "original"), raw.right(model, label)
        check(
            printed.row("hurt", network=model, method=label),
            exemplars=exemplar_count(original, other),
            control=exemplar_count(original, raw.right(model, "finetune")),
        )
        for row in printed.rows("exemplars"):
            if (row["network"], row["method"]) == (model, label):
                image = int(float(row["image"]))
                check(row, original=100 * original[:, image].mean(), compressed=100 * other[:, image].mean())
