"""Right and wrong answers of many networks, from a model whose true accuracies and differences are known exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import ndtr, ndtri

# Method m of seed s answers image i rightly where its margin z is above 0, with
#
#   z = μ[m] + seed·a[s] + image·b[i] + both·c[s, i] + of_method·(seed·d[s, m] + image·e[i, m] + both·f[s, i, m]),
#
# all of a to f independent and standard normal. Over new seeds and new images z is normal with mean μ[m] and a variance
# that is the same for all methods, so that accuracy is Φ(μ[m]/SD): the truth that intervals should cover. All methods
# share a, b and c, as networks compressed from one original do.


@dataclass(frozen=True)
class Answers:
    """SDs of the effects on the margin of an answer.

    Attributes:
        seed, image, both: of a training, of an image, and of an image in one training.
        of_method: size of the same three effects of one method alone, relative to the shared ones.
    """

    seed: float = 0.06
    image: float = 1.0
    both: float = 0.6
    of_method: float = 0.4

    @property
    def sd(self) -> float:
        """SD of a margin over seeds and images."""
        return float(np.sqrt((self.seed**2 + self.image**2 + self.both**2) * (1 + self.of_method**2)))

    def margins_mean(self, accuracy: float) -> float:
        """μ of a true accuracy between 0 and 1.

        >>> model = Answers()
        >>> round(float(ndtr(model.margins_mean(0.93) / model.sd)), 12)
        0.93
        """
        return self.sd * float(ndtri(accuracy))

    def margins(
        self,
        accuracies: Sequence[float],
        seeds: int,
        images: Sequence[int],
        rng: np.random.Generator,
        draws: int = 1,
        images_of: Sequence[int] | None = None,
    ) -> Iterator[np.ndarray]:
        """(draws, methods, S, n) margins for each number of images: several image sets, answered by the same networks.

        Args:
            accuracies: true accuracy of each method, between 0 and 1.
            images_of: by method, the number of the method whose effects of images it has; by default its own. Two
                methods with the same ones lose the same images but for a training's luck.
        """
        methods, alone = len(accuracies), self.of_method
        mean = np.array([self.margins_mean(accuracy) for accuracy in accuracies], dtype=np.float32)
        trained = mean[:, None, None] + self.seed * (
            _normal(rng, draws, 1, seeds, 1) + alone * _normal(rng, draws, methods, seeds, 1)
        )
        for n in images:
            of_images = _normal(rng, draws, methods, 1, n)
            seen = _normal(rng, draws, 1, 1, n) + alone * of_images[:, list(images_of or range(methods))]
            # In place, since the last effect is by far the largest array.
            z = _normal(rng, draws, methods, seeds, n)
            z *= np.float32(alone)
            z += _normal(rng, draws, 1, seeds, n)
            z *= np.float32(self.both)
            z += self.image * seen
            z += trained
            yield z

    def between_trainings(self, accuracy: float) -> float:
        """SD of the accuracy of single trainings on all images there are, for a true accuracy.

        >>> round(100 * Answers(seed=0.4).between_trainings(0.95), 1)
        3.6
        """
        # Of one training z is normal with the variance that seeds do not have, so that its accuracy is Φ of the rest;
        # its variance is an integral over the seed's normal effect, by Gauss and Hermite.
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        of_seed = self.seed * np.sqrt(1 + self.of_method**2)
        rest = np.sqrt(self.sd**2 - of_seed**2)
        reached = ndtr((self.margins_mean(accuracy) + of_seed * nodes) / rest)
        return float(np.sqrt(np.average((reached - accuracy) ** 2, weights=weights)))

    @property
    def in_words(self) -> str:
        """The model's settings for a table."""
        return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in asdict(self).items())


def accuracy_of(mean: float, model: Answers) -> float:
    """True accuracy of a method whose margins have that mean."""
    return float(ndtr(mean / model.sd))


def _normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)
