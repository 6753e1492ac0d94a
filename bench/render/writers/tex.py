"""Text from outside, escaped so that LaTeX prints it and runs none of it."""

from __future__ import annotations

import re
import unicodedata


class Tex(str):
    """LaTeX source; every other string is escaped before it is written."""

    __slots__ = ()


LONGEST_WORD = 18  # characters; a longer word may break anywhere
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
    "`": r"\textasciigrave{}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\ldots{}",
    "\u00a0": "~",
}
# Characters that are one command each: of mathematics, Greek letters among them, and of text.
_SIGNS = "±×·≤≥≈≠∞µ√←↑→↓αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
_SIGN_COMMANDS = (
    "pm times cdot leq geq approx neq infty mu surd leftarrow uparrow to downarrow "
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_LETTER_COMMANDS = "ss ae AE oe OE o O l L i"
_SPECIAL |= {sign: rf"\ensuremath{{\{command}}}" for sign, command in zip(_SIGNS, _SIGN_COMMANDS.split(), strict=True)}
_SPECIAL |= {sign: rf"\ensuremath{{{command}}}" for sign, command in zip("−²³°", (r"-", "^2", "^3", r"^\circ"))}
_SPECIAL |= {letter: rf"\{name}{{}}" for letter, name in zip("ßæÆœŒøØłŁı", _LETTER_COMMANDS.split(), strict=True)}
_COMBINING = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327"
_ACCENTS = dict(zip(_COMBINING, ("`", "'", "^", "~", "=", "u ", ".", '"', "r ", "H ", "v ", "c "), strict=True))
_LONG = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_BREAK = "\u200b"  # zero-width space: marks where a line may end until it becomes \allowbreak
# A command copied out of the PDF must run as it is, and LaTeX prints -- as a dash and ' as a curly quotation mark. Only
# between letters it is an apostrophe, and stays one.
_JOINER, _STRAIGHT = "\u2060", "\ue000"
_SPECIAL |= {_JOINER: "{}", _STRAIGHT: r"\textquotesingle{}"}
_OPTION, _QUOTE = re.compile("-(?=-)"), re.compile(r"(?<![^\W\d_])'|'(?![^\W\d_])")


def escape(text: object, *, everywhere: bool = False) -> Tex:
    r"""Escape text for LaTeX with any input encoding; a character that LaTeX cannot print becomes its code point.

    >>> escape("50% of $\\input{x}$ at 3 μs")
    '50\\% of \\$\\textbackslash{}input\\{x\\}\\$ at 3 \\ensuremath{\\mu}s'
    >>> escape("Zoë, 😀")
    'Zo\\"{e}, {[}U+1F600{]}'

    Args:
        everywhere: allow a line break after every character, for identifiers.
    """
    if isinstance(text, Tex):
        return text
    plain = re.sub(r"\s+", " ", str(text).replace(_BREAK, ""))
    broken = re.sub(r"\S+", lambda word: _breakable(word[0]), plain) if everywhere else _breakable_words(plain)
    literal = _OPTION.sub(f"-{_JOINER}", _QUOTE.sub(_STRAIGHT, broken))
    # Between two code points a line may end: scripts without a LaTeX font often have no spaces.
    return Tex(
        "".join(map(_character, unicodedata.normalize("NFC", literal))).replace("{]}{[}U+", r"{]}\allowbreak{}{[}U+")
    )


def identifier(text: str) -> Tex:
    """Set a name in typewriter letters that may break anywhere."""
    return Tex(rf"\texttt{{{escape(text, everywhere=True)}}}")


def _breakable_words(text: str) -> str:
    """Let long words break anywhere, unless hyphens already divide them: LaTeX breaks there by itself."""

    def broken(word: re.Match[str]) -> str:
        hyphens_suffice = max(map(len, word[0].split("-"))) < LONGEST_WORD
        return word[0] if hyphens_suffice else _breakable(word[0])

    return _LONG.sub(broken, text)


def _breakable(word: str) -> str:
    return _BREAK.join(word)


def _character(character: str) -> str:
    if character == _BREAK:
        return r"\allowbreak{}"
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return character
    # What is left is not in a table: an accented letter becomes LaTeX's accent over its base (é is \'{e}), a
    # compatibility form its plain letters (ﬁ is fi), and anything else its code point, so that a name in a script
    # without a LaTeX font shows what it was instead of stopping the compilation.
    base, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii():
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    compatible = unicodedata.normalize("NFKC", character)
    if compatible != character and compatible.isascii():
        return "".join(map(_character, compatible))
    return f"{{[}}U+{ord(character):04X}{{]}}"


def spelled(text: str) -> str:
    """A text as it is printed, with code points for the letters that LaTeX cannot print.

    >>> spelled("Zoë 漢")
    'Zoë [U+6F22]'
    """
    if text.isascii() and text.isprintable():  # nearly all texts: LaTeX prints every such letter
        return text
    codes = {letter: f"[U+{ord(letter):04X}]" for letter in set(text) if _character(letter).startswith("{[}U+")}
    return "".join(codes.get(letter, letter) for letter in text) if codes else text
