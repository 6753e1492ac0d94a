import subprocess
import sys

import pytest

import bench.zoo.layers
from bench import lazy


def test_a_module_is_imported_when_it_is_used():
    code = (
        "import sys; from bench.zoo import layers; before = 'torch' in sys.modules\n"
        "layers.residual.ResNet; sys.exit(before or 'torch' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_commands_are_there_without_what_is_slow_to_import():
    code = (
        "import sys; from bench.cli import main\n"
        "try: main(['--help'])\n"
        "finally: assert not {'torch', 'scipy.stats'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_what_is_no_module_is_no_attribute():
    with pytest.raises(AttributeError, match=r"module 'bench.zoo.layers' has no attribute 'transformer'"):
        _ = bench.zoo.layers.transformer
    assert not hasattr(bench.zoo.layers, "__wrapped__")


def test_a_module_that_lacks_another_says_so(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lacking").mkdir()
    (tmp_path / "lacking/__init__.py").write_text("from bench import lazy\n__getattr__ = lazy.submodules(__name__)")
    (tmp_path / "lacking/engine.py").write_text("import nowhere_to_be_found")
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        lazy.submodules("lacking")("engine")
