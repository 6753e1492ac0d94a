"""Write the same drawing in fewer bytes: an SVG as matplotlib has it, or as a page holds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
POINTER = re.compile(r"url\(#([^)]+)\)")
PLACES = ("d", "x", "y")  # attributes that hold places, in pt
_FINE = re.compile(r"-?\d+\.\d{2,}")
_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_NUMBER = re.compile(r"-?[\d.]+")
_STILL = re.compile(r"rotate\(-?0 [^)]*\)")
_SLACK = 0.01  # pt
_NOTHING = re.compile(r"[\s\d.,MLCQz-]*")  # a path whose numbers are pairs


def local(element: ET.Element) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


@dataclass(frozen=True)
class Box:
    """A rectangle in pt."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other: Box) -> bool:
        return (
            self.left - _SLACK <= other.left
            and self.top - _SLACK <= other.top
            and other.right <= self.right + _SLACK
            and other.bottom <= self.bottom + _SLACK
        )

    def moved(self, x: float, y: float) -> Box:
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)


def unclip(root: ET.Element) -> None:
    """Take the clip off what lies within it, and what nobody points to any more out of the drawing."""
    # matplotlib clips everything to its panel, by an attribute on each part and a group around each marker.
    clips = {name: box for clip in root.iter(f"{{{SVG}}}clipPath") if (name := clip.get("id")) and (box := _clip(clip))}
    shapes = {name: shape for shape in root.iter() if (name := shape.get("id"))}
    for element in root.iter():
        pointer = POINTER.fullmatch(element.get("clip-path", ""))
        clip = clips.get(pointer[1]) if pointer else None
        if clip and (boxes := list(_boxes(element, shapes))) and all(box and clip.holds(box) for box in boxes):
            del element.attrib["clip-path"]
    used = set(pointers(root))
    for parent in list(root.iter()):
        for child in list(parent):
            if local(child) == "clipPath" and child.get("id") not in used:
                parent.remove(child)


def pointers(root: ET.Element) -> Iterator[str]:
    """Ids that something in the drawing refers to."""
    for element in root.iter():
        for value in element.attrib.values():
            yield from POINTER.findall(value)
        pointer = element.get(f"{{{XLINK}}}href", "")
        if pointer.startswith("#"):
            yield pointer[1:]


def _clip(clip: ET.Element) -> Box | None:
    if [local(child) for child in clip] != ["rect"]:
        return None
    try:
        x, y, width, height = (float(clip[0].attrib[name]) for name in ("x", "y", "width", "height"))
    except (KeyError, ValueError):
        return None
    return Box(x, y, x + width, y + height)


def _boxes(element: ET.Element, shapes: Mapping[str, ET.Element]) -> Iterator[Box | None]:
    """What the parts of an element cover, without their lines' width; None for a part that may lie anywhere."""
    kind = local(element)
    if kind == "defs":
        return
    if "transform" in element.attrib or kind not in ("g", "path", "use"):
        yield None
    elif kind == "path":
        yield _of_path(element.get("d", ""))
    elif kind == "use":
        shape = shapes.get(element.get(f"{{{XLINK}}}href", "#")[1:])
        plain = shape is not None and local(shape) == "path" and "transform" not in shape.attrib
        box = _of_path(shape.get("d", "")) if shape is not None and plain else None
        yield box and box.moved(float(element.get("x", 0)), float(element.get("y", 0)))
    else:
        for child in element:
            yield from _boxes(child, shapes)


def _of_path(path: str) -> Box | None:
    numbers = [float(number) for number in _NUMBER.findall(path)]
    if not numbers or len(numbers) % 2 or not _NOTHING.fullmatch(path):
        return None
    return Box(min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))


def gather(parent: ET.Element, mark: Callable[[str], str]) -> None:
    """Make one group of neighbours that belong to one mark.

    Args:
        mark: the mark that an id belongs to; empty for another id.
    """
    children: list[ET.Element] = []
    for child in parent:
        gather(child, mark)
        name = mark(child.get("id", ""))
        if name and children and mark(children[-1].get("id", "")) == name:
            children[-1].extend(child)
        else:
            children.append(child)
    parent[:] = children


def shorten(element: ET.Element) -> None:
    """Write places as short as they can be, without turns by nothing."""
    if _STILL.fullmatch(element.get("transform", "")):
        del element.attrib["transform"]
    if element.get("transform", "").startswith(("rotate", "translate")):
        element.set("transform", rounded(element.attrib["transform"]))
    for name in PLACES:
        if name in element.attrib:
            places = rounded(element.attrib[name])
            element.set(name, path(places) if name == "d" else places)


def rounded(places: str) -> str:
    """Places to a tenth of a point, of which a wide page has 648 and a screen shows one in 1.6 pixels.

    >>> rounded("M 42.544722 198  L 0.00000001 8.64  ")
    'M 42.5 198 L 0 8.6'
    """
    return " ".join(_FINE.sub(lambda number: f"{round(float(number[0]), 1) + 0.0:g}", places).split())


def path(places: str) -> str:
    """A path without gaps; a line along an axis names the other place once.

    >>> path("M 1 2 L 3 2"), path("M 1 2 L 3 4 z"), path("M 1 2 L 1 2 L 1 -4 L 5 -4 z")
    ('M1 2H3', 'M1 2L3 4z', 'M1 2V-4H5z')
    """
    steps = _STEP.findall(places)
    written: list[str] = []
    x = y = ""
    for command, rest in steps:
        numbers = rest.split()
        if command == "L" and len(numbers) == 2 and x:
            if numbers == [x, y] and len(steps) > 2:
                continue
            text = (
                f"H{numbers[0]}" if numbers[1] == y else f"V{numbers[1]}" if numbers[0] == x else "L" + _joined(numbers)
            )
        else:
            text = command + _joined(numbers)
        written.append(text)
        x, y = numbers[-2:] if len(numbers) > 1 and command in "MLCQ" else ("", "")
    return "".join(written)


def _joined(numbers: list[str]) -> str:
    return " ".join(numbers).replace(" -", "-")


def join(parent: ET.Element, plain: Callable[[str], bool]) -> None:
    """Make one path of neighbours of one style.

    Args:
        plain: whether a class draws lines that may lie on one another without being seen to.
    """
    children: list[ET.Element] = []
    for child in parent:
        join(child, plain)
        last = children[-1] if children else None
        if (
            last is not None
            and {local(last), local(child)} == {"path"}
            and set(last.attrib) == set(child.attrib) == {"d", "class"}
            and last.get("class") == child.get("class")
            and plain(child.attrib["class"])
        ):
            last.set("d", last.attrib["d"] + child.attrib["d"])
        else:
            children.append(child)
    parent[:] = children


def hoist(parent: ET.Element, plain: Callable[[str], bool]) -> None:
    """Give a group the class that all its markers have."""
    for child in parent:
        hoist(child, plain)
    markers = [child for child in parent if local(child) != "defs"]
    classes = {child.get("class", "") for child in markers}
    if local(parent) == "g" and markers and {local(child) for child in markers} == {"use"} and len(classes) == 1:
        (name,) = classes
        if plain(name):
            parent.set("class", f"{parent.get('class', '')} {name}".strip())
            for child in markers:
                del child.attrib["class"]
