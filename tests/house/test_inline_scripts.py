"""The content security policy runs no inline script: there is none in our templates, and no page allows one."""

import re
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(one for one in ROOT.rglob("templates/**/*.html") if not {".venv", ".venv-bench"} & {*one.parts})

#: A script that is no file, or a handler in an attribute. Alpine's `x-on:` and `@click` are expressions, not handlers.
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*\bnonce=)(?![^>]*type=\"application/json\")|\son[a-z]+\s*=\s*[\"']|javascript:",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "text",
    ["<script>run()</script>", '<p onclick="run()">', "<a href='javascript:run()'>", '<body\n onload = "run()">'],
)
def test_the_search_finds_what_it_looks_for(text: str) -> None:
    assert INLINE.search(text)


def test_no_template_of_ours_has_an_inline_script() -> None:
    assert len(TEMPLATES) > 20
    found = {
        str(path.relative_to(ROOT)): [one.group() for one in INLINE.finditer(path.read_text())] for path in TEMPLATES
    }
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/admin/login/", "/admin/", "/admin/enrol/", "/admin/logout/", "/admin/nothing/"])
def test_pages_before_the_sign_in_have_the_policy_of_the_admin(address: str) -> None:
    policy = Client().get(address)["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["script-src"] == "'self' 'unsafe-eval'"
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["form-action"] == "'self'"
    assert rules["img-src"] == "'self' data:"


@pytest.mark.django_db
def test_the_page_of_the_locked_has_it_too() -> None:
    client = Client()
    told = {"username": "nobody", "password": "wrong"}
    answers = [client.post("/admin/login/", told) for _ in range(5)]
    assert answers[-1].status_code == 429
    assert answers[-1]["Content-Security-Policy"] == answers[0]["Content-Security-Policy"]
    assert "'unsafe-inline'" not in answers[-1]["Content-Security-Policy"].split("style-src")[0]
    assert not INLINE.search(answers[-1].content.decode())
