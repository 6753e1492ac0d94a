"""Make a drawing's SVG part of a page: classes instead of inline styles, ids of its own, the theme's colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from xml.etree import ElementTree as ET

from bench.render.kit.figure import Mark
from bench.render.kit.style import VARIABLES
from bench.render.writers import shorter
from bench.render.writers.shorter import POINTER, SVG, XLINK, local

_COLOR = re.compile(r"#[0-9a-f]{6}")
_DROPPED = ("metadata", "title", "desc", "style")
_WORDS = re.compile(r'class="(mark[^"]*)" role="img" aria-label="([^"]*)"( data-variant="[^"]*")?')


class StyleSheet:
    """Gathers the distinct styles of all drawings as short classes.

    The policy of the page allows no style attribute, and most styles occur many times.
    """

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}
        self._styles: dict[str, str] = {}
        self._drawings = 0

    def name(self, style: str) -> str:
        """The class that stands for a style."""
        name = self._classes.setdefault(style, f"s{len(self._classes)}")
        self._styles[name] = style
        return name

    def prefix(self) -> str:
        """What goes before the ids of the next drawing: short, since most of its lines hold one."""
        self._drawings += 1
        return f"d{self._drawings}"

    def lines(self, name: str) -> bool:
        """Whether a class draws opaque lines and nothing else."""
        style = self._styles.get(name, "")
        return "fill:none" in style and "opacity" not in style

    def opaque(self, name: str) -> bool:
        """Whether what has a class may be drawn as one group."""
        return name in self._styles and "opacity" not in self._styles[name]

    @property
    def css(self) -> str:
        """One rule per class."""
        return "".join(f".{name}{{{style}}}" for style, name in self._classes.items())


def inline(
    source: str,
    marks: Mapping[str, Mark],
    prefix: str,
    sheet: StyleSheet,
    picks: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The drawing as an element of a page.

    Args:
        prefix: goes before every id that is kept, so that no two drawings share one.
        sheet: collects the styles.
        picks: by variant, the classes of those that are highlighted until a script does.
    """
    # Ids survive only if something in the drawing refers to them (clip paths, markers) or if they tag a mark, whose
    # text and data they give way to. What then says nothing goes: metadata, groups, namespaces that HTML implies.
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", source))
    for parent in list(root.iter()):
        for child in list(parent):
            if local(child) in _DROPPED:
                parent.remove(child)
    shorter.unclip(root)
    shorter.gather(root, lambda name: name.partition(".")[0] if name in marks else "")
    used = {name: f"{prefix}-{number}" for number, name in enumerate(dict.fromkeys(shorter.pointers(root)))}
    for element in root.iter():
        _rewrite(element, marks, used, sheet, picks)
        shorter.shorten(element)
    _collapse(root)
    _clip_together(root)
    shorter.join(root, sheet.lines)
    shorter.hoist(root, sheet.opaque)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.attrib.pop("version", None)
    root.set("aria-hidden" if not marks else "role", "true" if not marks else "group")
    ET.register_namespace("", SVG)
    text = ET.tostring(root, encoding="unicode")
    return re.sub(r' xmlns(:\w+)?="[^"]*"', "", re.sub(r">\s+<", "><", text)).replace(" />", "/>")


def twin(narrow: str, wide: str) -> str:
    """A drawing for narrow pages without what its marks say, where those of its twin for wide pages say the same.

    A script takes the words over from the twin; without one, a reader has the table behind the figure.
    """
    if _said(narrow) != _said(wide):
        return narrow
    return _WORDS.sub(lambda mark: f'class="{mark[1]} point"{mark[3] or ""}', narrow)


def _said(drawing: str) -> dict[str, list[str]]:
    """What the marks of each variant say, in the order in which they are drawn."""
    words: dict[str, list[str]] = {}
    for _, label, variant in _WORDS.findall(drawing):
        words.setdefault(variant, []).append(label)
    return words


