"""What each rule of `relatum plugins check` refuses, and what it lets pass."""

from __future__ import annotations

from typing import Any

#: The lines of a plugin before those of a snippet; the place is for more words of Plugin(...).
HEAD = """from relatum import Plugin, hookimpl
plugin = Plugin(id="loyalty", name="Loyalty", version="1.0.0", license="MIT"{more})
"""
MANIFEST = (
    '{"manifest": 1, "id": "loyalty", "name": "%s", "version": "1.0.0", "license": "MIT",'
    ' "provides": {"types": ["%s"]}}'
)
PROJECT = """[project]
name = "relatum-loyalty"
version = "{version}"
license = "{license}"
dependencies = [{requires}]
[project.entry-points."relatum.plugins"]
{id} = "relatum_loyalty"
"""
_VIEW = "from flask import Blueprint\nfrom relatum import requires\np = Blueprint('p', __name__)\n"
_MARKUP = "from markupsafe import Markup\n"
_WRITE = "@hookimpl\ndef relatum_before_write(batch, ctx):\n"


def project(**changed: str) -> str:
    """Return a pyproject.toml that fits the plugin, with some words of it changed."""
    words = {"version": "1.0.0", "license": "MIT", "requires": '"relatum>=0.1"', "id": "loyalty"}
    return PROJECT.format(**{**words, **changed})


def packed(manifest: str = MANIFEST % ("Loyalty", "loyalty_card"), **more: str) -> dict[str, str]:
    """Return the files of a project that is as it should be, or not."""
    own = {"pyproject.toml": project(), "relatum_loyalty/plugin.json": manifest}
    return {**own, "relatum_loyalty/__init__.py": HEAD.format(more=""), **more}


def template(text: str, name: str = "panel.html") -> dict[str, str]:
    """Return the files of a plugin with a template."""
    return {"loyalty/__init__.py": HEAD.format(more=""), f"loyalty/templates/loyalty/{name}": text}


def saying(words: str, code: str = "") -> dict[str, str]:
    """Return a plugin of one file that says more of itself."""
    return {"loyalty.py": HEAD.format(more=f", {words}") + code}


