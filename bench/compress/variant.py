"""A variant: one compressed version of a network, with its name in files, tables and figures."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from math import inf
from typing import Any

from bench import guests, registry
from bench.compress.budget import Budget
from bench.compress.method import Method
from bench.compress.workbench import Workbench
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.settings import size, validated

PACKAGE = "bench.compress.methods"
BYTES = "bytes"  # the setting of every method that can be asked for a payload
SHARES = {"sparsity": (0.0, 1.0), "ratio": (0.0, 1.0), "rank": (1.0, 0.0)}  # from weak to strong
BETWEEN_SETTINGS = re.compile(r",(?![^\[]*\])")  # a comma, but not inside a list
PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
NUMBERS = re.compile(r"\d+(\.\d+)?([,-]\d+(\.\d+)?)+")


@dataclass(frozen=True)
class Stage:
    """A method, and the settings chosen for it; all other settings have their defaults."""

    name: str
    chosen: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def method(self) -> Method:
        """The method itself, with validated settings.

        Raises:
            InputError: no such method or setting, or a value out of range.
        """
        return make_method(self.name, {name: value for name, value in self.chosen if not self._is_asked(name)})

    @cached_property
    def payload(self) -> int | float | None:
        """The payload that the method is asked for; None if its settings say how strong it is.

        Bytes, or a share below 1 of what the network takes that compression starts from.

        Raises:
            InputError: it is neither, or the method has no setting to meet it by.
        """
        asked = next((value for name, value in self.chosen if self._is_asked(name)), None)
        if asked is None:
            return None
        wanted = _size_or_share(asked)
        if wanted is None:
            expected = "a size such as 20kB, or a share of the original's such as 25%"
            raise InputError(f"method {self.name!r}, setting 'bytes': expected {expected}, given {asked!r}")
        _ = strength(self.name, type(self.method))
        return wanted

    def _is_asked(self, name: str) -> bool:
        """Whether a setting is the payload to meet, and none of the method's own."""
        if name != BYTES:
            return False
        cls: Any = registry.subclass(PACKAGE, self.name, Method, "method")
        return BYTES not in {field.name for field in fields(cls)}

    @cached_property
    def version(self) -> Any:
        """Of the method's code, see `registry.version`."""
        return registry.version(type(self.method), self.name)

    def budget(self, finetuning: float, training: float) -> Budget:
        """See `Variant.budget`."""
        declared = self.method.budget(finetuning, training)
        if isinstance(declared, Budget) and 0 <= declared.finetuned < inf and 0 <= declared.trained < inf:
            return declared
        raise InputError(
            f"method {self.label!r}: budget must return a bench.compress.budget.Budget of two numbers of epochs, it "
            f"returned {declared!r} ({guests.definition(type(self.method))})"
        )

    @cached_property
    def label(self) -> str:
        """E.g. `magnitude:sparsity=0.9`."""
        settings = ",".join(f"{name}={plain(value)}" for name, value in self.chosen)
        return f"{self.name}:{settings}" if settings else self.name


