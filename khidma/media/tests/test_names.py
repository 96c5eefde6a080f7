"""Names under which files are shown."""

import pytest

from khidma.media.names import LONGEST, clean_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("photo.jpg", "photo.pdf"),
        ("no ending", "no ending.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.pdf"),
        ("a.pdf.exe", "a.pdf.pdf"),
        ("", "file.pdf"),
        ("..", "file.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("con\x00tract\r\n: x.pdf", "contract x.pdf"),
        ("\u202efdp.exe", "fdp.pdf"),
        ('<img src=x onerror="1">.png', "img src=x onerror= 1.pdf"),
        ("रसीद.png", "रसीद.pdf"),
    ],
)
def test_a_name_is_no_path_and_ends_as_its_type(given: str, shown: str) -> None:
    assert clean_name(given, extension="pdf") == shown


def test_a_name_is_short() -> None:
    assert len(clean_name("x" * 5000, extension="jpg")) == LONGEST
