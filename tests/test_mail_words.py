"""What mails say, what is refused before it is written, and which settings there can be."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relatum.core import mail
from relatum.core.config import Config, load
from relatum.core.errors import Invalid, RelatumError
from relatum.core.fields import Refused
from relatum.core.fields.text import clean
from relatum.core.mail import smtp, writing
from relatum.core.mail_server import Sender, read_sender, read_server

from .mailing import WORDS

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
#: Texts that end a header, or a mail, where they are believed.
HOSTILE = (
    "a\r\nBcc: eve@example.org", "a\nX: y", "a\rX: y", "a\x0bX: y", "a\x0cX: y", "a\x1cX: y",
    "a\x85X: y", "a\u2028X: y", "a\u2029X: y", "a\x00b", "a\ud800b", "\n.\r\nMAIL FROM:<x@y.org>",
)  # fmt: skip


def fields(refused):
    return [(problem.field, problem.code) for problem in refused.value.problems]


# -- what can't be sent ---------------------------------------------------------------------
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_gets_into_a_header_that_ends_it(instance, text):
    whom = mail.Recipient("ada@example.org", text)
    for to, words, more in (
        (whom, WORDS, {}),
        (f"{text}@example.org", WORDS, {}),
        ("ada@example.org", mail.Words(text, "x"), {}),
        ("ada@example.org", WORDS, {"reply_to": text}),
    ):
        with pytest.raises(Invalid) as refused:
            instance.write(mail.send, to, words, **more)
        [(field, code)] = fields(refused)
        assert field in ("to", "subject", "reply_to")
        assert code in ("bad_character", "not_email")
    assert instance.read(mail.list_mails) == []


def test_everything_that_is_wrong_is_named_at_once(instance):
    with pytest.raises(Invalid) as refused:
        instance.write(mail.send, ["ada", "x@y"], mail.Words("", " \n", "<p>\x00</p>"))
    assert fields(refused) == [
        ("to", "not_email"), ("to", "not_email"), ("subject", "required"), ("text", "required"),
        ("html", "bad_character"),
    ]  # fmt: skip
    with instance.configured(mail_recipients=2, mail_size=10), pytest.raises(Invalid) as refused:
        instance.write(mail.send, ["a@b.org"] * 3, mail.Words("x" * 251, "x" * 11))
    assert fields(refused) == [
        ("to", "too_many_values"), ("subject", "too_long"), ("text", "too_long")
    ]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        instance.write(mail.send, [], WORDS)
    assert fields(refused) == [("to", "required")]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=300))
def test_whatever_is_not_refused_is_one_message_with_the_headers_it_was_given(name, subject, text):
    row = SimpleNamespace(key="k", html=None, reply_to=None, created_at=NOON, address="a@b.org")
    try:
        row.name, row.subject = writing._line(name), writing._line(subject)
        row.text = clean(text, lines=True)
    except Refused:
        return
    made = smtp.message(row, Sender("crm@example.org", row.name)).as_bytes()
    head = made.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n")]
    assert names == [
        b"Message-ID", b"Date", b"From", b"To", b"Subject", b"Auto-Submitted", b"Content-Type",
        b"Content-Transfer-Encoding", b"MIME-Version",
    ]  # fmt: skip
    assert b"\r" not in made.replace(b"\r\n", b"") and b"\n" not in made.replace(b"\r\n", b"")


# -- texts in languages ---------------------------------------------------------------------
GOOD = '[hi]\nsubject = "Hi {name}"\ntext = "{name}: {count}"\nhtml = "<p>{name}</p>"\n'


def texts(folder, **files):
    for language, text in files.items():
        (folder / f"{language}.toml").write_text(text, encoding="utf-8")
    return mail.Texts(folder)


def test_a_text_is_said_in_the_language_asked_for_with_values_escaped_in_html(tmp_path):
    made = texts(tmp_path, en=GOOD, de=GOOD.replace("Hi", "Hallo"))
    values = {"name": "{x} <b>\nY", "count": 3}
    said = made.words("hi", language="de-AT", values=values)
    assert said == (
        "Hallo {x} <b> Y", "{x} <b>\nY: 3\n", "<p>{x} &lt;b&gt;\nY</p>\n", "hi"
    )  # fmt: skip
    assert made.words("hi", language="fr", values=values).subject.startswith("Hi")
    with pytest.raises(ValueError, match="takes count, name"):
        made.words("hi", values={"name": "x"})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"de": GOOD}, "no en.toml"),
        ({"en": GOOD, "de": GOOD.replace("{count}", "")}, "de.toml"),
        ({"en": GOOD, "de": ""}, "de.toml"),
        ({"en": GOOD.replace("{count}", "{count.real}")}, "in braces"),
        ({"en": GOOD.replace("{count}", "{count!r}")}, "in braces"),
        ({"en": GOOD.replace("{count}", "{0}")}, "in braces"),
        ({"en": GOOD.replace("text", "body")}, "subject and text"),
        ({"en": "[hi"}, "en.toml"),
    ],
)
def test_texts_that_do_not_fit_together_are_refused_by_the_file(tmp_path, files, said):
    with pytest.raises(ValueError, match=said):
        texts(tmp_path, **files)


# -- settings -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 25, False, None, None)),
        ("smtp://me:p%40x@h", ("h", 587, False, "me", "p@x")),
        ("smtps://[::1]", ("::1", 465, True, None, None)),
        ("smtps://a%40b:c@h:1025/", ("h", 1025, True, "a@b", "c")),
    ],
)
def test_the_address_of_a_server_is_read(text, server):
    found = read_server(text)
    assert (found.host, found.port, found.tls, found.user, found.password) == server


@pytest.mark.parametrize(
    "text", ["http://h", "smtp://", "smtp://me@h", "smtp://h:0", "smtp://h:x", "smtp://h/path",
             "smtp://qq:q#q@h", "smtp://qq:q%0d%0aQ@h", "mail.example.org"]
)  # fmt: skip
def test_an_address_that_can_not_be_a_server_is_refused_without_showing_it(text):
    with pytest.raises(ValueError, match=" ") as refused:
        read_server(text)
    assert "q" not in str(refused.value)


def test_a_sender_has_an_address_and_perhaps_a_name():
    assert read_sender('"Ünï, x" <crm@example.org>') == ("crm@example.org", "Ünï, x")
    for text in ("crm", "a@b\nBcc: c@d.org", "a@b.org>", "jörg@example.org", "a@b.org, c@d.org"):
        with pytest.raises(ValueError, match="address"):
            read_sender(text)


def test_mail_settings_are_read_at_the_start_and_no_secret_is_shown(tmp_path):
    given = {"RELATUM_SMTP_URL": "smtp://me:geheim@h", "RELATUM_MAIL_FROM": "CRM <crm@example.org>"}
    config = load(tmp_path, given)
    assert (str(config.mail_server), config.sender) == ("h:587", ("crm@example.org", "CRM"))
    assert "geheim" not in repr(config) + str(config.mail_server) + repr(config.mail_server)
    assert Config(home=tmp_path).mail_server is None


@pytest.mark.parametrize(
    ("url", "sender", "named"),
    [
        ("smtp://me:geheim@", "crm@example.org", "smtp_url"),
        ("http://me:geheim@h", "crm@example.org", "smtp_url"),
        ("smtp://me:geheim@h", "", "mail_from"),
        ("smtp://me:geheim@h", "x\nBcc: y@example.org", "mail_from"),
    ],
)
def test_mail_settings_that_can_not_be_are_refused_at_the_start_by_name(
    tmp_path, url, sender, named
):
    with pytest.raises(RelatumError) as refused:
        load(tmp_path, {"RELATUM_SMTP_URL": url, "RELATUM_MAIL_FROM": sender})
    assert (refused.value.code, refused.value.params["name"]) == ("setting_refused", named)
    assert "geheim" not in str(refused.value)
