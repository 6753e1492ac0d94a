"""Look inside: how like are a compressed network's layers and predictions to the original's?"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.data import ImageSet
from bench.folders import checksum
from bench.remember import once
from bench.roles import COMPRESSED, ORIGINAL
from bench.runner.cells import Epoch
from bench.runner.cells import _block as block
from bench.runner.cells import _networks as networks
from bench.runner.cells._features import HELD, NetworkBlocks, TrainingOutputs, shown, training_images
from bench.runner.cells._files import finite, from_npz, to_npz
from bench.runner.cells._layer_maps import LayerMaps, grams
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.similarity.catalog import AnyMeasure, measure
from bench.similarity.measure import Measure
from bench.similarity.probe import ProbeMeasure
from bench.task import Predictions, of_cell
from bench.training.evaluate import normalised_batches
from bench.zoo.networks.activations import Outputs, widths, within
from bench.zoo.networks.blocks import block_outputs


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """Every measure of the profile at every block, and how the predictions differ from the original's."""
    comparison = _Comparison(job, images)
    arrays, notes = comparison.compared()
    predictions = {role: _predictions(files) for role, files in job.parents.items()}
    metrics = of_cell(job.spec).compare(predictions, images.test)
    return {
        "similarity.npz": to_npz(arrays),
        "notes.json": to_json(notes),
        "metrics.json": to_json(finite(metrics)),
    }


def _predictions(files: Files) -> Predictions:
    """Predictions on the test images, by the names that the task gave them."""
    arrays = from_npz(files["predictions.npz"])
    return {name.removeprefix("test_"): array for name, array in arrays.items() if name.startswith("test_")}


@dataclass(frozen=True)
class _Reference:
    """One block of the original: the digest of its output, and its side of every comparison by convention."""

    digest: str
    sides: Mapping[str, block.OriginalSide]


