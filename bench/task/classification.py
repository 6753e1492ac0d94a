"""Classification: one label per image; networks are ranked by top-1 accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax, softmax

from bench.roles import COMPRESSED, CONTROL, ORIGINAL
from bench.statistics import divergence
from bench.task import Change, Predictions, Primary, Task

if TYPE_CHECKING:
    import torch

    from bench.data import ImageSet, Split

BINS = 15  # of the expected calibration error


class Classification(Task):
    """Outputs are logits (b, classes), targets are labels (b,) int64."""

    primary = Primary(
        metric="accuracy", title="Top-1", noun="accuracy", level_unit="%", unit="points", scale=100.0, digits=2,
        highest=1.0,
    )  # fmt: skip
    changes = (
        Change("churn", "churn", "Churn", "Test images whose top-1 differs from the original's.", "%", 100, 2),
        Change("churn", "churn_beyond", "Beyond control", "Churn less the fine-tuned control's, by seed.",
               "points", 100, 2, signed=True, beyond_control=True),
        Change("jensen_shannon", "jensen_shannon", "JS div.", "Jensen-Shannon divergence, base 2.", "bits"),
        Change("nll_difference", "nll", "ΔNLL", "Negative log-likelihood, less the original's.", "nats", signed=True),
        Change("brier_difference", "brier", "ΔBrier", "Brier score, less the original's.", signed=True),
        Change("ece_difference", "ece", "ΔECE", "Expected calibration error, less the original's.",
               "points", 100, 2, signed=True),
    )  # fmt: skip
    classifies = True

    def unfit(self, images: ImageSet) -> str:
        """Objects are no classes of images."""
        if images.train.objects is None:
            return ""
        return f'the images of {images.name} have annotated objects and no class each: give task = "detection"'

    def targets(self, split: Split, device: torch.device | str) -> torch.Tensor:
        """(n,) int64 labels."""
        import torch

        labels = split.labels
        return torch.from_numpy(labels if labels.flags.writeable else np.array(labels)).to(device)

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor, *, label_smoothing: float = 0.0) -> torch.Tensor:
        """Mean cross-entropy with the labels."""
        from torch.nn import functional

        return functional.cross_entropy(outputs, targets, label_smoothing=label_smoothing)

    def imitation_loss(self, outputs: torch.Tensor, lesson: torch.Tensor, *, temperature: float) -> torch.Tensor:
        """temperature² · KL(teacher ‖ student) of softened logits, mean over the batch (Hinton et al. 2015)."""
        from torch.nn import functional

        # The gradients of softened targets shrink with 1 / temperature², so the factor keeps their weight beside the
        # labels' the same at every temperature.
        expected = functional.log_softmax(lesson.float() / temperature, dim=1)
        student = functional.log_softmax(outputs.float() / temperature, dim=1)
        return temperature**2 * functional.kl_div(student, expected, reduction="batchmean", log_target=True)

    def collect(self, outputs: Iterable[torch.Tensor]) -> Predictions:
        """Logits (n, classes) float32."""
        return {"logits": np.concatenate([logits.float().cpu().numpy() for logits in outputs])}

    def truth(self, split: Split) -> Predictions:
        """Labels (n,) int64."""
        return {"labels": split.labels}

    def score(self, predictions: Predictions, split: Split) -> dict[str, float]:
        """Top-1 accuracy, 0 to 1."""
        return {"accuracy": accuracy(predictions["logits"], split.labels)}

    def compare(self, predictions: Mapping[str, Predictions], split: Split) -> dict[str, float]:
        """Differences are compressed minus original; accuracies and churn are shares of images.

        Args:
            predictions: by role; "compressed" and "original" must be there, "finetune" may be.
        """
        labels = split.labels
        compressed, original = predictions[COMPRESSED]["logits"], predictions[ORIGINAL]["logits"]
        scores = {"nll": negative_log_likelihood, "brier": brier, "ece": expected_calibration_error}
        differences = {name: score(compressed, labels) - score(original, labels) for name, score in scores.items()}
        metrics = {
            "test_accuracy": accuracy(compressed, labels),
            "original_test_accuracy": accuracy(original, labels),
            "accuracy_difference": accuracy(compressed, labels) - accuracy(original, labels),
            "churn": churn(compressed, original),
            "jensen_shannon": jensen_shannon(compressed, original),
            **{f"{name}_difference": difference for name, difference in differences.items()},
        }
        if CONTROL in predictions:
            metrics["churn_finetune"] = churn(compressed, predictions[CONTROL]["logits"])
        return metrics

    def per_image(self, predictions: Predictions, truth: Predictions) -> np.ndarray | None:
        """(n,) 1.0 where the answer is right, else 0.0; None without logits and labels of the same images."""
        answers, labels = self.answers(predictions), truth.get("labels")
        if answers is None or labels is None or labels.shape != answers.shape:
            return None
        return (answers == labels).astype(np.float64)

    def answers(self, predictions: Predictions) -> np.ndarray | None:
        """(n,) int64 the class of each image's largest logit; None without logits of one or more classes."""
        logits = predictions.get("logits")
        return None if logits is None or logits.ndim != 2 or not logits.shape[1] else logits.argmax(1)

    def chance(self, truth: Predictions) -> float | None:
        """The share of the commonest class: what answering it for every image reaches."""
        labels = truth.get("labels")
        return (
            None
            if labels is None or not len(labels)
            else float(np.unique(labels, return_counts=True)[1].max() / len(labels))
        )

    def difference(self, predictions: Predictions, expected: Predictions) -> float:
        """Largest difference of logits, as a share of the largest logit."""
        logits, reference = predictions["logits"], expected["logits"]
        return float(np.abs(logits - reference).max() / max(np.abs(reference).max(), 1e-12))


CLASSIFICATION = Classification()


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose largest logit is the label's, 0 to 1; logits (n, classes), labels (n,)."""
    return float(np.mean(logits.argmax(1) == labels))


def churn(logits: np.ndarray, others: np.ndarray) -> float:
    """Share of images on which two networks disagree, 0 to 1 (Milani Fard et al. 2016)."""
    return float(np.mean(logits.argmax(1) != others.argmax(1)))


def jensen_shannon(logits: np.ndarray, others: np.ndarray) -> float:
    """Mean over images of the Jensen-Shannon divergence of the two predicted distributions, base 2, 0 to 1."""
    return float(divergence.jensen_shannon(logits, others).mean())


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over images of -log p(label), nats."""
    return float(-log_softmax(_double(logits), axis=1)[np.arange(len(labels)), labels].mean())


def brier(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean over images of the squared distance from the predicted distribution to the label's, 0 to 2 (Brier 1950)."""
    probabilities = softmax(_double(logits), axis=1)
    probabilities[np.arange(len(labels)), labels] -= 1
    return float((probabilities**2).sum(1).mean())


def expected_calibration_error(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean gap between confidence and accuracy over 15 bins of equal width, 0 to 1 (Guo et al. 2017)."""
    probabilities = softmax(_double(logits), axis=1)
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def recall(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Per class, the share of its images that are classified as such, (classes,); NaN for a class without images."""
    counts = np.bincount(labels, minlength=logits.shape[1])
    hits = np.bincount(labels[logits.argmax(1) == labels], minlength=logits.shape[1])
    return np.divide(hits, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def _double(logits: np.ndarray) -> np.ndarray:
    return np.asarray(logits, dtype=np.float64)
