"""Images to train and test on: `sources/` has one file per source, decoded once into a memory-mapped cache.

`source.py` is the contract of a source, `image_set.py` describes what `load` gives. Torch, scikit-learn and PIL are
imported only where images have to be decoded.
"""

from __future__ import annotations

from pathlib import Path

from bench.data._prepare import Division, kept_moments, kept_test_images, known_fingerprint, prepare
from bench.data.catalog import find
from bench.data.image_set import ImageSet, Split

__all__ = ["ImageSet", "Split", "fingerprint", "kept_moments", "kept_test_images", "load"]


def load(source: str, *, validation: float, probe: int, probe_seed: int, split_seed: int, cache: Path) -> ImageSet:
    """Open a data set; decode and divide it first if the cache does not hold it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as cache:
    ...     images = load("digits", validation=0.1, probe=64, probe_seed=0, split_seed=0, cache=Path(cache))
    >>> images.train.images.shape, images.validation.images.shape, images.test.images.shape, images.probe.shape
    ((1078, 1, 8, 8), (120, 1, 8, 8), (599, 1, 8, 8), (64,))

    Args:
        source: name of a source and what it takes: `digits`, `cifar10`, `folder:PATH`.
        validation: share of each class of train that is held out, between 0 and 1.
        probe: number of test images on which activations are compared.
        probe_seed, split_seed: of the two draws.
        cache: folder of decoded images; several processes may share it.

    Raises:
        InputError: the source is unknown, its images are missing or cannot be used, there are too few of them, or the
            cache cannot be written.
    """
    return prepare(find(source), Division(validation, split_seed, probe, probe_seed), cache)


def fingerprint(source: str, *, validation: float, probe: int, probe_seed: int, split_seed: int, cache: Path) -> str:
    """`load(...).fingerprint`; a warm cache answers without opening an image, a cold one is filled.

    Returns:
        16 hex digits.

    Raises:
        InputError: as `load`.
    """
    opened, division = find(source), Division(validation, split_seed, probe, probe_seed)
    return known_fingerprint(opened, division, cache) or prepare(opened, division, cache).fingerprint
