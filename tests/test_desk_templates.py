"""The rules of templates: htmx 4, a strict content security policy, and what people need."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

from .sources import ROOT

PAGES = sorted((ROOT / "plugins").rglob("templates/**/*.html"))
#: What runs text as code, or is gone from htmx 4.
FORBIDDEN = {
    r"^on\w": "no handler stands in a page: the policy stops it; listen in a script",
    r"^hx-on": "it runs text as code, which the policy stops",
    r"^hx-boost$": "each navigation loads a page",
    r"^hx-(ext|vars|params|disabled-elt|disinherit|history)$": "htmx 4 knows it no more",
    r"^srcdoc$": "a page within a page brings scripts past the policy",
}
#: Components that stand on any page, and so in elements that hand on nothing.
SHARED = ("ui.html", "values.html", "layout.html")
VERBS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")
#: Elements that never hold any.
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_CODE = re.compile(r"{#.*?#}|{%.*?%}", re.DOTALL)
_VALUE = re.compile(r"{{.*?}}", re.DOTALL)
#: What stands for a value while tags are read.
VALUE = "•"


class Tag(NamedTuple):
    """A start tag of a template: its name, attributes, and where it stands."""

    name: str
    attributes: dict[str, str]
    place: str

    def wrong(self, what: str) -> str:
        """Return a sentence on what is wrong with it."""
        return f"{self.place} <{self.name}>: {what}"


class _Tags(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path.relative_to(ROOT)
        self.found: list[Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.found.append(Tag(tag, given, f"{self.path}:{self.getpos()[0]}"))


def plain(text: str) -> str:
    """Return a template as HTML: without code, values as one sign, lines where they were."""

    def lines(found: re.Match[str]) -> str:
        return "\n" * found[0].count("\n")

    return _VALUE.sub(lambda found: VALUE + lines(found), _CODE.sub(lines, text))


@cache
def tags(path: Path) -> list[Tag]:
    """Return the start tags of a template."""
    parser = _Tags(path)
    parser.feed(plain(path.read_text(encoding="utf-8")))
    return parser.found


def every() -> list[Tag]:
    """Return the start tags of all templates."""
    return [tag for path in PAGES for tag in tags(path)]


def dynamic(tag: Tag) -> bool:
    """Say whether a tag gets attributes that only its page knows."""
    return any(VALUE in name for name in tag.attributes)


# -- the policy and htmx 4 -----------------------------------------------------------------------
def test_nothing_in_a_page_runs_as_code() -> None:
    wrong = [
        tag.wrong(f"{name}: {why}")
        for tag in every()
        for name in tag.attributes
        for pattern, why in FORBIDDEN.items()
        if re.search(pattern, name)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_value_of_an_attribute_is_code() -> None:
    wrong = [
        tag.wrong(f"{name} runs text as code")
        for tag in every()
        for name, value in tag.attributes.items()
        if re.match(r"\s*(js|javascript):", value, re.IGNORECASE)
        or (name == "hx-trigger" and "[" in value)
    ]
    assert not wrong, "\n".join(wrong)


def test_scripts_and_styles_are_files() -> None:
    wrong = [
        tag.wrong("it stands in the page; the policy takes files alone")
        for tag in every()
        if tag.name == "style"
        or (
            tag.name == "script"
            and "src" not in tag.attributes
            and tag.attributes.get("type") != "application/json"
        )
    ]
    assert not wrong, "\n".join(wrong)


def test_what_asks_by_htmx_says_where_the_answer_goes() -> None:
    # Nothing is inherited in htmx 4, unless the element around it says so.
    given = inheriting()
    wrong = [
        tag.wrong("it has no hx-target; htmx 4 inherits none")
        for path in PAGES
        for tag in tags(path)
        if path not in given
        and any(verb in tag.attributes for verb in VERBS)
        and "hx-target" not in tag.attributes
        and not dynamic(tag)
    ]
    assert not wrong, "\n".join(wrong)


def inheriting() -> set[Path]:
    """Return the templates that hand on a target, and those that they take in."""
    texts = {path: path.read_text(encoding="utf-8") for path in PAGES}
    found = {path for path, text in texts.items() if "hx-target:inherited" in text}
    while True:
        named = {n for path in found for n in re.findall(r'"\w+/([\w.]+\.html)"', texts[path])}
        more = {path for path in PAGES if path.name in named and path.name not in SHARED}
        if more <= found:
            return found
        found |= more


def test_what_asks_by_htmx_works_without_it_too() -> None:
    wrong = [
        tag.wrong(f"{plain_} is missing or differs from {verb}")
        for tag in every()
        for verb, plain_ in (("hx-get", "href"), ("hx-post", "action"))
        if verb in tag.attributes
        and (tag.name == "a" or (tag.name == "form" and verb == "hx-post"))
        and not tag.attributes.get(plain_)
    ]
    assert not wrong, "\n".join(wrong)


# -- forms and controls --------------------------------------------------------------------------
def test_a_form_gets_or_posts_and_nothing_else() -> None:
    wrong = [
        tag.wrong(f"method {tag.attributes['method']}")
        for tag in every()
        if tag.name == "form"
        and tag.attributes.get("method", "get") not in ("get", "post", "dialog")
    ]
    assert not wrong, "\n".join(wrong)


def test_a_button_says_what_it_is() -> None:
    wrong = [
        tag.wrong("it has no type, so it would send the form that it is in")
        for tag in every()
        if tag.name == "button" and "type" not in tag.attributes
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_takes_the_focus_away_from_the_order_of_the_page() -> None:
    wrong = [
        tag.wrong(f"tabindex {tag.attributes['tabindex']}")
        for tag in every()
        if tag.attributes.get("tabindex", "0") not in ("0", "-1", VALUE)
    ]
    assert not wrong, "\n".join(wrong)


# -- pages ---------------------------------------------------------------------------------------
def test_an_image_says_what_it_shows_or_that_it_is_decoration() -> None:
    wrong = [t.wrong("no alt") for t in every() if t.name == "img" and "alt" not in t.attributes]
    assert not wrong, "\n".join(wrong)


def test_an_id_stands_once_in_a_page() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: id {name} stands {count} times"
        for path in PAGES
        for name, count in ids(path.read_text(encoding="utf-8")).items()
        if count > 1
    ]
    assert not wrong, "\n".join(wrong)


def ids(text: str) -> Counter[str]:
    """Return how often each id stands in a page at most: of branches a page has but one."""
    before: list[tuple[Counter[str], Counter[str]]] = []
    here: Counter[str] = Counter()
    for word, name in re.findall(r"{%-? *(if|elif|else|endif)\b|(?<![-\w])id=\"([\w-]+)\"", text):
        if word == "if":
            before.append((here, Counter()))
            here = Counter()
        elif word and before:
            outside, most = before.pop()
            most |= here
            here = Counter()
            if word == "endif":
                here = outside + most
            else:
                before.append((outside, most))
        elif name:
            here[name] += 1
    return here


def test_what_opens_elsewhere_does_not_hand_over_this_page() -> None:
    wrong = [
        tag.wrong("it needs rel=noopener")
        for tag in every()
        if tag.attributes.get("target") == "_blank"
        and "noopener" not in tag.attributes.get("rel", "")
    ]
    assert not wrong, "\n".join(wrong)


def test_a_page_loads_nothing_from_elsewhere() -> None:
    wrong = [
        tag.wrong(f"{name}={value}")
        for tag in every()
        for name, value in tag.attributes.items()
        if name in ("src", "action", "formaction") or (name == "href" and tag.name == "link")
        if re.match(r"(https?:)?//", value)
    ]
    assert not wrong, "\n".join(wrong)


def test_a_page_escapes_what_it_shows() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number} {found}"
        for path in PAGES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        # A closing tag that depends on the opening one is a text of the template itself.
        for found in re.findall(r"{%-?\s*autoescape[^%]*|[^{}]*\|\s*safe\b", line)
        if not re.search(r"\"</\w+>\"\s*\|\s*safe$", found)
    ]
    assert not wrong, "\n".join(wrong)


# -- the lint itself -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<button onclick="x()">', "onclick"),
        ('<p hx-on:click="x()">', "hx-on:click"),
        ("<a {% if x %}hx-boost{% endif %}>", "hx-boost"),
    ],
)
def test_the_lint_sees_through_the_code_of_a_template(text, name, tmp_path) -> None:
    parser = _Tags(ROOT / "plugins")
    parser.feed(plain(text))
    [tag] = parser.found
    assert name in tag.attributes
    assert any(re.search(pattern, name) for pattern in FORBIDDEN)
