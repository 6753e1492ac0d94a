"""Printed numbers of the inside recomputed from the comparisons' files alone, as `test_recomputed` does for accuracy.

The contrast L = (A_ref - A) - m (1 - A_other) has seeds and images in its variance; pairs of other seeds are dyadic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import stats

from bench.cli import main
from tests.invented import VARIANTS
from tests.test_recomputed import ALPHA, CHOSEN, Printed, Raw, Validated, check, crossed, estimate, field, holm

MODEL, SEEDS, PROBE = "resnet8", 6, 2000
INSIDE, POINTS = 0.1, 0.5  # margins: seed-equivalents, and points of the cross-probe
SCALED = ("debiased-cka", "knn-jaccard")  # both are similarities, 1 at best
DECIDING = (*SCALED, "cross-probe")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Raw:
    by_label = {each.label: each for each in VARIANTS if each.label in CHOSEN}
    half = by_label["magnitude:sparsity=0.5"]
    at_margin = replace(half, label="magnitude:sparsity=0.6", title="At the margin", lost=0.5, distance=0.022)
    variants = (*by_label.values(), at_margin)
    runs = Validated(models=(MODEL,), seeds=tuple(range(SEEDS)), variants=variants, probe=PROBE)
    return Raw(runs.write(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def printed(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    out = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        assert main(["report", "--profile", raw.folder.name, "--runs", str(raw.folder.parent), "--out", str(out)]) == 0
    return Printed(out)


def arrays(raw: Raw, variant: str, measure: str, key: str) -> np.ndarray:
    """(S, ...) of the pooled features."""
    cells = [raw.cell("compare", MODEL, seed, variant) for seed in raw.seeds]
    return np.stack([np.load(cell / "similarity.npz")[f"pooled/{measure}/{key}"] for cell in cells]).astype(float)


@dataclass
class Contrast:
    """Distances (S,) beyond the reference and to another seed, and the influences (S, n) of images on them."""

    near: np.ndarray
    far: np.ndarray
    near_images: np.ndarray
    far_images: np.ndarray

    @property
    def ratio(self) -> float:
        return float(self.near.mean() / self.far.mean())

    def moments(self, margin: float) -> tuple[float, float, float]:
        """L, its variance, and its degrees of freedom."""
        kept = [np.arange(SEEDS) != seed for seed in range(SEEDS)]
        # Seed s is in the pairs (s, s + 1) and (s - 1, s), so both leave with it.
        left_out = [
            self.near[keep].mean() - margin * np.delete(self.far, [seed, (seed - 1) % SEEDS]).mean()
            for seed, keep in enumerate(kept)
        ]
        of_seeds = (SEEDS - 1) / SEEDS * ((left_out - np.mean(left_out)) ** 2).sum()
        psi = self.near_images.mean(0) - margin * self.far_images.mean(0)
        of_images = (psi**2).sum() / (PROBE * (PROBE - 1))
        effective = (psi**2).sum() ** 2 / (psi**4).sum()
        both = of_seeds + of_images
        df = both**2 / (of_seeds**2 / (SEEDS - 1) + of_images**2 / effective)
        return float(self.near.mean() - margin * self.far.mean()), float(both), float(min(df, 2 * (SEEDS - 1)))

    def p(self, margin: float) -> tuple[float, float]:
        """One-sided that it is at least the margin; two-sided that it is the margin."""
        value, variance, df = self.moments(margin)
        t = value / np.sqrt(variance)
        return float(stats.t.cdf(t, df)), float(min(2 * stats.t.sf(t, df), 1))

    def interval(self, margin: float, tail: float) -> tuple[float, float, float]:
        """Fieller: ratios r for which G - r U is not shown to differ from 0; ends by bisection."""
        t = stats.t.ppf(1 - tail, self.moments(margin)[2])

        def shown(r: float) -> float:
            value, variance, _ = self.moments(r)
            return value**2 - t**2 * variance

        return self.ratio, _root(shown, self.ratio, self.ratio - 5), _root(shown, self.ratio, self.ratio + 5)


def _root(shown, inside: float, outside: float) -> float:
    for _ in range(200):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if shown(middle) <= 0 else (inside, middle)
    return (inside + outside) / 2


def contrast(raw: Raw, label: str, measure: str, *, beyond: bool, blocks=slice(None)) -> Contrast:
    """Of the mean over blocks; beyond the control's distance if the method fine-tunes, and if so asked."""

    def distance(variant: str) -> tuple[np.ndarray, np.ndarray]:
        value, influence = (arrays(raw, variant, measure, key)[:, blocks] for key in ("value", "influence"))
        return (1 - value).mean(1), -influence.mean(1)

    near, images = distance(label)
    reference = raw.reference(label)
    if beyond and reference != "original":
        control, control_images = distance(reference)
        near, images = near - control, images - control_images
    far, far_images = distance("other-seed")
    return Contrast(near, far, images, far_images)


