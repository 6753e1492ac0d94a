"""A file's tensors under the names that a network has for them, even if it was wrapped when they were saved.

Training scripts nest weights under names of their own, wrappers put prefixes before theirs, and reparametrisations
replace a weight by what it is computed from. The network decides: nothing is cut off that it calls so itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from bench.zoo.networks.former_names import as_now
from bench.zoo.networks.reparametrisation import computed, stem

EXTRA = "_extra_state"  # under which PyTorch keeps what `get_extra_state` returns
DEEPEST = 4  # dictionaries within dictionaries
ANCHORS = 8  # names by which prefixes are found
AVERAGE = re.compile(r"(^|[._])(ema|avg|averaged?|swa|shadow)([._]|$)")
TRANSPARENT = re.compile(r"(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)")
# of AveragedModel, of training modules and of counts of operations (thop), not of a network
BESIDE = re.compile(r"n_averaged$|(criterion|loss)\w*\.|(.*\.)?total_(ops|params)$")
AUXILIARY = re.compile(r"aux\w*\.", re.IGNORECASE)


def state_dicts(content: Any) -> list[dict[str, Any]]:
    """All dictionaries of tensors by name in a file's content, nested ones too; averages of weights come last."""
    found = sorted(_walk(content, ""), key=lambda item: bool(AVERAGE.search(item[0])))
    return [tensors for _, tensors in found]


def under_own_names(network: nn.Module, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """A file's tensors by the network's names, as far as it has any for them.

    Prefixes of wrappers are cut or added, former names of torchvision's layers turned into today's, reparametrised
    weights computed, and weights that the network ties found under either name. Left out are auxiliary classifiers that
    the network was built without, and what training kept beside it.
    """
    own = {_opened(name): name for name in network.state_dict()}
    opened = {_opened(name): tensor for name, tensor in tensors.items()}
    if len(opened) < len(tensors):
        opened = dict(tensors)
    # whichever naming fits better: another network may call its layers by the former names
    namings = (opened, {as_now(name): tensor for name, tensor in opened.items()})
    renamed = max((_with_prefix(tensors, own) for tensors in namings), key=lambda tensors: _count(tensors, own))
    renamed = {own.get(name, name): tensor for name, tensor in renamed.items()}
    renamed = {
        name: tensor for name, tensor in renamed.items() if name in own.values() or not _is_beside(name, network)
    }
    return _tied(network, computed(network, renamed))


def matching(expected: Mapping[str, Any], weights: Mapping[str, Any]) -> int:
    """How many tensors have a name that is expected, and its shape."""
    return sum(name in weights and _shape(weights[name]) == _shape(tensor) for name, tensor in expected.items())


def torn(network: nn.Module, weights: Mapping[str, Any]) -> list[str]:
    """Pairs of names that are one tensor in the network, with different values in `weights`."""
    first: dict[int, str] = {}
    pairs = []
    for name, tensor in network.state_dict(keep_vars=True).items():
        other = first.setdefault(id(tensor), name)
        if other != name and name in weights and other in weights and not _equal(weights[name], weights[other]):
            pairs.append(f"{other} and {name}")
    return pairs


def _equal(one: Any, other: Any) -> bool:
    return bool(torch.equal(one.nan_to_num(), other.nan_to_num())) if isinstance(one, torch.Tensor) else True


def _walk(content: Any, path: str, depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    if depth > DEEPEST:
        return
    if isinstance(content, list | tuple):  # a network's and an optimizer's, saved as a pair
        for number, value in enumerate(content):
            yield from _walk(value, f"{path}.{number}", depth + 1)
    if not isinstance(content, Mapping):
        return
    tensors = {name: _dense(value) for name, value in content.items() if _is_state(name, value)}
    if any(isinstance(value, torch.Tensor) for value in tensors.values()):
        yield path, tensors
    for name, value in content.items():
        yield from _walk(value, f"{path}.{name}", depth + 1)


def _is_state(name: Any, value: Any) -> bool:
    return isinstance(name, str) and (isinstance(value, torch.Tensor) or name.rpartition(".")[2] == EXTRA)


def _dense(value: Any) -> Any:
    """The numbers that a tensor stands for, whichever way they are laid out."""
    if not isinstance(value, torch.Tensor) or value.is_meta:
        return value
    value = value.dequantize() if value.is_quantized else value
    return value if value.layout is torch.strided else value.to_dense()


def _opened(name: str) -> str:
    """A name without the components that compiled and sharded modules put into it.

    >>> _opened("layer1._orig_mod.0.weight"), _opened("_orig_mod.module.fc.bias")
    ('layer1.0.weight', 'module.fc.bias')
    """
    return TRANSPARENT.sub("", name).removeprefix(".")


def _with_prefix(tensors: dict[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    """`tensors` with a prefix cut off their names, or put before them, if more of them then have a name of `own`."""
    # A candidate is whatever stands before one of the network's names, or before one of the file's; which is right is
    # counted. Ties go to no prefix, so that a network's own `module.` stays.
    best, most = tensors, _count(tensors, own)
    for prefix in sorted(_before(own, tensors), key=lambda prefix: (bool(AVERAGE.search(prefix)), len(prefix))):
        cut = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        count = _count(cut, own)
        if count > most:
            # what stands under other prefixes keeps its name, to be told as unexpected; an average is the same again
            others = {name: tensor for name, tensor in tensors.items() if not name.startswith(prefix)}
            others = {name: tensor for name, tensor in others.items() if not _is_average(name, own)}
            best, most = {**others, **cut}, count
    for prefix in _before(tensors, own):
        longer = {prefix + name: tensor for name, tensor in tensors.items()}
        if _count(longer, own) > most:
            best, most = longer, _count(longer, own)
    return best


def _count(tensors: Mapping[str, Any], own: Mapping[str, str]) -> int:
    return sum(name in own or stem(name) in own for name in tensors)


def _before(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> set[str]:
    """What stands in `outer` before some names of `inner`, spread over all of them, the most particular one first."""
    names = sorted(inner, key=lambda name: -name.count("."))
    anchors = {f".{stem(name)}" for name in names[:: max(len(names) // ANCHORS, 1)]}
    stems = {stem(name) for name in outer}
    return {name[: 1 - len(anchor)] for name in stems for anchor in anchors if name.endswith(anchor)}


def _is_average(name: str, own: Mapping[str, str]) -> bool:
    return bool(AVERAGE.search(name)) and any(name.endswith(f".{other}") for other in own)


def _is_beside(name: str, network: nn.Module) -> bool:
    """Whether a tensor belongs to no part that the network has: training's, or an auxiliary head's that is off."""
    if BESIDE.match(name):
        return True
    head = name.partition(".")[0]
    return bool(AUXILIARY.match(name)) and getattr(network, head, network) is None


def _tied(network: nn.Module, weights: dict[str, Any]) -> dict[str, Any]:
    """`weights` with those added that the network ties to one of them: files may hold each tensor once."""
    first: dict[int, str] = {}
    tied = {}
    for name, tensor in network.state_dict(keep_vars=True).items():
        if isinstance(tensor, torch.Tensor):
            other = first.setdefault(id(tensor), name)
            if name not in weights and other in weights:
                tied[name] = weights[other]
            elif name in weights and other not in weights:
                tied[other] = weights[name]
    return {**weights, **tied}


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(getattr(tensor, "shape", ()))
