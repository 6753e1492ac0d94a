"""What there is to choose from: at most one method a place in the chain, each with a list of values a setting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bench import guests, registry
from bench.compress.method import Method
from bench.compress.variant import PACKAGE, Stage, Variant
from bench.errors import InputError, did_you_mean
from bench.roles import ORIGINAL

# Each step leaves what the next can still work on: fewer channels, fewer weights, fewer bits, shorter codes.
PLACES = (
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
        """A whole number from low to high: the place of a value in an ordered list."""
        ...


@dataclass(frozen=True)
class Space:
    """Chains of methods, in the order of `PLACES`.

    Attributes:
        places: by place, the names of methods that may stand there; "nothing" is always one.
    """

    places: dict[str, tuple[str, ...]]

    def choose(self, chooser: Chooser) -> Variant:
        """One chain; the uncompressed network where nothing is chosen anywhere."""
        chosen: dict[str, str] = {}
        for place in sorted(self.places, key=lambda place: place == "weights"):  # last: what holds them decides
            if place == "weights" and _family(chosen.get("bits", NOTHING)) in WITHOUT_ZEROS:
                continue
            chosen[place] = chooser.suggest_categorical(place, [NOTHING, *self.places[place]])
        names = [chosen[place] for place in self.places if chosen.get(place, NOTHING) != NOTHING]
        return Variant(tuple(Stage(name, tuple(_settings(name, chooser))) for name in names) or (Stage(ORIGINAL),))


def space(among: Iterable[str] = ()) -> Space:
    """All built-in methods that declare what may be searched, or those named, which may be the user's own.

    Raises:
        InputError: a name is not one of them.
    """
    among = tuple(among)
    names = (*registry.names(PACKAGE), *filter(guests.is_guest, among))
    searched = {name: _method(name).family for name in names if _method(name).searched is not None}
    chosen = among or tuple(searched)
    problems = [
        f"method {name!r} is not searched: {did_you_mean(name, searched)}" for name in chosen if name not in searched
    ]
    if problems:
        raise InputError(problems)
    # A family of the user's own has a place of its own, after the weights: it may prune or quantise.
    known = {family for _, families in PLACES for family in families}
    places = [*PLACES]
    places.insert(2, ("own", tuple(set(searched.values()) - known)))
    methods = {place: tuple(name for name in chosen if searched[name] in families) for place, families in places}
    return Space({place: names for place, names in methods.items() if names})


def _method(name: str) -> type[Method]:
    return registry.subclass(PACKAGE, name, Method, "method")


def _family(name: str) -> str:
    return "" if name == NOTHING else _method(name).family


def _settings(name: str, chooser: Chooser) -> Iterable[tuple[str, object]]:
    for setting, values in (_method(name).searched or {}).items():
        yield setting, values[chooser.suggest_int(f"{name}.{setting}", 0, len(values) - 1)]
