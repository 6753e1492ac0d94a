"""A training recipe: every hyper-parameter that decides how a network is trained."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, with_config

from bench.data.validation_transform import Interpolation, ValidationTransform

Scale = Annotated[float, Field(gt=0, le=1)]
Jitter = Annotated[float, Field(ge=0)]
Hue = Annotated[float, Field(ge=0, le=0.5)]

VERSION = 1  # of the training loop itself: raised whenever the same recipe gives another network


@with_config(ConfigDict(extra="forbid", allow_inf_nan=False))
@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained: by default SGD with Nesterov momentum under a one-cycle learning rate.

    The loss is the task's, with label smoothing. A profile may override any field, a model's file gives the defaults.
    """

    epochs: Annotated[int | float, Field(ge=0)] = 200  # fractions are for fine-tuning: a number of steps
    batch_size: Annotated[int, Field(ge=1)] = 128  # images, on each device
    learning_rate: Annotated[float, Field(gt=0)] = 0.1  # the highest
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.2  # share of the steps in which the rate rises, on any schedule
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9  # of SGD; of Adam the first beta; Adadelta has none
    weight_decay: Annotated[float, Field(ge=0)] = 5e-4  # see `decay`
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    flip: bool = True  # mirror half of the images left to right
    crop_padding: Annotated[int, Field(ge=0)] = 4  # pixels, reflected, then cropped back at random
    cutout: Annotated[int, Field(ge=0)] = 0  # side of the square blanked out, pixels
    optimizer: Literal["sgd", "adam", "adamw", "adadelta"] = "sgd"
    nesterov: bool = True  # of SGD with momentum
    decay: Literal["weights", "all"] = "weights"  # of convolutions and linear layers alone, or of every parameter
    schedule: Literal["one-cycle", "cosine", "step", "constant"] = "one-cycle"  # see `Schedule.learning_rate`
    final_learning_rate: Annotated[float, Field(ge=0)] = 0.0  # that a cosine falls to
    step_epochs: Annotated[int, Field(ge=1)] = 30  # epochs after which a step schedule drops the rate
    milestones: tuple[Annotated[int, Field(ge=1)], ...] = ()  # epochs after which it drops, instead of every so many
    step_factor: Scale = 0.1  # by which it multiplies the rate
    batch_norm: Literal["trained", "frozen"] = "trained"  # frozen: neither statistics nor weights of them change
    keep: Literal["last", "best"] = "last"  # the last epoch's network, or that of the highest validation score
    keep_epochs: bool = False  # besides, the tensors after every epoch, as files of the cell
    # Transforms of torchvision, in the order in which they are applied; 0 leaves one out. Test and validation images
    # are resized and cropped in the centre, and training images too where no random crop stands in place of that.
    resize: Annotated[int, Field(ge=0)] = 0  # length of the shorter side, pixels
    center_crop: Annotated[int, Field(ge=0)] = 0  # side of the square, pixels
    random_crop: Annotated[int, Field(ge=0)] = 0  # side of a square from anywhere in the resized image, pixels
    random_resized_crop: Annotated[int, Field(ge=0)] = 0  # side to which a random part of the whole image is resized
    crop_scale: tuple[Scale, Scale] = (0.08, 1.0)  # of that part, shares of the image's area
    interpolation: Interpolation = "bilinear"  # of all resizing, with antialiasing
    auto_augment: Literal["", "randaugment", "trivialaugment"] = ""
    randaugment_operations: Annotated[int, Field(ge=1, le=14)] = 2  # per image
    randaugment_magnitude: Annotated[int, Field(ge=0, le=30)] = 9
    color_jitter: tuple[Jitter, Jitter, Jitter, Hue] = (0, 0, 0, 0)  # of brightness, contrast, saturation and hue
    precision: Literal["float32", "bfloat16"] = "float32"  # that layers multiply in; weights stay float32
    compile: bool = False  # have `torch.compile` translate the network
    devices: Annotated[int, Field(ge=1, le=64)] = 1  # that one training is spread over, each with `batch_size` images

    @property
    def validation_transform(self) -> ValidationTransform:
        """What is done to every image; the rest is done to training images alone."""
        changes = self.resize or self.center_crop
        return (
            ValidationTransform(self.resize, self.center_crop, self.interpolation) if changes else ValidationTransform()
        )

    @property
    def transforms_single_images(self) -> bool:
        """Whether it has transforms that are not computed for whole batches on the device."""
        crops = self.resize, self.center_crop, self.random_crop, self.random_resized_crop
        return any(crops) or bool(self.auto_augment) or any(self.color_jitter)

    def problems(self, given: Collection[str] = ()) -> list[str]:
        """Fields that contradict one another, a sentence each.

        Args:
            given: fields that somebody wrote down; by default all. Where others contradict one another, as where a
                schedule leaves a field of the model's own recipe without meaning, nobody made a mistake.
        """
        given = given or DEFAULTS
        return [sentence for names, sentence in self._contradictions() if any(name in given for name in names)]

    def _contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if self.final_learning_rate and self.schedule != "cosine":
            yield (
                ("final_learning_rate",),
                f"final_learning_rate is where a cosine ends; the schedule is {self.schedule!r}",
            )
        if self.schedule == "cosine" and self.final_learning_rate > self.learning_rate:
            yield (
                ("final_learning_rate", "learning_rate"),
                f"final_learning_rate must not be above learning_rate, given {self.final_learning_rate:g} and "
                f"{self.learning_rate:g}",
            )
        if self.milestones and self.step_epochs != DEFAULTS["step_epochs"]:
            yield ("milestones", "step_epochs"), "give milestones or step_epochs, not both"
        if list(self.milestones) != sorted(set(self.milestones)):
            yield ("milestones",), f"milestones rise from epoch to epoch, given {list(self.milestones)}"
        for name in ("step_epochs", "step_factor", "milestones"):
            if getattr(self, name) != DEFAULTS[name] and self.schedule != "step":
                yield (name,), f"{name} belongs to the schedule 'step'; the schedule is {self.schedule!r}"
        if self.random_crop and self.random_resized_crop:
            yield ("random_crop", "random_resized_crop"), "give random_crop or random_resized_crop, not both"
        if self.crop_scale[0] > self.crop_scale[1]:
            yield ("crop_scale",), f"crop_scale is the smallest and the largest share, given {list(self.crop_scale)}"
        if self.resize and self.center_crop > self.resize:
            yield ("resize", "center_crop"), f"center_crop = {self.center_crop} reaches beyond resize = {self.resize}"
        if self.resize and self.random_crop > self.resize + 2 * self.crop_padding:
            yield (
                ("resize", "random_crop", "crop_padding"),
                f"random_crop = {self.random_crop} reaches beyond resize = {self.resize} and its padding",
            )

    def spec(self) -> dict[str, Any]:
        """The recipe as part of a cell's key: fields of `ALWAYS`, and the others where they are not the default."""
        # A field that came later must not change the keys of the cells that were there before it.
        values = {name: getattr(self, name) for name in DEFAULTS}
        return {name: value for name, value in values.items() if name in ALWAYS or value != DEFAULTS[name]}


ALWAYS = (
    "epochs",
    "batch_size",
    "learning_rate",
    "warmup",
    "momentum",
    "weight_decay",
    "label_smoothing",
    "flip",
    "crop_padding",
    "cutout",
)
DEFAULTS = asdict(Recipe())
