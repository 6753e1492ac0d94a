"""The space of chains: at most one method per position in the chain, and a list of values per setting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bench import guests, registry
from bench.compress.method import Method
from bench.compress.variant import PACKAGE, Stage, Variant
from bench.errors import InputError, did_you_mean
from bench.roles import ORIGINAL

# Each step leaves what the next can still work on: fewer channels, fewer weights, fewer bits, shorter codes. In another
# order a step would undo another: low rank after pruning multiplies zeros into dense factors.
POSITIONS = (
    ("structure", ("structured pruning", "low rank")),
    ("weights", ("pruning",)),
    ("bits", ("quantization", "binary", "product quantization")),
    ("codes", ("entropy coding",)),
)
NOTHING = "nothing"
WITHOUT_ZEROS = ("binary", "product quantization")  # families that cannot keep single pruned weights at zero


class Chooser(Protocol):
    """Picks one of several, given the question's name: an `optuna.Trial`, or a test."""

    def suggest_categorical(self, name: str, choices: list[str]) -> str:
        """One of unordered choices."""
        ...

    def suggest_int(self, name: str, low: int, high: int) -> int:
        """A whole number from low to high: the index of a value in an ordered list."""
        ...


@dataclass(frozen=True)
class Space:
    """Chains of methods, in the order of `POSITIONS`.

    Attributes:
        methods: by position, the names of methods that may stand there; "nothing" is always one more choice.
    """

    methods: dict[str, tuple[str, ...]]

    def choose(self, chooser: Chooser) -> Variant:
        """One chain; the uncompressed network if nothing is chosen at any position."""
        # Whether to prune is asked last, and not at all if the bits chosen cannot represent a zero: the sampler would
        # spend trials on chains whose pruning is undone.
        chosen: dict[str, str] = {}
        for position in sorted(self.methods, key=lambda position: position == "weights"):
            if position == "weights" and not _keeps_zeros(chosen.get("bits", NOTHING)):
                continue
            chosen[position] = chooser.suggest_categorical(position, [NOTHING, *self.methods[position]])
        names = [chosen[position] for position in self.methods if chosen.get(position, NOTHING) != NOTHING]
        return Variant(tuple(Stage(name, tuple(_settings(name, chooser))) for name in names) or (Stage(ORIGINAL),))


def space(among: Iterable[str] = ()) -> Space:
    """All built-in methods that declare `searched`, or the methods named `among`, which may be the user's own.

    Raises:
        InputError: a method does not exist, or does not declare `searched`.
    """
    among = tuple(among)
    names = (*registry.names(PACKAGE), *filter(guests.is_guest, among))
    families = {name: _method(name).family for name in names if _method(name).searched is not None}
    chosen = among or tuple(families)
    problems = [
        f"method {name!r} is not searched: "
        + ("its class has no `searched`" if guests.is_guest(name) else did_you_mean(name, families))
        for name in chosen
        if name not in families
    ]
    if problems:
        raise InputError(problems)
    # A family of the user's own has a position of its own, after the weights: it may prune or quantise.
    positions = [*POSITIONS]
    positions.insert(2, ("own", tuple(set(families.values()) - {family for _, fit in POSITIONS for family in fit})))
    methods = {position: tuple(name for name in chosen if families[name] in fit) for position, fit in positions}
    return Space({position: names for position, names in methods.items() if names})


def _method(name: str) -> type[Method]:
    return registry.subclass(PACKAGE, name, Method, "method")


def _keeps_zeros(name: str) -> bool:
    return name == NOTHING or (_method(name).keeps_zeros and _method(name).family not in WITHOUT_ZEROS)


def _settings(name: str, chooser: Chooser) -> Iterable[tuple[str, object]]:
    # The sampler is asked for an index into the ordered values, from which it learns that neighbours are alike.
    for setting, values in (_method(name).searched or {}).items():
        yield setting, values[chooser.suggest_int(f"{name}.{setting}", 0, len(values) - 1)]