def scaled_p(raw: Raw, label: str, measure: str) -> tuple[float, float]:
    """Of the mean over blocks; 1 of "same" where a block lies beyond the margin by itself."""
    same, changed = contrast(raw, label, measure, beyond=True).p(INSIDE)
    blocks = range(arrays(raw, label, measure, "value").shape[1])
    apart = [contrast(raw, label, measure, beyond=True, blocks=slice(b, b + 1)).ratio for b in blocks]
    return (1.0 if max(apart) > INSIDE else same), changed


def losses(raw: Raw, label: str, *, beyond: bool) -> np.ndarray:
    """(L, S, n) what the original's probe loses: right there less right here, less the control's loss."""
    right = arrays(raw, label, "cross-probe", "right")
    lost = right[:, 0] - right[:, 1]
    if beyond and raw.reference(label) != "original":
        control = arrays(raw, raw.reference(label), "cross-probe", "right")
        lost = lost - (control[:, 0] - control[:, 1])
    return lost.transpose(1, 0, 2)


def probe_p(raw: Raw, label: str) -> tuple[float, float]:
    """Every block's loss must be below the margin; changed by Holm over the blocks."""
    margin, same, changed = POINTS / 100, [], []
    for lost in losses(raw, label, beyond=True):
        least = (1 - margin) ** PROBE
        if not lost.any():
            same.append(least)
            changed.append(1.0)
            continue
        mean, error, df = crossed(lost)
        score = stats.norm.cdf((mean - margin) / np.sqrt(margin * (1 - margin) / PROBE))
        t = (mean - margin) / error
        same.append(max(stats.t.cdf(t, df), score, least))
        changed.append(min(2 * stats.t.sf(t, df), 1))
    return max(same), min(1.0, len(changed) * min(changed))


@pytest.fixture(scope="module")
def tests(raw: Raw) -> dict[str, dict[str, tuple[float, float]]]:
    """(p of same, p of changed) by method and measure."""
    return {
        label: {name: scaled_p(raw, label, name) for name in SCALED} | {"cross-probe": probe_p(raw, label)}
        for label in raw.methods
    }


def test_words_and_the_intervals_that_decide(raw: Raw, printed: Printed, tests):
    same, same_levels = holm({label: max(p for p, _ in of.values()) for label, of in tests.items()})
    changed, changed_levels = holm(
        {label: min(1.0, len(DECIDING) * min(p for _, p in of.values())) for label, of in tests.items()}
    )
    numbers, words = 0, set()
    for label, of in tests.items():
        row = printed.row("inside", network=MODEL, method=label)
        word = "same" if same[label] <= ALPHA else "changed" if changed[label] <= ALPHA else "can't tell"
        assert row["word"].partition(":")[0] == word, (label, row["word"])
        numbers += check(row, p_same=same[label], p_changed=changed[label], seeds=SEEDS)
        words.add(word)
        for name, (p_same, p_changed) in of.items():
            key, level, share = name.replace("-", "_"), same_levels[label], changed_levels[label] / len(DECIDING)
            own = "same" if p_same <= level else "changed" if p_changed <= share else "can't tell"
            assert row[f"{key}_word"].partition(":")[0] == own, (label, name)
            tail = {"same": level, "changed": share / 2}.get(own, min(level, share / 2))
            numbers += check(row, **{f"{key}_p_same": p_same, f"{key}_p_changed": p_changed})
            if name in SCALED:
                beyond = contrast(raw, label, name, beyond=True)
                _, low, high = beyond.interval(INSIDE, tail)
                if own == "can't tell" and p_same == 1.0:  # a single block stands against it: no interval decides
                    assert not any(row[field(row, f"{key}_{part}")] for part in ("low", "confidence"))
                else:
                    numbers += check(row, **{f"{key}_low": low, f"{key}_high": high,
                                             f"{key}_confidence": 100 * (1 - 2 * tail)})  # fmt: skip
                numbers += check(row, **{f"{key}_own_margin": INSIDE * beyond.far.mean()})
                distance, low, high = contrast(raw, label, name, beyond=False).interval(INSIDE, 0.025)
                numbers += check(row, **estimate(f"{key}_distance", (distance, min(max(low, 0.0), distance), high)))
    assert words == {"same", "changed", "can't tell"}
    assert numbers >= 100


def test_what_a_probe_loses_in_points(raw: Raw, printed: Printed):
    for label in raw.methods:
        row, by_block = printed.row("inside", network=MODEL, method=label), losses(raw, label, beyond=False)
        block = int(row["cross_probe_block"].removeprefix("stage"))
        lost = 100 * by_block[block]
        check(row, cross_probe_distance=lost.mean())
        if lost.any():
            mean, error, df = crossed(lost)
            half = stats.t.ppf(0.975, df) * error
            check(row, cross_probe_distance_low=mean - half, cross_probe_distance_high=mean + half)
        largest = max(table.mean() for table in by_block)
        check(printed.row("similarity", network=MODEL, method=label), cross_probe_pooled=100 * largest)
