"""What the streaming measurement reads; memory and speed depend on the machine, and only a large leak fails here."""

from __future__ import annotations

import os
import subprocess
import sys

from bench.speed import streaming


def test_links_are_a_data_set(tmp_path):
    originals = streaming.photographs(tmp_path / "originals", 3)
    images = streaming.load(streaming.linked(tmp_path / "set", originals, 100), tmp_path / "cache", 0)
    assert (len(images.train.images), len(images.validation.images), len(images.test.images)) == (90, 10, 512)
    assert images.test.images[:2].shape == (2, 3, 64, 64)


def test_the_peak_of_this_process_and_its_children():
    held = bytearray(os.urandom(1)) * 50_000_000
    child = subprocess.Popen([sys.executable, "-c", "import time; x = bytearray(b'1') * 40_000_000; time.sleep(30)"])
    try:
        assert child.pid in streaming.descendants(os.getpid())
        assert streaming.peak(os.getpid()) > len(held)
    finally:
        child.kill()
        child.wait()
    assert streaming.peak(child.pid) == 0