#: By rule: what it finds something in, and what it does not. A text follows the head of a plugin
#: of one file; a dict has all files.
SNIPPETS: dict[str, tuple[list[Any], list[Any]]] = {
    "RLT001": (
        ["def (:", {"loyalty.py": "from relatum import Plugin"},
         {"loyalty.py": "from relatum import Plugin\nplugin = Plugin(id='loyalty', name=1 + 1)"}],
        ["x = 1"],
    ),
    "RLT002": (
        [{k: v for k, v in packed().items() if not k.endswith(".json")}],
        [packed(), "x = 1"],
    ),
    "RLT003": (
        [packed(MANIFEST % ("Other", "loyalty_card")), packed("{}"), packed("{")],
        [packed()],
    ),
    "RLT004": (
        [{"loyalty.py": "from relatum import Plugin\nplugin = Plugin(id='core', name='C',"
          " version='1')"},
         {"other.py": HEAD.format(more="")},
         packed(MANIFEST % ("Loyalty", "card"))],
        [packed(), "x = 1"],
    ),
    "RLT005": (
        [packed(**{"pyproject.toml": project(version="1.0.1")}),
         packed(**{"pyproject.toml": project(license="GPL-3.0")}),
         packed(**{"pyproject.toml": project(id="other")}),
         packed(**{"pyproject.toml": project(requires="")})],
        [packed(), packed(**{"pyproject.toml": project(version="1.0")})],
    ),
    "RLT006": (
        [packed(**{"pyproject.toml": project(requires='"relatum", "httpx==0.27.0"')})],
        [packed(**{"pyproject.toml": project(requires='"relatum>=0.1,<1", "httpx==0.27.*"')})],
    ),
    "RLT007": ([packed()], [packed(**{"relatum_loyalty/help.md": "# Loyalty"}), "x = 1"]),
    "RLT011": (
        ["@hookimpl(tryfirst=True)\ndef relatum_before_write(batch): ...",
         "import relatum\n@relatum.hookimpl(wrapper=True)\ndef relatum_before_write(batch): yield"],
        ["@hookimpl(only={'types': ['contact']})\ndef relatum_before_write(batch): ..."],
    ),
    "RLT012": (
        ["@hookimpl\ndef relatum_before_write(rows): ...",
         "@hookimpl\ndef relatum_before_write(batch, ctx=None): ...",
         "@hookimpl\ndef relatum_after_commit(*args): ..."],
        ["@hookimpl\ndef relatum_before_write(batch, ctx): ...",
         "@hookimpl\ndef relatum_declare(): return {}"],
    ),
    "RLT013": (
        ["@hookimpl\ndef relatum_befor_write(batch): ...", "def relatum_declare(): return {}"],
        ["@hookimpl\ndef desk_slots(): return []",
         "@hookimpl(optionalhook=True)\ndef points_earned(points): ...",
         saying("requires={'points': ''}", "@hookimpl\ndef points_earned(points): ...")],
    ),
    "RLT014": (
        ["from relatum import records\n" + _WRITE +
         "    for place in range(len(batch)):\n"
         "        records.get('contact', batch.value(place, 'contact'), actor=ctx.actor)",
         "from relatum import query\ndef look(value):\n    return query.page(value).records\n"
         + _WRITE + "    found = [look(v) for v in batch.column('name')]",
         "from relatum import records\ndef follow(rows: 'WriteBatch', actor):\n"
         "    ids = rows.column('contact')\n"
         "    for id_ in ids:\n        records.update('contact', [{'id': id_}], actor=actor)",
         _WRITE + "    ledger = ctx.table('ledger')\n    for card in batch.column('card'):\n"
         "        ledger.insert([{'card': card}])"],
        ["from relatum import query, records\n" + _WRITE +
         "    found = query.page(batch.column('name'))\n"
         "    records.update('contact', [{'id': i} for i in batch.column('contact')])",
         _WRITE + "    ctx.table('ledger').insert([{'card': c} for c in batch.column('card')])",
         "from relatum import records\ndef command(names):\n"
         "    for name in names:\n        records.create('contact', [name])"],
    ),
    "RLT015": (
        ["seen = []\n@hookimpl\ndef relatum_after_commit(changes): seen.append(changes)",
         "count = 0\ndef note():\n    global count\n    count += 1\n"
         "@hookimpl\ndef relatum_after_commit(changes): note()"],
        ["LABELS = {'a': 'A'}\n@hookimpl\ndef relatum_after_commit(changes):\n"
         "    seen = []\n    seen.append(LABELS['a'])",
         "known = {}\ndef command(name): known[name] = 1"],
    ),
    "RLT016": (
        ["import sqlalchemy as sa\ndef f(c): c.execute(sa.text('DELETE FROM contact'))",
         "def f(connection): connection.execute(f'SELECT {1}')",
         "def f(db): db.create_all()", "import sqlite3\ndef f(): sqlite3.connect('x')"],
        ["import sqlalchemy as sa\ndef f(c, table): c.execute(sa.select(table))",
         "def f(command): command.execute()"],
    ),
    "RLT017": (
        ["def f(db): db.session.commit()", "def f(ctx): ctx.connection.rollback()"],
        ["def f(repository): repository.commit()",
         "from relatum import transact\ndef f(work): transact(work)"],
    ),
    "RLT018": (
        [{"loyalty/__init__.py": HEAD.format(more=""),
          "loyalty/migrations/0001_ledger.py": "def upgrade(op): op.create_table('x')"},
         {"loyalty/__init__.py": HEAD.format(more=""),
          "loyalty/migrations/0001_ledger.py":
          "def upgrade(op): op.create_table('x')\ndef downgrade(op):\n    '''Later.'''\n    pass"}],
        [{"loyalty/__init__.py": HEAD.format(more=""),
          "loyalty/migrations/0001_ledger.py":
          "def upgrade(op): op.create_table('x')\ndef downgrade(op): op.drop_table('x')",
          "loyalty/migrations/0002_data.py": "def upgrade(op): pass\ndef downgrade(op): pass"},
         "def upgrade(op): op.create_table('x')"],
    ),
    "RLT019": (
        ["F = [{'name': 'email', 'kind': 'email'}]", "F = {'name': 'birthday', 'kind': 'date'}"],
        ["F = [{'name': 'email', 'kind': 'email', 'personal': True}]",
         "F = {'name': 'email', 'kind': 'email', 'personal': False}",
         "F = {'name': 'email', 'label': 'not a field'}"],
    ),
    "RLT020": (
        [_VIEW + "@p.get('/hello')\ndef hello(): return ''"],
        [_VIEW + "@p.get('/hello')\n@requires('loyalty.see')\ndef hello(): return ''",
         "import cache\n@cache.get('key')\ndef hello(): return ''"],
    ),
    "RLT021": (
        [_VIEW + "@p.post('/hello')\n@requires(public=True)\ndef hello(): return ''",
         _VIEW + "@p.route('/a', methods=['GET', 'PUT'])\n@requires(public=True)\ndef a(): ..."],
        [_VIEW + "@p.get('/hello')\n@requires(public=True)\ndef hello(): return ''",
         _VIEW + "@p.post('/hello')\n@requires('loyalty.see')\ndef hello(): return ''",
         saying("shell=True", _VIEW + "@p.post('/in')\n@requires(public=True)\ndef i(): ...")],
    ),
    "RLT022": (
        [_MARKUP + "def f(name): return Markup(f'<b>{name}</b>')",
         _MARKUP + "def f(name): return Markup('<b>{}</b>'.format(name))",
         _MARKUP + "def f(name): return Markup('<b>%s</b>' % name)",
         _MARKUP + "def f(name):\n    text = '<b>' + name\n    return Markup(text)",
         _VIEW + "@p.get('/a')\n@requires('loyalty.see')\ndef a(name): return f'<b>{name}</b>'",
         "import flask\ndef f(name): return flask.render_template_string(f'<b>{name}</b>')"],
        [_MARKUP + "def f(name): return Markup('<b>{}</b>').format(name)",
         _MARKUP + "from flask import render_template\n"
         "def f(name): return Markup(render_template('loyalty/panel.html', name=name))",
         _VIEW + "@p.get('/a')\n@requires('loyalty.see')\ndef a(name): return f'No {name}.'",
         _MARKUP + "def f(): return Markup('<b>' '</b>')"],
    ),
    "RLT023": (
        [template("<b>{{ name|safe }}</b>"),
         template("{% autoescape false %}{{ name }}{% endautoescape %}"),
         template("<b>{{ name }}</b>", "panel.jinja"), template("{% if %}")],
        [template('<b>{{ name }}{{ "</b>"|safe }}'), template("{{ name }}", "mail.txt"),
         template("{% autoescape true %}{{ name }}{% endautoescape %}")],
    ),
    "RLT025": (
        ["from relatum.core import db", "import relatum.schemas", "from relatum import unknown",
         "from relatum.plugins.desk import Slot",
         saying("requires={'desk': ''}", "from relatum.plugins.desk.pages import lists"),
         "import importlib\nc = importlib.import_module('relatum.core.db')"],
        ["from relatum import records", "from relatum.testing import Instance",
         saying("requires={'desk': ''}", "from relatum.plugins.desk import Slot"),
         "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from relatum.core import db"],
    ),
    "RLT026": (
        ["file = open('x')", "import os\nos.environ['A'] = 'b'",
         "from pathlib import Path\nPath('x').write_text('')",
         "import threading\nthreading.Thread(target=print).start()",
         "class A:\n    import subprocess\n    made = subprocess.run(['ls'])"],
        ["def f(): return open('x')", "from pathlib import Path\nT = Path(__file__).read_text()",
         "import os\nHERE = os.environ.get('HERE')",
         "if __name__ == '__main__':\n    open('x')"],
    ),
    "RLT028": (
        [{"loyalty/__init__.py": HEAD.format(more=""), "loyalty/migrations/0001_a.py": "x = 1"},
         "import httpx", "import subprocess", "def f(p): p.open('w')",
         "import shutil\ndef f(): shutil.rmtree('x')",
         _VIEW + "@p.get('/hello')\n@requires(public=True)\ndef hello(): return ''"],
        [saying("capabilities=['network']", "import httpx"), "from urllib.parse import quote",
         "def f(p): p.open('rb')", "from relatum import identities\ndef f(): identities.unlink()",
         "import tempfile\ndef f(): return tempfile.TemporaryFile()"],
    ),
    "RLT029": (
        [saying("capabilities=['network']"), saying("capabilities=['tables']")],
        [saying("capabilities=['network']", "import stripe"),
         saying("capabilities=['processes']", "import subprocess"),
         saying("capabilities=['secrets']")],
    ),
}  # fmt: skip