@dataclass(frozen=True)
class Variant:
    """One compressed version of a network: a method, or several one after another."""

    stages: tuple[Stage, ...]

    @cached_property
    def label(self) -> str:
        """The name in files, `--only` and tables, e.g. `magnitude-finetune:sparsity=0.9+nncf-int8-ptq`."""
        return "+".join(stage.label for stage in self.stages)

    @property
    def title(self) -> str:
        """The name in figures, e.g. `Magnitude, fine-tuned (sparsity 0.9) + INT8 (NNCF PTQ)`."""
        return " + ".join(titled(stage.method.printed_title, dict(stage.chosen)) for stage in self.stages)

    @property
    def family(self) -> str:
        """Family of the first method that compresses; that of a control if none does, or one makes the chain one."""
        if any(stage.method.controls for stage in self.stages):
            return "control"
        families = [stage.method.family for stage in self.stages]
        return next((family for family in families if family not in ("original", "control")), families[0])

    @property
    def start(self) -> str:
        """Which network it starts from (see `Method.start`)."""
        return self.stages[0].method.start

    @property
    def finetunes(self) -> bool:
        """Whether any of its methods fine-tunes."""
        return any(stage.method.finetunes for stage in self.stages)

    @property
    def trains(self) -> bool:
        """Whether any of its methods trains a network from nothing."""
        return any(stage.method.trains for stage in self.stages)

    def budget(self, finetuning: float, training: float) -> Budget:
        """Epochs that all its methods train for together (see `Method.budget`).

        Raises:
            InputError: a method of the user's own declares something else.
        """
        budgets = [stage.budget(finetuning, training) for stage in self.stages]
        return sum(budgets, Budget())

    def check(self) -> None:
        """Check all its methods.

        Raises:
            InputError: one sentence per method that does not exist or has wrong settings, or for a senseless order.
        """
        problems: list[str] = []
        for stage in self.stages:
            try:
                _ = stage.method
                problems.extend(_given_twice(stage))
            except InputError as error:
                problems.extend(error.problems)
        if not problems and any(stage.method.start != "original" for stage in self.stages[1:]):
            problems.append(
                f"method {self.label!r}: a control that starts from another network cannot follow in a chain"
            )
        if problems:
            raise InputError(problems)

    def apply(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """What its methods make of a network, one after another.

        Raises:
            NotApplicable: a method cannot work on it.
            TypeError: a method of the user's own returns something else.
        """
        from bench.compress import payload, starting  # import torch, which planning does without

        compressed = start = starting.prepared(compressed)
        for stage in self.stages:
            with starting.refusals():
                method = stage.method
                if stage.payload is not None:
                    setting, values = strength(stage.name, type(method))
                    most = payload.in_bytes(stage.payload, start)
                    method = payload.met(method, setting, values, most, compressed, workbench)
                compressed = method(compressed, workbench)
            if not isinstance(compressed, Compressed):
                raise TypeError(
                    f"method {stage.name!r} must return a bench.footprint.compressed.Compressed, it returned a "
                    f"{type(compressed).__name__} ({guests.definition(type(stage.method))})"
                )
        return compressed

    def spec(self) -> list[dict[str, Any]]:
        """All that determines its result, ready for JSON: each method's name, version and settings."""
        return [
            {
                "method": stage.name,
                "version": stage.version,
                "settings": stage.method.settings() | ({} if stage.payload is None else {BYTES: stage.payload}),
            }
            for stage in self.stages
        ]


def _size_or_share(asked: Any) -> int | float | None:
    if isinstance(asked, str) and (percent := PERCENT.fullmatch(asked.strip())):
        share = float(percent[1]) / 100
        return share if 0 < share < 1 else None
    if isinstance(asked, float) and 0 < asked < 1:  # a share, as in a variant's description
        return asked
    try:
        return size(str(asked)) if isinstance(asked, (int, str)) and not isinstance(asked, bool) else None
    except InputError:
        return None


def strength(name: str, cls: type[Method]) -> tuple[str, tuple[Any, ...]]:
    """The setting by which a method compresses more or less, and values from weak to strong.

    Raises:
        InputError: it has none, or several.
    """
    settings = {field.name for field in fields(cls)}
    known = dict(cls.searched or {}) or {key: shares for key, shares in SHARES.items() if key in settings}
    if len(known) != 1:
        why = f"{' and '.join(known)} say together" if known else "no setting says"
        raise InputError(f"method {name!r} cannot be asked for bytes: {why} how strong it is; give its settings")
    return next(iter(known.items()))


def _given_twice(stage: Stage) -> list[str]:
    if stage.payload is None:
        return []
    setting, _ = strength(stage.name, type(stage.method))
    if setting not in dict(stage.chosen):
        return []
    return [f"method {stage.name!r}: 'bytes' decides its {setting!r}, give one of them"]


def parse(label: str) -> Variant:
    """The variant that a label names, e.g. `magnitude-finetune:sparsity=0.9+nncf-int8-ptq`.

    Raises:
        InputError: a stage is not of the form `name` or `name:key=value,key=value`.
    """
    return Variant(tuple(map(parse_stage, _stages(label))))


def _stages(label: str) -> list[str]:
    """The labels of a chain's methods; a value may end in a plus, as of `lamp:allocation=uniform+`.

    >>> _stages("lamp:allocation=uniform++huffman")
    ['lamp:allocation=uniform+', 'huffman']
    """
    stages: list[str] = []
    for piece in label.split("+"):
        if stages and "=" in stages[-1] and piece[:1] in ("", ","):
            stages[-1] += f"+{piece}"
        else:
            stages.append(piece)
    return stages


def parse_stage(label: str) -> Stage:
    """One method of a label. A value that is not valid TOML is a text.

    >>> parse_stage("my_package.methods:Mine:sparsity=0.9")
    Stage(name='my_package.methods:Mine', chosen=(('sparsity', 0.9),))

    Raises:
        InputError: it is not of the form `name` or `name:key=value,key=value`.
    """
    name, colon, settings = label.partition(":")
    # A colon parts a name from its settings and, in a guest's name, the module from the class; a setting has a `=`.
    if name not in registry.names(PACKAGE) and (guest := guests.split(label)[0]):
        name = guest
        _, colon, settings = label.removeprefix(guest).partition(":")
    return Stage(name, tuple(map(parse_setting, BETWEEN_SETTINGS.split(settings))) if colon else ())


def parse_setting(text: str) -> tuple[str, Any]:
    """`key=value` as a pair. Several numbers are separated by commas or, as in labels, by hyphens.

    >>> parse_setting("sparsity=0.9")
    ('sparsity', 0.9)
    >>> parse_setting("ratio=0.5-0-0.25")
    ('ratio', [0.5, 0, 0.25])

    Raises:
        InputError: there is no `=`.
    """
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise InputError(f"a setting is written key=value, e.g. sparsity=0.9, given {text!r}")
    if NUMBERS.fullmatch(value):
        value = f"[{value.replace('-', ',')}]"
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def with_settings(variant: Variant, settings: Iterable[str]) -> Variant:
    """The variant with more settings of its last method, each written key=value; they replace those of the label."""
    last = variant.stages[-1]
    chosen = dict(last.chosen) | dict(map(parse_setting, settings))
    return Variant((*variant.stages[:-1], Stage(last.name, tuple(chosen.items()))))


def from_spec(spec: list[dict[str, Any]]) -> Variant:
    """The variant that `Variant.spec` described, with every setting chosen."""
    return Variant(tuple(Stage(stage["method"], tuple(stage["settings"].items())) for stage in spec))


def make_method(name: str, settings: Mapping[str, Any]) -> Method:
    """A method with validated settings.

    Raises:
        InputError: one sentence for every unknown setting or value out of range.
    """
    return validated(registry.subclass(PACKAGE, name, Method, "method"), f"method {name!r}", settings)


def plain(value: Any) -> str:
    """A setting's value as labels and titles show it.

    >>> plain(0.9), plain([0.5, 0, 0.25])
    ('0.9', '0.5-0-0.25')
    """
    if isinstance(value, Mapping):
        return "-".join(map(plain, value.values()))
    return "-".join(map(plain, value)) if isinstance(value, (list, tuple)) else str(value)


def in_words(settings: Mapping[str, Any]) -> str:
    """Settings as titles show them.

    >>> in_words({"weight_bits": 4, "per_channel": True})
    'weight bits 4, per channel True'
    >>> in_words({"epochs": 20})
    '20 epochs'
    """
    words = {name: f"{name.replace('_', ' ')} {plain(value)}" for name, value in settings.items()}
    if BYTES in words:
        words[BYTES] = plain(settings[BYTES]) if isinstance(settings[BYTES], str) else f"{settings[BYTES]:,} bytes"
    if "epochs" in words:
        words["epochs"] = f"{plain(settings['epochs'])} epoch{'' if settings['epochs'] == 1 else 's'}"
    return ", ".join(words.values())


def titled(title: str, chosen: Mapping[str, Any]) -> str:
    """A method's title with the settings that were chosen for it.

    >>> titled("Magnitude", {"sparsity": 0.9}), titled("INT8 (NNCF PTQ)", {})
    ('Magnitude (sparsity 0.9)', 'INT8 (NNCF PTQ)')
    """
    return f"{title} ({in_words(chosen)})" if chosen else title
