"""Images to train and test on: `sources/` has one file per source, decoded once into a memory-mapped cache or streamed.

`source.py` is the contract of a source, `image_set.py` describes what `load` gives. Torch, scikit-learn and PIL are
imported only where images have to be decoded.
"""

from __future__ import annotations

from pathlib import Path

from bench.data import _streaming
from bench.data._prepare import Division, kept_moments, kept_test_images, known_fingerprint, prepare
from bench.data.catalog import find
from bench.data.image_set import ImageSet, Split

__all__ = ["ImageSet", "Split", "fingerprint", "kept_moments", "kept_test_images", "load"]


def load(
    source: str,
    *,
    validation: float,
    probe: int,
    probe_seed: int,
    split_seed: int,
    cache: Path,
    streamed: bool | None = None,
    workers: int | None = None,
) -> ImageSet:
    """Open a data set; decode and divide it first if the cache does not hold it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as cache:
    ...     images = load("digits", validation=0.1, probe=64, probe_seed=0, split_seed=0, cache=Path(cache))
    >>> images.train.images.shape, images.validation.images.shape, images.test.images.shape, images.probe.shape
    ((1078, 1, 8, 8), (120, 1, 8, 8), (599, 1, 8, 8), (64,))

    Args:
        source: name of a source and what it takes: `digits`, `cifar10`, `folder:PATH`, `imagenet:PATH`.
        validation: share of each class of train that is held out, between 0 and 1.
        probe: number of test images on which activations are compared.
        probe_seed, split_seed: of the two draws.
        cache: folder of decoded images; several processes may share it.
        streamed: whether image files are decoded when they are needed; None streams those that differ in size, are not
            square, or take more than 2 GiB.
        workers: processes that decode streamed images; None leaves the number to the device. Results do not depend on
            it.

    Raises:
        InputError: the source is unknown, its images are missing or cannot be used, there are too few of them, or the
            cache cannot be written.
    """
    opened, division = find(source), Division(validation, split_seed, probe, probe_seed)
    if _streaming.is_streamed(opened, streamed, cache):
        return _streaming.prepare(opened, division, cache, workers)
    return prepare(opened, division, cache)


def fingerprint(
    source: str,
    *,
    validation: float,
    probe: int,
    probe_seed: int,
    split_seed: int,
    cache: Path,
    streamed: bool | None = None,
    workers: int | None = None,
) -> str:
    """`load(...).fingerprint`; a warm cache answers without opening an image, a cold one is filled.

    Returns:
        16 hex digits.

    Raises:
        InputError: as `load`.
    """
    opened, division = find(source), Division(validation, split_seed, probe, probe_seed)
    if _streaming.is_streamed(opened, streamed, cache):
        known = _streaming.known_fingerprint(opened, division, cache)
        return known or _streaming.prepare(opened, division, cache, workers).fingerprint
    return known_fingerprint(opened, division, cache) or prepare(opened, division, cache).fingerprint
