"""Similarity: all pairs of nine layers with intervals, beside the packages' loops over resamples, and memory."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from bench.runner.provenance import peak_memory
from bench.similarity.battery import battery, prepare
from bench.similarity.layers import Grams, half_samples, pairwise, subspaces
from bench.speed._cka_packages import PACKAGES, Package, quietly
from bench.speed.training import Row, table, threads

IMAGES, RESAMPLES = 1000, 1000
WIDTHS = {"pooled": (16, 16, 16, 32, 32, 32, 64, 64, 64), "flattened": (8192,) * 9}
BATTERY = ("debiased-cka", "angular-shape", "svcca", "pwcca", "knn-jaccard", "rsa")  # what compare cells compute
LONGEST = 20.0  # seconds; a package that would take longer for one resample is timed on one pair
ROUNDS = 5  # of this project's code; the median is shown


@dataclass(frozen=True)
class Scene:
    """Two networks' layers, (n, d_l) float32 each."""

    first: list[np.ndarray]
    second: list[np.ndarray]

    @property
    def pairs(self) -> int:
        return len(self.first) * len(self.second)

    # The work below is what the algorithm needs at least, not what the code does: a Gram is symmetric, so that half of
    # its n²d multiply-adds (two operations each) suffice. Work over time over the machine's matrix-product rate then
    # says how far the code is from the best possible.

    @property
    def gram_flop(self) -> float:
        """Least work of all Gram matrices, half of each; a multiply-add counts as two."""
        return self.images**2 * sum(layer.shape[1] for layer in (*self.first, *self.second))

    @property
    def jackknife_flop(self) -> float:
        """Grams, and for every pair the products of two half Grams."""
        return self.gram_flop + self.images**2 * self.pairs

    @property
    def half_sample_flop(self) -> float:
        """Grams, quadratic forms of half of every product of Grams, and every Gram's row sums."""
        layers = len(self.first) + len(self.second)
        return self.gram_flop + self.images**2 * RESAMPLES * (self.pairs + 3 * layers)

    @property
    def images(self) -> int:
        return len(self.first[0])


def main() -> None:
    """Print the comparison; a few minutes on one thread."""
    print(f"Memory of two networks with 20 layers, n = 5,000\n{table([peak_of_a_large_comparison()])}")
    with threadpool_limits(1), threads(1):
        for name, widths in WIDTHS.items():
            print(f"Similarity of {len(widths)} × {len(widths)} layers, {name}, n = {IMAGES:,}, one thread")
            print(table(compare(make_scene(widths))))


def make_scene(widths: Sequence[int]) -> Scene:
    """Noise: speed does not depend on what is in it."""
    rng = np.random.default_rng(0)
    return Scene(*([rng.normal(size=(IMAGES, d)).astype(np.float32) for d in widths] for _ in range(2)))


def compare(scene: Scene) -> list[Row]:
    """Times of every installed package's loop, with this project's beside them."""
    loops = {package: resample_seconds(package, scene) for package in PACKAGES if not package.absent}
    fastest = {
        words: min(RESAMPLES * seconds for package, (seconds, _) in loops.items() if package.is_package == published)
        for words, published in (("fastest package", True), ("numpy loop", False))
        if any(package.is_package == published for package in loops)
    }
    rows = [(f"{package.title}, {RESAMPLES:,} resamples", _loop(*timing)) for package, timing in loops.items()]
    rate = matrix_product_rate()
    jackknifed = _median(lambda: pairwise(Grams(scene.first), Grams(scene.second)))
    rows.append(("exact jackknife, debiased", _ours(jackknifed, fastest, scene.jackknife_flop, rate)))
    halved = _seconds(lambda: half_samples(Grams(scene.first), Grams(scene.second), replicates=RESAMPLES))
    rows.append((f"{RESAMPLES:,} half-samples, debiased", _ours(halved, fastest, scene.half_sample_flop, rate)))
    if max(layer.shape[1] for layer in scene.first) < IMAGES:
        taken = _median(lambda: subspaces(scene.first, scene.second))
        rows.append(("SVCCA, PWCCA, mean CCA, Procrustes", f"{taken:.3f} s for all {scene.pairs} pairs"))
    for name in BATTERY:
        taken = _seconds(partial(_battery, scene, name))
        each = "each image's influence included"
        rows.append((f"{name}, block by block", f"{taken:.3f} s for {len(scene.first)} blocks, {each}"))
    return rows + [(package.title, package.absent) for package in PACKAGES if package.absent]


def _battery(scene: Scene, name: str) -> None:
    battery(prepare(scene.first), prepare(scene.second), [name])


def _loop(seconds: float, extrapolated_from: str) -> str:
    return f"{RESAMPLES * seconds:,.0f} s (extrapolated from {extrapolated_from})"


def _ours(seconds: float, fastest: dict[str, float], flop: float, rate: float) -> str:
    ratios = ", ".join(f"{value / seconds:,.0f} times the {words}'s speed" for words, value in fastest.items())
    return f"{seconds:.3f} s, {ratios}; {100 * flop / seconds / rate:.0f} % of {rate / 1e9:,.0f} GFLOP/s"


def resample_seconds(package: Package, scene: Scene) -> tuple[float, str]:
    """Seconds that a package takes for one resample of all pairs, and what that was extrapolated from."""
    # The packages have no intervals: a user would loop over resamples of the images, as the textbook bootstrap does. A
    # thousand of those take hours, so that one is timed. Where even one is slow and the package shares nothing between
    # pairs, the pair of last layers stands for all. No layer is wider: the loop's time is at most that.
    with quietly():
        pair_seconds = _seconds(lambda: package.all_pairs(scene.first[-1:], scene.second[-1:]))
        if package.by_pair and pair_seconds * scene.pairs > LONGEST:
            return pair_seconds * scene.pairs, "one pair of one resample"
        rows = np.random.default_rng(1).integers(IMAGES, size=IMAGES)
        first, second = ([layer[rows] for layer in layers] for layers in (scene.first, scene.second))
        return _seconds(lambda: package.all_pairs(first, second)), "one resample"


def matrix_product_rate(side: int = 1500) -> float:
    """FLOP/s of a square float32 product, the best of twenty: what an idle machine can do."""
    matrix = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    return 2 * side**3 / min(_seconds(lambda: matrix @ matrix) for _ in range(20))


def peak_of_a_large_comparison() -> Row:
    """Peak resident memory of a process that compares 20 pooled layers of two networks at n = 5,000."""
    # A process of its own: the peak of this one includes whatever ran before.
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        taken, before, after = pool.apply(_compare_large)
    return "debiased CKA, exact jackknife", f"{after:.2f} GB at the peak, {before:.2f} GB before ({taken:.0f} s)"


def _compare_large() -> tuple[float, float, float]:
    with threadpool_limits(1):
        rng = np.random.default_rng(0)
        first, second = ([rng.normal(size=(5000, 64)).astype(np.float32) for _ in range(20)] for _ in range(2))
        before = peak_memory() / 1e9
        taken = _seconds(lambda: pairwise(Grams(first), Grams(second)))
        return taken, before, peak_memory() / 1e9


def _median(run: Callable[[], object]) -> float:
    return float(np.median([_seconds(run) for _ in range(ROUNDS)]))


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