class _Comparison:
    """All blocks of a compressed network beside the original's, as many at a time as memory holds."""

    def __init__(self, job: Job, images: ImageSet):
        self.job, self.images = job, images
        self.features: list[str] = job.spec["features"]
        self.measures: dict[str, AnyMeasure] = {name: measure(name) for name in job.spec["measures"]}
        pairs = {name: kind for name, kind in self.measures.items() if isinstance(kind, Measure)}
        self.mapped = {name: pairs[name] for name in job.spec["maps"]}
        self.probes = {name: kind for name, kind in self.measures.items() if isinstance(kind, ProbeMeasure)}
        classifies = of_cell(job.spec).classifies
        self.labels = images.test.labels[images.probe] if classifies else None
        self.original, self.compressed = (NetworkBlocks(job, images, role) for role in (ORIGINAL, COMPRESSED))
        # Blocks are named as in the uncompressed architecture, which packed networks keep even without some channels.
        self.layers: tuple[str, ...]
        self.layers, self.widths = once(("blocks", *_setting(job, images)), self._layers)
        self.notes: dict[str, dict[str, str]] = {}

    def compared(self) -> tuple[dict[str, np.ndarray], dict[str, dict[str, str]]]:
        """The arrays of `similarity.npz`, and the sentence of every refusal by convention and measure, then block."""
        found: dict[tuple[str, str], list[block.Answer]] = {
            (feature, name): [] for feature in self.features for name in self.measures
        }
        identical = []
        runs = within([4 * width * len(self.images.probe) for width in self.widths], HELD)
        maps = {feature: LayerMaps(self.mapped, complete=len(runs) == 1) for feature in self.features}
        for run in runs:
            layers = [self.layers[number] for number in run]
            references = self._references(layers)
            outputs = self.compressed.probe(layers)
            training = TrainingOutputs(self.compressed, layers, [self.widths[number] for number in run])
            for layer, reference, output in zip(layers, references, outputs):
                identical.append(reference.digest == output.digest)
                for feature in self.features:
                    side = reference.sides[feature]
                    answers, other = self._block(layer, side, output, training, feature, identical[-1])
                    maps[feature].add(side, other)
                    for name, answer in answers.items():
                        found[feature, name].append(answer)
                        if isinstance(answer, block.Refused):
                            self.notes.setdefault(f"{feature}/{name}", {})[layer] = answer.sentence
        arrays = {"layers": np.array(self.layers), "identical": np.array(identical)}
        for (feature, name), answers_of in found.items():
            arrays |= _arrays(f"{feature}/{name}", answers_of, len(self.images.probe))
        for feature, of_feature in maps.items():
            for name, (values, note) in of_feature.computed().items():
                key = f"{feature}/{name}/map"
                if note:
                    self.notes[key] = {"all": note}
                else:
                    np.fill_diagonal(values, arrays[f"{feature}/{name}/value"])
                arrays[key] = values
        return arrays, self.notes

    def _block(
        self,
        layer: str,
        side: block.OriginalSide,
        output: Outputs,
        training: TrainingOutputs,
        feature: str,
        identical: bool,
    ) -> tuple[dict[str, block.Answer], block.Prepared | block.Refused]:
        """Every measure at one block, and the compressed network's side of it."""
        # What is equal bit for bit is the original's own side: no measure can take rounding for a difference.
        other = side.activations if identical else block.prepared(output.features[feature], self.measures)
        answers = block.compared(side, other, self.measures, self.labels)
        for name, kind in self.probes.items():
            answers[name] = block.probed(
                kind,
                side.probes[name],
                shown(output, feature, self.labels if self.labels is not None else np.empty(0)),
                self.compressed.kept_channels(layer),
                self.compressed.shares_coordinates,
                lambda kind=kind: self._fit(kind, feature, training.of(layer), output),  # type: ignore[misc]
            )
        return answers, other

    # The original comes back with every variant of its network, this cell's compressed network does not: it alone is
    # not kept in memory. The key holds everything that decides the result: the packed file, by its checksum, and what
    # it is decoded into, shown and computed with. The role is no part of it, so memory can never pass off one network
    # as another. A reference is kept complete: what measures add to it later would not be counted.
    def _references(self, layers: Sequence[str]) -> list[_Reference]:
        file = checksum(self.job.parents[ORIGINAL]["network.innards"])
        key = ("references", file, tuple(layers), *_setting(self.job, self.images))
        return once(key, lambda: self._referred(layers))

    def _referred(self, layers: Sequence[str]) -> list[_Reference]:
        outputs = self.original.probe(layers)
        probes = self._probes(layers, outputs)
        references = []
        for layer, output in zip(layers, outputs):
            sides = {}
            for feature in self.features:
                activations = block.prepared(output.features[feature], self.measures)
                of_layer = {name: probes[layer, feature, name] for name in self.probes}
                sides[feature] = block.OriginalSide(activations, of_layer, grams(activations, self.mapped))
            references.append(_Reference(output.digest, sides))
        return references

    def _probes(
        self, layers: Sequence[str], outputs: Sequence[Outputs]
    ) -> dict[tuple[str, str, str], block.Fitted | block.Refused]:
        """The original's probes, by layer, convention and measure."""
        if self.labels is None or not self.probes:
            return {
                (layer, feature, name): block.Refused(f"{kind.title} {block.NO_CLASSES}.")
                for layer in layers
                for feature in self.features
                for name, kind in self.probes.items()
            }
        by_layer = dict(zip(layers, outputs))
        widths_of = [self.widths[self.layers.index(layer)] for layer in layers]
        found = {}
        for layer, sets in self.original.training(layers, widths_of):
            for feature in self.features:
                for name, kind in self.probes.items():
                    found[layer, feature, name] = self._fit(kind, feature, sets, by_layer[layer])
        return found

    def _fit(
        self, kind: ProbeMeasure, feature: str, sets: Sequence[Outputs], output: Outputs
    ) -> block.Fitted | block.Refused:
        splits = [training_images(self.job, split) for split in (self.images.train, self.images.validation)]
        training, validation = (shown(outputs, feature, split.labels) for outputs, split in zip(sets, splits))
        assert self.labels is not None  # or the measure was refused
        return block.fitted(kind, training, validation, shown(output, feature, self.labels))

    def _layers(self) -> tuple[tuple[str, ...], list[int]]:
        network = networks.fresh(self.job.spec, self.images).to(self.job.device).eval()
        one = self.images.probe_images[:1]
        (example,) = normalised_batches(one, self.images.mean, self.images.std, self.job.device)
        layers = block_outputs(network, example)
        return layers, widths(network, layers, example)


def _setting(job: Job, images: ImageSet) -> tuple[Hashable, ...]:
    """All that a result depends on besides the parents' files: the cell's own spec, the images, the device."""
    return json.dumps(job.spec, sort_keys=True), images.fingerprint, job.device


def _arrays(prefix: str, answers: Sequence[block.Answer], n: int) -> dict[str, np.ndarray]:
    """One measure of all blocks in one convention."""
    nothing = block.Found(np.nan, np.nan, np.nan, np.full(n, np.nan))
    answered = [nothing if isinstance(answer, block.Refused) else answer for answer in answers]
    arrays = {key: np.array([getattr(each, key) for each in answered], np.float64) for key in ("value", "low", "high")}
    arrays["influence"] = np.array([each.influence for each in answered], np.float32)
    if any(each.more for each in answered):
        # A block that is refused has no right answers, and its kind says so.
        none = {"right": np.zeros((2, n), bool), "kind": np.array("")}
        more = [each.more or none for each in answered]
        arrays["right"] = np.stack([each["right"] for each in more], axis=1)
        arrays["kind"] = np.array([str(each["kind"]) for each in more])
    return {f"{prefix}/{key}": array for key, array in arrays.items()}
