"""Code of the user's own, by `package.module:Name`."""

import json
import subprocess
import sys

import pytest
from torch import nn

from bench import cli, guest_sources, guests, profile, registry
from bench import task as tasks
from bench.compress import variant
from bench.compress.method import Method
from bench.data import catalog as sources
from bench.data import load
from bench.diagnose import catalog as diagnostics
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.search.space import space
from bench.similarity import catalog as measures

METHOD = """
from dataclasses import dataclass
from typing import Annotated
from pydantic import Field
from bench.compress.method import Method
from guest_package import helpers

@dataclass(frozen=True)
class Mine(Method):
    amount: Annotated[float, Field(gt=0)] = 0.5
    family = "shrinkage"
    title = "Mine"

    def __call__(self, compressed, workbench):
        return helpers.shrunk(compressed)
"""
POSTPONED = f"from __future__ import annotations{METHOD}"  # annotations that only pydantic reads


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the user's in the current folder: returns how to write one of its modules."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "guest_package"
    folder.mkdir()

    def write(module, text):
        (folder / f"{module}.py").write_text(text)

    write("__init__", "")
    write("helpers", "def shrunk(compressed): return compressed")
    write("methods", METHOD)
    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == "guest_package"]:
        del sys.modules[name]


def test_a_guest_stands_wherever_a_method_can(package):
    label = "guest_package.methods:Mine:amount=0.25+float16"
    chain = variant.parse(label)
    assert chain.label == label
    assert [stage.name for stage in chain.stages] == ["guest_package.methods:Mine", "float16"]
    assert chain.stages[0].method.settings() == {"amount": 0.25}
    assert chain.title == "Mine (amount 0.25) + float16"
    assert chain.family == "shrinkage"
    assert variant.from_spec(chain.spec()).spec() == chain.spec()


def test_profiles_name_guests_in_sweeps_chains_and_patterns(package):
    package("looks", METHOD.replace("compress.method", "diagnose.diagnostic").replace("Method", "Diagnostic"))
    text = """
    seeds = [0]
    models = [{name = "resnet8"}]
    [[methods]]
    name = "guest_package.methods:Mine"
    amount = [0.25, 0.5]
    [[methods]]
    chain = ["guest_package.methods:Mine:amount=0.5", "float16"]
    [[diagnostics]]
    name = "guest_package.looks:Mine"
    variants = ["guest_package.methods:Mine:amount=0.5*"]
    """
    parsed = profile.parse("p", text)
    mine = "guest_package.methods:Mine"
    labels = [f"{mine}:amount=0.25", f"{mine}:amount=0.5", f"{mine}:amount=0.5+float16"]
    assert [each.label for each in parsed.variants][-3:] == labels
    assert parsed.diagnostics["guest_package.looks:Mine"].variants == tuple(labels[1:])


def test_a_built_in_name_is_no_guest():
    assert variant.parse_stage("magnitude:sparsity=0.9").name == "magnitude"
    with pytest.raises(InputError, match="a setting is written key=value"):
        variant.parse_stage("magnitude:sparsity")


def version_of_mine():
    return guest_sources.version("guest_package.methods", "method")


def test_the_version_is_that_of_the_file_and_of_what_it_imports(package):
    versions = [version_of_mine()]
    for module, text in (
        ("helpers", "from . import deep\ndef shrunk(compressed): return compressed"),
        ("deep", "from guest_package.deeper import *"),
        ("deeper", "import numpy"),
        ("__init__", "LIMIT = 3"),
        ("methods", METHOD + "# changed"),
    ):
        package(module, text)
        versions.append(version_of_mine())
    assert len(set(versions)) == len(versions)


def test_what_it_does_not_import_is_no_part_of_its_version(package):
    before = version_of_mine()
    package("stranger", "x = 1")
    assert version_of_mine() == before


