"""Text from outside as LaTeX that prints it and does nothing else."""

from __future__ import annotations

import re
import unicodedata


class Tex(str):
    """LaTeX that is ready to be written; everything else is escaped."""

    __slots__ = ()


LONGEST_WORD = 18  # characters without a place to break
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # at the start of a row it would belong to the end of the one before
    "]": "{]}",
    "*": "{*}",
    '"': r"\textquotedbl{}",
    "'": "'",
    "`": r"\textasciigrave{}",
    "-": "-",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\ldots{}",
    "\u00a0": "~",
    "−": r"\ensuremath{-}",
    "±": r"\ensuremath{\pm}",
    "×": r"\ensuremath{\times}",
    "·": r"\ensuremath{\cdot}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≈": r"\ensuremath{\approx}",
    "≠": r"\ensuremath{\neq}",
    "∞": r"\ensuremath{\infty}",
    "²": r"\ensuremath{^2}",
    "³": r"\ensuremath{^3}",
    "°": r"\ensuremath{^\circ}",
    "µ": r"\ensuremath{\mu}",
    "√": r"\ensuremath{\surd}",
    "←": r"\ensuremath{\leftarrow}",
    "↑": r"\ensuremath{\uparrow}",
    "→": r"\ensuremath{\to}",
    "↓": r"\ensuremath{\downarrow}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
}
_GREEK = {
    name: rf"\ensuremath{{\{command}}}"
    for name, command in zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "chi",
            "psi",
            "omega",
            "Gamma",
            "Delta",
            "Theta",
            "Lambda",
            "Xi",
            "Pi",
            "Sigma",
            "Upsilon",
            "Phi",
            "Psi",
            "Omega",
        ],
    )
}
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u ",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r ",
    "\u030b": "H ",
    "\u030c": "v ",
    "\u0327": "c ",
}
_LONG = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_BREAK = "\u200b"  # stands for a place to break while the text is put together


def escape(text: object, *, everywhere: bool = False) -> Tex:
    r"""Any text as LaTeX, printable in every encoding; what LaTeX cannot print becomes its code point.

    >>> escape("50% of $\\input{x}$ at 3 μs")
    '50\\% of \\$\\textbackslash{}input\\{x\\}\\$ at 3 \\ensuremath{\\mu}s'
    >>> escape("Zoë, 😀")
    'Zo\\"{e}, {[}U+1F600{]}'

    Args:
        everywhere: let any place in it end a line, for identifiers.
    """
    if isinstance(text, Tex):
        return text
    plain = re.sub(r"\s+", " ", str(text).replace(_BREAK, ""))
    broken = re.sub(r"\S+", lambda word: _breakable(word[0]), plain) if everywhere else _breakable_words(plain)
    return Tex("".join(_character(each) for each in unicodedata.normalize("NFC", broken)))


def identifier(text: str) -> Tex:
    """A name in typewriter letters that may break anywhere."""
    return Tex(rf"\texttt{{{escape(text, everywhere=True)}}}")


def _breakable_words(text: str) -> str:
    """Long words may break anywhere, but for those that hyphens divide: LaTeX breaks them there."""
    return _LONG.sub(lambda word: word[0] if _divided(word[0]) else _breakable(word[0]), text)


def _divided(word: str) -> bool:
    return max(map(len, word.split("-"))) < LONGEST_WORD


def _breakable(word: str) -> str:
    return _BREAK.join(word)


def _character(character: str) -> str:
    if character == _BREAK:
        return r"\allowbreak{}"
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return character
    if character in _GREEK:
        return _GREEK[character]
    base, marks = unicodedata.normalize("NFD", character)[0], unicodedata.normalize("NFD", character)[1:]
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii():
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    compatible = unicodedata.normalize("NFKC", character)
    if compatible != character and compatible.isascii():
        return "".join(map(_character, compatible))
    return f"{{[}}U+{ord(character):04X}{{]}}"
