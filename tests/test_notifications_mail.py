"""Notifications by mail: at once or once a day, in the reader's language, and what is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from relatum.core import clock, jobs, mail, privacy, records, roles
from relatum.core.actor import system
from relatum.core.errors import RelatumError
from relatum.plugins.notifications import choices, notify

from .counting import run
from .notifying import ALL, change, count, crm, office, told
from .officing import actor

__all__ = ["crm", "office"]
#: The preset of the instance.
PRESET = "bare"
#: When the daily mail is written where it is UTC.
SEVEN = datetime(2026, 3, 2, 7, 10, tzinfo=UTC)


def choose(crm, office, person, kind, *, desk=True, by="now"):
    """Let a person choose how to hear of a kind."""
    crm.write(choices.choose, {kind: {"desk": desk, "mail": by}}, actor=actor(crm, office, person))


def mails(crm):
    """Return the mails that were written, oldest first."""
    found = crm.read(mail.list_mails)
    return [crm.read(mail.get, each["id"]) for each in reversed(found)]


def job(crm, kind):
    """Run a job of a kind."""
    assert run(crm, crm.write(jobs.enqueue, kind, actor=system("job"))) == "done"


# -- at once --------------------------------------------------------------------------------
def test_who_has_chosen_mail_gets_one_at_once_with_a_link_that_is_right(crm, office):
    choose(crm, office, "sam", "change")
    change(crm, office, "nora", "sam large", amount=1)
    [sent] = mails(crm)
    assert (sent["address"], sent["subject"]) == (
        "sam@example.org",
        "sam large: nora changed Amount",
    )
    assert f"/records/x_deal/{office.deals['sam large']}" in sent["text"]
    assert (sent["record"]["type"], sent["record"]["id"]) == ("x_deal", office.deals["sam large"])
    assert count(crm, office, "sam") == 1


def test_links_in_mails_begin_with_the_address_of_the_instance(crm, office):
    choose(crm, office, "sam", "change")
    with crm.configured(base_url="https://crm.example.org/"):
        change(crm, office, "nora", "sam large", amount=1)
    [sent] = mails(crm)
    links = [line for line in sent["text"].split() if line.startswith("http")]
    assert links == [
        f"https://crm.example.org/records/x_deal/{office.deals['sam large']}",
        "https://crm.example.org/x/notifications/choices",
    ]


def test_a_mail_names_nothing_that_its_reader_does_not_see_of_the_record(crm, office):
    choose(crm, office, "cora", "mention")
    hidden = {"read": False, "update": False, "create": False}
    role = {
        "types": {"x_deal": ALL, "user": {"read": "all"}}, "permissions": ["notifications.use"],
        "fields": {"x_deal.name": hidden},
    }  # fmt: skip
    crm.write(roles.save, "nameless", role)
    crm.write(roles.hold, "user", office.people["cora"], ["nameless"])
    text = f"@[cora](user:{office.people['cora']})"
    change(crm, office, "nora", "sam large", note=text)
    [sent] = mails(crm)
    assert "sam large" not in sent["subject"] + sent["text"]
    assert sent["subject"].endswith("nora mentioned you in Note")


def test_mail_without_the_desk_leaves_no_line_there_and_none_at_all_tells_nothing(crm, office):
    choose(crm, office, "sam", "change", desk=False)
    change(crm, office, "nora", "sam large", amount=1)
    assert (len(mails(crm)), told(crm, office, "sam")) == (1, [])
    choose(crm, office, "sam", "change", desk=False, by="never")
    change(crm, office, "nora", "sam large", amount=2)
    assert (len(mails(crm)), told(crm, office, "sam")) == (1, [])


def test_a_mail_is_in_the_language_of_its_reader(crm, office):
    crm.write(records.update, "user", [{"id": office.people["sam"], "language": "de"}])
    choose(crm, office, "sam", "change")
    change(crm, office, "nora", "sam large", amount=1)
    [sent] = mails(crm)
    assert sent["subject"] == "sam large: nora hat Amount geändert"
    assert "Wie Sie wovon erfahren" in sent["text"]


def test_a_kind_that_a_person_has_not_chosen_is_not_mailed(crm, office):
    change(crm, office, "nora", "sam large", amount=1)
    assert mails(crm) == []


def test_a_choice_of_what_there_is_not_is_refused(crm, office):
    for given in ({"x": {"desk": True, "mail": "now"}}, {"change": {"desk": True, "mail": "soon"}},
                  {"change": {"desk": 1, "mail": "now"}}, {"change": {"mail": "now"}}):  # fmt: skip
        with pytest.raises(RelatumError) as refused:
            crm.write(choices.choose, given, actor=actor(crm, office, "sam"))
        assert refused.value.code == "bad_parameter"


# -- once a day -----------------------------------------------------------------------------
def test_the_daily_mail_holds_what_came_together_once_at_the_hour_of_its_reader(crm, office):
    zone = [{"id": office.people["sam"], "timezone": "America/New_York"}]
    crm.write(records.update, "user", zone)
    choose(crm, office, "sam", "change", by="daily")
    for deal in ("sam large", "sam small"):
        change(crm, office, "nora", deal, amount=1)
    with clock.frozen(SEVEN):
        job(crm, "notifications_digest")
    assert mails(crm) == []
    with clock.frozen(SEVEN + timedelta(hours=5)):
        job(crm, "notifications_digest")
        job(crm, "notifications_digest")
    [sent] = mails(crm)
    assert sent["subject"] == "2 notifications"
    assert sent["text"].count("/records/x_deal/") == 2


def test_what_one_no_longer_sees_is_not_in_the_daily_mail(crm, office):
    choose(crm, office, "sam", "change", by="daily")
    for deal in ("sam large", "sam small"):
        change(crm, office, "nora", deal, amount=1)
    row = [{"id": office.deals["sam large"], "owner": office.people["nora"]}]
    crm.write(records.update, "x_deal", row)
    crm.write(records.update, "user", [{"id": office.people["sam"], "timezone": "UTC"}])
    with clock.frozen(SEVEN):
        job(crm, "notifications_digest")
    [sent] = mails(crm)
    assert ("sam small" in sent["text"], "sam large" in sent["text"]) == (True, False)


def test_of_more_than_fit_into_a_daily_mail_there_is_another(crm, office):
    choose(crm, office, "sam", "change", by="daily")
    crm.write(records.update, "user", [{"id": office.people["sam"], "timezone": "UTC"}])
    record = ("x_deal", office.deals["sam large"])
    for _ in range(201):
        crm.write(notify, [office.people["sam"]], "More", record=record, kind="change")
    with clock.frozen(SEVEN):
        job(crm, "notifications_digest")
    assert [sent["subject"] for sent in mails(crm)] == ["200 notifications", "A notification"]


# -- what is kept ---------------------------------------------------------------------------
def test_what_is_older_than_is_set_is_forgotten(crm, office):
    change(crm, office, "nora", "sam large", amount=1)
    job(crm, "notifications_forget")
    assert count(crm, office, "sam") == 1
    with clock.frozen(clock.now() + timedelta(days=91)):
        job(crm, "notifications_forget")
    assert crm.sql("SELECT id FROM plugin__notifications__notice") == []


def test_what_a_person_was_told_is_exported_and_erased_with_his_data(crm, office):
    sam = office.people["sam"]
    choose(crm, office, "sam", "change")
    change(crm, office, "nora", "sam large", amount=1)
    record = ("user", sam)
    crm.write(notify, [office.people["nora"]], "Ask sam", record=record, kind="x", actor=crm.alice)
    document = crm.write(privacy.export, [("user", sam)])
    held = document["plugins"]["notifications"]
    assert [row["kind"] for row in held["notice"]] == ["change", "x"]
    assert [row["kind"] for row in held["choice"]] == ["change"]
    crm.write(records.update, "user", [{"id": sam, "active": False}])
    certificate = crm.write(privacy.erase, [("user", sam)])
    assert certificate["plugins"] == {"notifications": {"notice": 2, "choice": 1}}
    with crm.reading():
        assert privacy.is_genuine(certificate)
    for table in ("notice", "follow", "choice"):
        assert crm.sql(f"SELECT id FROM plugin__notifications__{table}") == [], table
