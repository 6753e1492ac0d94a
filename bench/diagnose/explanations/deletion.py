"""Does an attribution describe its network? Deletion, infidelity and max-sensitivity."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from captum.metrics import infidelity, infidelity_perturb_func_decorator, sensitivity_max
from torch import nn

from bench.diagnose.explanations.attribution import METHODS, How, explain
from bench.diagnose.networks import Version, seeded

AT_ONCE = 512  # images in one forward pass
DELETIONS = 10  # equal parts in which an image is deleted
SQUARE = 4  # a side of the squares that infidelity removes is this part of the image's
SQUARES = 16  # that are removed from each image, one at a time
RADIUS = 0.05  # of max-sensitivity's uniform noise, in the images' standard deviations


def scores(
    version: Version, method: str, images: torch.Tensor, targets: np.ndarray, how: How, perturbations: int
) -> dict[str, np.ndarray]:
    """All scores of the attributions that one network gives; computed once per process for a network of the same file.

    Returns:
        "deletion", "infidelity" and "sensitivity" (n,), and "curve" (DELETIONS + 1,).

    Raises:
        CannotExplain: there is no attribution to score.
    """
    values = torch.from_numpy(explain(version, method, images, targets, how))
    shown = (images.numpy(force=True).tobytes(), targets.tobytes())
    key = ("faithfulness", method, how, perturbations, shown)
    return version.once(lambda: _scores(version, method, images, values, targets, how, perturbations), *key)


def _scores(
    version: Version,
    method: str,
    images: torch.Tensor,
    values: torch.Tensor,
    targets: np.ndarray,
    how: How,
    perturbations: int,
) -> dict[str, np.ndarray]:
    images, values = images.to(version.device), values.to(version.device)
    classes = torch.from_numpy(targets).to(version.device)
    with version.opened() as network, seeded(how.seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Captum's, about gradients that it sets itself
        curves = deletion_curves(network, images, values.sum(1), classes)
        unexplained = unexplained_share(network, images, values, classes, how.seed)
        sensitive = sensitivity_max(
            lambda shown, target: METHODS[method](network, shown, target, how),
            images,
            perturb_radius=RADIUS,
            n_perturb_samples=perturbations,
            target=classes,
        )
    return {
        "deletion": np.trapezoid(curves, dx=1 / DELETIONS, axis=1).astype(np.float32),
        "curve": curves.mean(0).astype(np.float32),
        "infidelity": unexplained.cpu().numpy().astype(np.float32),
        "sensitivity": sensitive.detach().cpu().numpy().astype(np.float32),
    }


def deletion_curves(network: nn.Module, images: torch.Tensor, maps: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    """The target's probability while pixels are painted in the mean colour, the largest attributions first.

    If the map is faithful, the first pixels to go are those that the answer rests on, and the probability drops early:
    a small area under the curve (Petsiuk et al. 2018).

    Args:
        images: (n, C, H, W) normalised, so that 0 is the mean colour.
        maps: (n, H, W).
        targets: (n,).

    Returns:
        (n, DELETIONS + 1), after 0, 1/DELETIONS, ... of the pixels.
    """
    # The second argsort inverts the order of the first: it gives each pixel its rank. All stages of all images then
    # pass as one list of batches.
    n, positions = len(images), maps[0].numel()
    rank = maps.reshape(n, -1).argsort(dim=1, descending=True, stable=True).argsort(dim=1).reshape(maps.shape)
    deleted = [rank < round(positions * part / DELETIONS) for part in range(DELETIONS + 1)]
    shown = torch.cat([images.masked_fill(mask[:, None], 0.0) for mask in deleted])
    with torch.no_grad():
        logits = torch.cat([network(batch) for batch in shown.split(AT_ONCE)])
    probabilities = logits.float().softmax(1).gather(1, targets.repeat(len(deleted))[:, None])
    return probabilities.reshape(len(deleted), n).T.cpu().numpy()


def unexplained_share(
    network: nn.Module, images: torch.Tensor, values: torch.Tensor, targets: torch.Tensor, seed: int
) -> torch.Tensor:
    """Infidelity (Yeh et al. 2019, definition 2.1, with the best scaling) as a share of the logit's squared change.

    Captum's infidelity over SQUARES removed squares, divided by that of attributions of 0, which is the mean squared
    change of the logit.

    Args:
        values: (n, C, H, W) attributions, each taken as that number's share in the logit: removing a square is
            predicted to cost the sum over it. Gradients alone (saliency) are no such shares and score accordingly.

    Returns:
        (n,), 0 to 1; NaN where removing squares changes nothing.
    """

    # Infidelity is E[(I·φ - (f(x) - f(x - I)))²] over removals I; the best scaling of φ is Captum's `normalize`. Logits
    # of different networks have different scales, whose squares would decide every comparison: hence the share. Both
    # terms must see the same squares, so each draws them from the same seed; only then is the share at most 1.
    def error(attributions: torch.Tensor, normalize: bool) -> torch.Tensor:
        with seeded(seed), torch.no_grad():
            return infidelity(
                network,
                _remove_square,
                images,
                attributions,
                baselines=0.0,
                target=targets,
                n_perturb_samples=SQUARES,
                max_examples_per_batch=max(len(images), min(AT_ONCE, len(images) * SQUARES)),
                normalize=normalize,
            )

    return error(values, True) / error(torch.zeros_like(values), False)


@infidelity_perturb_func_decorator(multiply_by_inputs=True)
def _remove_square(images: torch.Tensor, baselines: float) -> torch.Tensor:
    """Images with a square painted in the mean colour, the square removal of Yeh et al. 2019, section 3."""
    n, _, height, width = images.shape
    side = max(1, height // SQUARE)
    top = torch.randint(height - side + 1, (n, 1, 1, 1), device=images.device)
    left = torch.randint(width - side + 1, (n, 1, 1, 1), device=images.device)
    rows = torch.arange(height, device=images.device)[:, None] - top
    columns = torch.arange(width, device=images.device) - left
    inside = (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
    return images.masked_fill(inside, baselines)