def test_a_file_of_its_own_counts_what_stands_beside_it(package, tmp_path):
    (tmp_path / "guest_alone.py").write_text("import guest_beside, numpy, bench.errors")
    (tmp_path / "guest_beside.py").write_text("x = 1")
    before = guest_sources.version("guest_alone", "model")
    (tmp_path / "guest_beside.py").write_text("x = 2")
    assert guest_sources.version("guest_alone", "model") != before


def test_its_version_is_part_of_the_key_and_a_built_in_ones_is_not_changed(package):
    mine = variant.parse("guest_package.methods:Mine").spec()[0]["version"]
    assert mine == f"1-{version_of_mine()}"
    assert variant.parse("magnitude").spec()[0]["version"] == 1


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("guest_package.nowhere:Mine", METHOD, "there is no module 'guest_package.nowhere'"),
        ("guest_package.methods:Mien", METHOD, "has no class 'Mien', did you mean 'Mine'"),
        ("guest_package.methods:Mine", "class Mine(", "line 1 of 'guest_package.methods' is not Python"),
        ("guest_package.methods:Mine", METHOD + "1 / 0", r"division by zero \(guest_package/methods.py, line 16\)"),
        ("guest_package.methods:Mine", METHOD.replace("import helpers", "import helprs"), r"methods.py, line 6\)"),
        ("guest_package.methods:Mine", "class Mine: ...", r"methods.py, line 1\) must derive from bench.compress.me"),
        ("guest_package.methods:Mine", "def Mine(): ...", r"methods.py, line 1\) must be a class .* it is a function"),
        ("guest_package.methods:Mine", METHOD.replace("__call__", "call"), r"line 8\) lacks '__call__', which"),
        ("guest_package.methods:Mine", METHOD.replace('    title = "Mine"\n', ""), r"line 8\) lacks 'title', which"),
        ("guest_package.methods:Mine", METHOD.replace("@dataclass(frozen=True)\n", ""), "is no dataclass: write @data"),
        ("guest_package.methods:Mine", METHOD.replace("(frozen=True)", ""), r"frozen one \(guest_.*, line 8\)"),
        ("guest_package.methods:Mine", POSTPONED.replace("[float", "[Unknown"), "cannot be used.* line 8"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_that_names_file_and_line(package, name, text, sentence):
    package("methods", text)
    with pytest.raises(InputError, match=sentence) as caught:
        variant.parse(name).check()
    assert len(caught.value.problems) == 1
    assert "\n" not in caught.value.problems[0]


def test_an_error_is_traced_to_the_guest_and_not_to_what_it_called(package):
    package("helpers", "import json\ndef shrunk(compressed):\n    return json.loads('x')")
    method = variant.parse("guest_package.methods:Mine").stages[0].method
    with pytest.raises(ValueError) as caught:
        method(None, None)
    assert guests.sentence(caught.value).endswith("(guest_package/helpers.py, line 3)")


def test_what_a_method_returns_is_checked(package, monkeypatch):
    chosen = variant.parse("guest_package.methods:Mine")
    monkeypatch.setattr(type(chosen.stages[0].method), "__call__", lambda *_: None)
    with pytest.raises(TypeError, match=r"returned a NoneType \(guest_package/methods.py, line 8\)"):
        chosen.apply(Compressed(nn.Identity()), None)


def test_errors_of_others_name_no_file():
    assert guests.sentence(ValueError("wrong\nhere")) == "ValueError: wrong"


def test_measures_diagnostics_and_sources_have_guests(package):
    package(
        "others",
        """
from dataclasses import dataclass
from bench.data.source import Source
from bench.diagnose.diagnostic import Diagnostic
from bench.similarity.measure import Measure

@dataclass(frozen=True)
class Look(Diagnostic):
    title = "Look"
    def __call__(self, networks, probe): ...

@dataclass(frozen=True)
class Likeness(Measure):
    title, range, larger_is_similar, symmetric, invariances = "Likeness", (0.0, 1.0), True, True, ()
    def compute(self, x, y): return 1.0

class Images(Source):
    name = title = "images"
    takes = "PATH"
    def stamp(self): return 0
    def read(self): ...
""",
    )
    assert diagnostics.diagnostic("guest_package.others:Look").title == "Look"
    assert measures.measure("guest_package.others:Likeness").title == "Likeness"
    assert sources.find("guest_package.others:Images:a/b:c").argument == "a/b:c"
    with pytest.raises(InputError, match=r"write it as 'guest_package.others:Images:PATH'"):
        sources.find("guest_package.others:Images")
    with pytest.raises(InputError, match=r"must derive from bench.compress.method.Method"):
        registry.subclass("bench.compress.methods", "guest_package.others:Look", Method, "method")


def test_the_current_folder_is_found_however_python_was_started(package):
    command = [sys.executable, "-P", "-m", "bench", "list", "guest_package.methods:Mine"]  # as the installed script
    listed = subprocess.run(command, capture_output=True, text=True)
    assert listed.stdout.startswith("method guest_package.methods:Mine"), listed.stderr


def test_search_takes_guests_that_say_what_may_be_chosen(package):
    mine = "guest_package.methods:Mine"
    with pytest.raises(InputError, match=f"method '{mine}' is not searched: its class has no `searched`"):
        space([mine])
    package("searched", METHOD.replace("    title", '    searched = {"amount": (0.25, 0.5)}\n    title'))
    among = space(["guest_package.searched:Mine", "float16"])
    assert list(among.methods.values()) == [
        ("guest_package.searched:Mine",),
        ("float16",),
    ]


def test_what_it_prints_on_import_stays_out_of_the_results(package, capsys):
    package("methods", f"print('noise')\n{METHOD}")
    variant.parse("guest_package.methods:Mine").check()
    assert capsys.readouterr().out == ""


def test_modules_that_are_no_text_are_refused_in_one_sentence(package):
    package("methods", "x = 1 # \x00")
    with pytest.raises(InputError, match=r"'guest_package\.methods' is not Python: source code"):
        variant.parse("guest_package.methods:Mine").check()


@pytest.mark.parametrize("text", [METHOD.replace("Mine(", "_Mine("), "def __getattr__(name): return METHOD[name]"])
def test_names_that_are_private_or_made_when_asked_for_are_not_denied(package, text):
    package("methods", text)
    guests.check("guest_package.methods:_Mine", "method", "class")


def test_a_class_that_a_library_makes_counts_the_module_that_asks_for_it(package, tmp_path):
    (tmp_path / "guest_library.py").write_text(METHOD.replace("from guest_package import helpers", ""))
    package("methods", "import guest_library\nMine = guest_library.Mine\nMine.default = 1")
    name = "guest_package.methods:Mine"
    first = variant.parse(name).spec()[0]["version"]
    package("methods", "import guest_library\nMine = guest_library.Mine\nMine.default = 2")
    assert variant.parse(name).spec()[0]["version"] != first
    del sys.modules["guest_library"]


def test_a_measure_that_needs_parameters_is_one_sentence(package):
    measure = METHOD.replace("compress.method import Method", "similarity.measure import Measure").replace(" = 0.5", "")
    measure = measure.replace("(Method)", "(Measure)").replace(
        "__call__(self, compressed, workbench)", "compute(self, x, y)"
    )
    attributes = 'title, range, larger_is_similar, symmetric, invariances = "Mine", (0.0, 1.0), True, True, ()'
    package("measures", measure.replace('title = "Mine"', attributes))
    with pytest.raises(
        InputError, match=r"cannot be used: TypeError: .*'amount' \(guest_package/measures.py, line 8\)"
    ):
        measures.measure("guest_package.measures:Mine")


@pytest.mark.parametrize(
    ("attribute", "problem"),
    [
        ("title = 5", "must have a text as 'title', given 5"),
        ('title = "Mine"; bibtex = "@article{a, title={b}"', "has a 'bibtex' whose braces do not match"),
    ],
)
def test_what_the_report_could_not_print_is_refused_before_the_run(package, attribute, problem):
    package("methods", METHOD.replace('title = "Mine"', attribute))
    with pytest.raises(InputError, match=rf"guest_package/methods.py, line 8\) {problem}"):
        variant.parse("guest_package.methods:Mine").check()


SOURCE = """
import numpy as np
from bench.data.source import RawImages, Source

class Images(Source):
    name = title = "stripes"

    def stamp(self):
        return 0

    def read(self):
        images = np.arange(16 * 64, dtype=np.uint8).reshape(16, 1, 8, 8)
        labels = np.arange(16) % 2
        return RawImages(images, labels, images, labels, ("rows", "columns"))
"""


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("return 0", "return {1}", r"its stamp fails: TypeError: .* \(guest_package/images.py, line 5\)"),
        ("return 0", "return 1 / 0", r"its stamp fails: ZeroDivisionError: .* \(guest_package/images.py, line 9\)"),
        ("return RawImages", "RawImages", r"fails: TypeError: must return a bench.data.source.RawImages, .* line 5\)"),
        ("dtype=np.uint8", "dtype=float", r"train_images must be uint8 .*, given float64 \(16, 1, 8, 8\)"),
        ("1, 8, 8)", "8, 8)", r"train_images must be uint8 .*, given uint8 \(16, 8, 8\)"),
        ("% 2", "% 3", "train_labels must be from 0 to 1, given 0 to 2"),
        ("arange(16)", "arange(15)", r"train_labels must be whole numbers, one per image, given int64 \(15,\)"),
        ('name = title = "stripes"', "", r"\(guest_package/images.py, line 5\) lacks a text as 'name'"),
        ('name = title = "stripes"', "def __init__(self, argument): 1 / 0", r"ZeroDivisionError: .* line 6\)"),
    ],
)
def test_what_is_wrong_with_a_source_is_one_sentence(package, tmp_path, before, after, problem):
    package("images", SOURCE.replace(before, after))
    with pytest.raises(InputError, match=problem):
        load("guest_package.images:Images", validation=0.25, probe=4, probe_seed=0, split_seed=0, cache=tmp_path)