def _rewrite(
    element: ET.Element,
    marks: Mapping[str, Mark],
    used: Mapping[str, str],
    sheet: StyleSheet,
    picks: Mapping[str, str],
) -> None:
    name = element.attrib.pop("id", None)
    if name is not None and name in marks:
        _annotate(element, marks[name], picks)
    elif name is not None and name in used:
        element.set("id", used[name])
    pointer = element.attrib.pop(f"{{{XLINK}}}href", None)
    if pointer:
        element.set("href", f"#{used[pointer[1:]]}" if pointer.startswith("#") else pointer)
    for attribute, value in list(element.attrib.items()):
        if POINTER.search(value):
            element.set(attribute, _pointed(value, used))
    style = _themed(element.attrib.pop("style", ""), used)
    if style:
        element.set("class", f"{element.get('class', '')} {sheet.name(style)}".strip())


def _annotate(element: ET.Element, mark: Mark, picks: Mapping[str, str]) -> None:
    element.set("class", f"mark {picks.get(mark.data.get('variant', ''), '')}".strip())
    if mark.label:
        element.set("role", "img")
        element.set("aria-label", mark.label)
    # A story has the same marks several times, and its script asks for nothing but what they are of.
    for key, value in mark.data.items():
        if not picks or key in ("variant", "part"):
            element.set(f"data-{key}", value)


def _pointed(value: str, used: Mapping[str, str]) -> str:
    """A value whose pointers lead to the ids that are kept."""
    return POINTER.sub(lambda pointer: f"url(#{used[pointer[1]]})", value)


def _themed(style: str, used: Mapping[str, str]) -> str:
    """A style with the theme's variables as colours, and in the page's font."""
    # matplotlib writes every colour as #rrggbb. One that stands for something (see `style.VARIABLES`) becomes its
    # variable, so that the drawing follows the page from light to dark without a second copy; the colours of maps and
    # pictures are data, and stay.
    rules = []
    for rule in filter(None, (part.strip() for part in style.split(";"))):
        key, _, value = (part.strip() for part in rule.partition(":"))
        if key != "font-family":
            value = _COLOR.sub(
                lambda color: f"var({VARIABLES[color[0]]})" if color[0] in VARIABLES else color[0], value
            )
            rules.append(f"{key}:" + _pointed(value, used))
    return ";".join(rules)


def _collapse(parent: ET.Element) -> None:
    """Replace groups without attributes by what they hold, and marks of one part that has no label by that part."""
    for child in parent:
        _collapse(child)
        if child.get("class", "").startswith("mark") and len(child) == 1 and "aria-label" not in child.attrib:
            (part,) = child
            child.tag, child.text, child[:] = part.tag, part.text, part[:]
            child.set("class", f"{child.get('class')} {part.attrib.pop('class', '')}".strip())
            child.attrib.update(part.attrib)
    children = [kept for child in parent for kept in (child if local(child) == "g" and not child.attrib else (child,))]
    parent[:] = children


def _clip_together(parent: ET.Element) -> None:
    """Clip neighbours in one group, instead of each."""
    # A mark without a label takes the clip of the one thing that it holds. One with a label can be pressed, and its
    # ring may reach over the edge of a panel: that stays as it is.
    children: list[ET.Element] = []
    for child in parent:
        labelled = "aria-label" in child.attrib
        if local(child) == "g" and not labelled and len(child) == 1 and "clip-path" in child[0].attrib:
            child.set("clip-path", child[0].attrib.pop("clip-path"))
        elif local(child) == "g" and not labelled:
            _clip_together(child)
        clip = child.get("clip-path")
        if clip and children and children[-1].get("clip-path") == clip:
            if set(children[-1].attrib) != {"clip-path"}:
                group = ET.Element(f"{{{SVG}}}g", {"clip-path": clip})
                del children[-1].attrib["clip-path"]
                group.append(children[-1])
                children[-1] = group
            del child.attrib["clip-path"]
            children[-1].append(child)
        else:
            children.append(child)
    parent[:] = children
