"""The header of a packed file, checked as far as it can be without the network."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bench.errors import InputError

Category = Literal["weights", "biases", "normalisation", "scales", "codebooks", "indices"]
Count = Annotated[int, Field(ge=0, strict=True)]
MOST_AXES = 32


def _shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    # numpy counts elements in 64 bits, also beside an axis of zero
    if len(shape) > MOST_AXES or math.prod(axis for axis in shape if axis) >= 2**60:
        raise ValueError("no tensor has this shape")
    return shape


Shape = Annotated[tuple[Count, ...], AfterValidator(_shape)]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Side(_Checked):
    """An array stored beside symbols."""

    type: Literal["float32", "float16", "uint8"]
    shape: Shape


class Tensor(_Checked):
    """A stored tensor.

    Attributes:
        name: in the network's `state_dict`.
        shape: of the tensor.
        category: the category its values are counted in.
        kind, parameters, side: of its representation; arrays of `side` precede the symbols, in this order.
        how: the layout of its symbols.
        bytes: of its section, by category.
        zeros: number of its values that are zero; for tables and costs, reading doesn't need it.
    """

    name: str
    shape: Shape
    category: Category
    kind: str
    parameters: dict[str, Any] = {}
    side: dict[str, Side] = {}
    how: dict[str, Any]
    bytes: dict[Category, Count]
    zeros: Count = 0

    @property
    def section_bytes(self) -> int:
        """Length of its section."""
        return sum(self.bytes.values())


class Header(_Checked):
    """All of the header.

    Attributes:
        model: description of the fresh network, in the caller's form.
        structure: steps from the fresh network's modules to this one's.
        activation_bits: width of feature maps at inference.
        tensors: the stored tensors, in the order of their sections.
        tied: names of tensors that are the same as another, by which name that is stored.
    """

    model: dict[str, Any]
    structure: tuple[dict[str, Any], ...]
    activation_bits: Annotated[int, Field(ge=1, le=64, strict=True)]
    tensors: tuple[Tensor, ...]
    tied: dict[str, str] = {}

    @classmethod
    def checked(cls, header: dict[str, Any], body_bytes: int) -> Header:
        """The header, if it is one and its sections have `body_bytes` altogether.

        Raises:
            InputError: it is malformed.
        """
        try:
            valid = cls.model_validate(header)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(f"this packed network is malformed: {where}: {first['msg'].lower()}") from error
        described = sum(tensor.section_bytes for tensor in valid.tensors)
        if described != body_bytes:
            raise InputError(f"this packed network is malformed: it describes {described} bytes and has {body_bytes}")
        names = [*(tensor.name for tensor in valid.tensors), *valid.tied]
        if len(set(names)) != len(names):
            raise InputError("this packed network is malformed: a tensor is stored twice")
        return valid
