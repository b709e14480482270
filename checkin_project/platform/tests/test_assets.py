"""Styles inside pages, and the modules a script needs."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template import engines
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from checkin_project.platform import assets

ROOT = Path(settings.BASE_DIR)
SHEETS = sorted(path.name for path in (ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted(path.name for path in (ROOT / "static" / "js").glob("*.js"))


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _styles_in(page: Any) -> list[str]:
    return re.findall(r"<style>(.*?)</style>", page.content.decode(), re.DOTALL)


def _allowed_styles(page: Any) -> list[str]:
    """Sources of the policy's directive for styles; in which place it stands is chance."""
    directive = re.search(r"style-src ([^;]*)", page.headers["Content-Security-Policy"])
    return directive[1].split() if directive else []


@pytest.mark.django_db
def test_a_pages_policy_allows_exactly_the_styles_that_stand_in_it(client: Client) -> None:
    page = client.get(reverse("sign-in"))

    styles = _styles_in(page)
    assert _allowed_styles(page) == ["'self'", *map(_hash_of, styles)]
    assert len(styles) >= 2


@pytest.mark.django_db
def test_an_answer_without_styles_of_its_own_has_the_plain_policy(client: Client) -> None:
    client.get(reverse("sign-in"))

    answer = client.get(reverse("attendance:devices"))

    assert answer.status_code == 302
    assert _allowed_styles(answer) == ["'self'"]


@pytest.mark.parametrize("name", SHEETS)
def test_every_stylesheet_can_stand_in_a_page(name: str) -> None:
    found = assets.sheet(f"css/{name}")

    assert found.source == _hash_of(found.text)
    assert "/*" not in re.sub(r'"[^"]*"', "", found.text)
    assert not re.search(r'url\("(?!/|data:|#)', found.text)
    assert found.text.count("{") == found.text.count("}")


def test_a_comment_inside_a_string_stays_and_addresses_become_absolute() -> None:
    css = '/* a "note" */\na::before {\n  content: "/* kept */";\n\n  background: url("../img/logo.svg");\n}\n'

    text = assets.condensed(css, "css")

    assert text == 'a::before {\ncontent: "/* kept */";\nbackground: url("/static/img/logo.svg");\n}'


def test_without_a_request_a_page_links_its_stylesheet() -> None:
    template = engines["django"].from_string('{% load assets %}{% style "css/base.css" %}')

    assert template.render({}) == '<link rel="stylesheet" href="/static/css/base.css">'


def test_one_stylesheet_twice_is_allowed_once() -> None:
    request = RequestFactory().get("/")
    template = engines["django"].from_string('{% load assets %}{% style "css/base.css" %}{% style "css/base.css" %}')

    template.render({}, request)

    assert list(request._style_sources) == [assets.sheet("css/base.css").source]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_asked_for_together_with_all_it_imports(name: str) -> None:
    template = engines["django"].from_string(f'{{% load assets %}}{{% module "js/{name}" %}}')

    tags = template.render({})

    preloaded = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', tags)
    assert preloaded == list(assets.imports_of(f"js/{name}"))
    assert len(preloaded) == len(set(preloaded))
    assert all((ROOT / "static" / each).is_file() for each in preloaded)
    assert tags.startswith(f'<script type="module" async src="/static/js/{name}"></script>')


def test_imports_are_followed_and_those_for_later_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "js/a.js": 'import { b } from "./lib/b.js";\nimport "./lib/c.js";\nconst later = () => import("./lib/d.js");\n',
        "js/lib/b.js": 'import {\n  c,\n} from "./c.js";\nexport { e } from "../e.js";\n',
        "js/lib/c.js": "// nothing\n",
        "js/e.js": 'export const e = "./not/an/import.js";\n',
    }
    monkeypatch.setattr(assets, "_source", sources.__getitem__)

    assert assets._read_imports("js/a.js") == ("js/lib/b.js", "js/lib/c.js", "js/e.js")


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"css/missing\.css"):
        assets.sheet("css/missing.css")


@pytest.fixture
def collected(tmp_path: Path, settings: Settings) -> Path:
    """Our own static files as production serves them."""
    settings.STATIC_ROOT = tmp_path
    backend = "checkin_project.platform.staticstorage.ContentNamedStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": backend}}
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin", "ninja", "import_export"])
    return tmp_path


def test_in_production_every_module_is_named_by_its_content_also_where_another_imports_it(collected: Path) -> None:
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    scripts = [name for name in names if name.startswith("js/")]
    plain = []

    for name in scripts:
        text = (collected / names[name]).read_text()
        folder = (collected / name).parent
        for path in re.findall(r'(?:from|import)\s*\(?"(\.{1,2}/[^"]+)"', text):
            assert (folder / path).is_file()
            if not re.search(r"\.[0-9a-f]{12}\.js$", path):
                plain.append((name, path))

    assert plain == []
    assert len(scripts) > 10


def test_in_production_a_page_asks_for_the_very_files_that_its_modules_import(collected: Path) -> None:
    template = engines["django"].from_string('{% load assets %}{% module "js/kiosk.js" %}')

    tags = template.render({})

    addresses = re.findall(r'(?:href|src)="/static/([^"]+)"', tags)
    entry = (collected / addresses[0]).read_text()
    imported = re.findall(r'from "\./([^"]+)"', entry)
    assert imported
    assert {f"js/{path}" for path in imported} <= set(addresses[1:])