def test_a_task_that_cannot_be_made_is_one_sentence(package):
    package(
        "tasks",
        """
from bench.task.classification import Classification

class Mine(Classification):
    def __init__(self):
        raise RuntimeError("no labels")
""",
    )
    with pytest.raises(InputError, match=r"fails: RuntimeError: no labels \(guest_package/tasks.py, line 6\)"):
        tasks.task("guest_package.tasks:Mine")


NOISY = METHOD.replace("return helpers.shrunk(compressed)", "print('noise'); RETURN")


@pytest.fixture
def run(capsys):
    """Run the command line; returns exit code and both outputs."""

    def command(*words):
        code = cli.main(words)
        return code, *capsys.readouterr()

    return command


def test_the_size_of_a_network_stays_clean_of_what_a_method_prints(package, run):
    package("methods", NOISY.replace("RETURN", "return compressed"))
    words = ("footprint", "--model", "resnet8", "--method", "guest_package.methods:Mine", "--json")
    code, out, err = run(*words)
    assert (code, err) == (0, "noise\n")
    assert json.loads(out)


def test_a_method_that_ends_the_process_is_a_sentence(package, run):
    package("methods", NOISY.replace("RETURN", "raise SystemExit(7)"))
    code, _, err = run("footprint", "--model", "resnet8", "--method", "guest_package.methods:Mine")
    assert code == 2
    assert "SystemExit: 7 (guest_package/methods.py, line 15)" in err


def test_a_listed_guest_is_described_by_its_own_words_and_defaults(package, run):
    package("methods", METHOD.replace("Field(gt=0)] = 0.5", "int] = Field(0.25, gt=0)"))
    _, out, _ = run("list", "guest_package.methods:Mine")
    assert out.splitlines()[0] == "method guest_package.methods:Mine"
    assert "setting amount  0.25" in out
    assert run("list", "guest_package.methods:helpers")[::2] == (
        2,
        "innards: 'guest_package.methods:helpers' is neither a class nor a function, it is a module\n",
    )
