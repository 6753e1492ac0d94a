import os
import socket

import pytest

from bench.data.picture_files import class_folders, image_files, shown
from bench.errors import InputError


def test_what_desktops_leave_is_passed_over(tmp_path):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._a.jpg", ".hidden.png", "notes.txt", "a.JPG", "b.Jpeg"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [file.name for file in image_files(tmp_path)] == ["a.JPG", "b.Jpeg"]
    assert [folder.name for folder in class_folders(tmp_path)] == ["folder.png"]


@pytest.mark.parametrize("name", ["a.heic", "b.AVIF", "c.jxl", "d.CR2"])
def test_pictures_that_are_not_read_are_refused(name, tmp_path):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=f"{name}: .* files are not read, convert it"):
        image_files(tmp_path)


def test_what_is_no_file_is_refused_without_being_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    os.mkfifo("pipe.jpg")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "gone.png").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.gif")
    with pytest.raises(InputError) as refused:
        image_files(tmp_path)
    reasons = ["No such file", "Too many levels", "a pipe, socket or device", "a pipe, socket or device"]
    assert len(refused.value.problems) == 4
    assert all(reason in problem for reason, problem in zip(reasons, refused.value.problems))


def test_links_to_files_and_folders_are_followed(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").symlink_to("a.png")
    (tmp_path / "class").symlink_to("there")
    assert [file.name for file in image_files(tmp_path)] == ["a.png", "b.png"]
    assert [folder.name for folder in class_folders(tmp_path)] == ["class", "there"]


@pytest.mark.parametrize("target", ["class", "nowhere"])
def test_a_class_that_leads_nowhere_is_refused(target, tmp_path):
    (tmp_path / "class").symlink_to(target)
    with pytest.raises(InputError, match="class cannot be read"):
        class_folders(tmp_path)


def test_a_folder_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputError, match="gone cannot be read"):
        image_files(tmp_path / "gone")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a\x01b", r"a\x01b"), ("a\x7f\x85", r"a\x7f\x85"), ("\ufffe\ud800\u2028", r"\ufffe\ud800\u2028"),
        ("👩‍🔬 می‌خواهم\u3000", "👩‍🔬 می‌خواهم\u3000"), (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
    ],
)  # fmt: skip
def test_names_are_text(name, text):
    assert shown(name) == text
    text.encode()
