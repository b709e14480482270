"""static/vendor holds what scripts/vendor.py copied, byte for byte, and nothing in it calls another host by itself."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

SCRIPT = Path(settings.BASE_DIR) / "scripts" / "vendor.py"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    script = root / "scripts" / "vendor.py"
    return subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """A tree with the real script and one vendored file whose checksum is right."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "vendor.py").write_bytes(SCRIPT.read_bytes())
    vendor = tmp_path / "static" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "a.js").write_text("export default 1;\n")
    digest = hashlib.sha256((vendor / "a.js").read_bytes()).hexdigest()
    (vendor / "SHA256SUMS").write_text(f"{digest}  a.js\n")
    return tmp_path


def test_the_vendored_files_are_those_of_the_checksums() -> None:
    result = check(Path(settings.BASE_DIR))

    assert result.returncode == 0, result.stdout


def test_a_tree_as_listed_is_fine(copied_tree: Path) -> None:
    result = check(copied_tree)

    assert result.returncode == 0, result.stdout


def test_an_altered_file_is_named(copied_tree: Path) -> None:
    (copied_tree / "static" / "vendor" / "a.js").write_text("export default 2;\n")

    result = check(copied_tree)

    assert (result.returncode, result.stdout) == (1, "missing or altered: a.js\n")


def test_a_file_in_no_list_is_named(copied_tree: Path) -> None:
    (copied_tree / "static" / "vendor" / "b.js").write_text("")

    result = check(copied_tree)

    assert (result.returncode, result.stdout) == (1, "in no list: b.js\n")


def test_every_vendored_folder_brings_its_licence() -> None:
    folders = [path for path in (Path(settings.BASE_DIR) / "static" / "vendor").iterdir() if path.is_dir()]

    without = [folder.name for folder in folders if not (folder / "LICENSE").is_file()]

    assert (bool(folders), without) == (True, [])


def test_no_page_or_style_of_ours_loads_from_another_host() -> None:
    root = Path(settings.BASE_DIR)
    ours = [
        *(root / "templates").rglob("*.html"),
        *(root / "static" / "css").rglob("*.css"),
        *(root / "static" / "js").rglob("*.js"),
    ]
    loads = re.compile(r"""(?:src|href)=["']https?:|url\(["']?https?:|import\(?\s*["']https?:|from ["']https?:""")

    foreign = [str(path.relative_to(root)) for path in ours if loads.search(path.read_text())]

    assert (len(ours) > 10, foreign) == (True, [])
