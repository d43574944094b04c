"""The timeline, the composer, ticking and my day in the desk, without scripts."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from relatum.core import auth, changes, clock, mail, query, records, roles

from .desk import FRAGMENT, Browser, at_desk
from .instances import PASSWORD, prepared
from .officing import build
from .plugged import enable

PRESET = "desk"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
WORK = {"read": "own", "create": "all", "update": "own", "delete": "own"}
NOTHING = {"read": False, "update": False, "create": False}
TYPES = ("task", "call", "meeting", "note", "meeting_attendee")


@prepared
def office(instance):
    """An office with deals, and activities."""
    made = build(instance)
    for name in ("contacts", "notifications", "activities"):
        enable(instance, name)
    return made


@pytest.fixture
def desk(instance, office):
    """Return the browser of alice, in that office."""
    with at_desk(instance) as browser:
        browser.ids = office
        yield browser


def person(desk, name, *, fields=None, **types):
    """Return the browser of somebody who works with his own activities and sees all deals."""
    lines = dict.fromkeys(TYPES, WORK) | {"x_deal": {"read": "all"}, "user": {"read": "all"}}
    more = {"fields": fields} if fields else {}
    lines = {each: line for each, line in (lines | types).items() if line}
    given = {"types": lines, "permissions": ["desk.use", "activities.use"], **more}
    desk.instance.write(roles.save, f"of_{name}", given)
    desk.instance.write(roles.hold, "user", desk.ids.people[name], [f"of_{name}"])
    secret = auth.hash_password(PASSWORD)
    desk.instance.write(auth.set_password, desk.ids.people[name], secret)
    other = Browser(desk.application)
    assert other.sign_in(email=f"{name}@example.org").status_code == 303
    other.instance, other.ids = desk.instance, desk.ids
    return other


def deal(desk, name="nora large"):
    return desk.ids.deals[name]


def address(desk, what="timeline"):
    return f"/x/activities/{what}/x_deal/{deal(desk)}"


def texts(page):
    """Return the entries of a timeline as lines of text, newest first."""
    parts = re.findall(r'<li class="act-e">(.*?)</li>', page, re.DOTALL)
    plain = [re.sub(r"<time.*?</time>|<[^>]+>", " ", part, flags=re.DOTALL) for part in parts]
    return [" ".join(html.unescape(each).split()) for each in plain]


def timeline(desk, **words):
    """Return the entries of the first page of a deal's timeline."""
    answer = desk.get(address(desk), query_string=words, headers=FRAGMENT)
    assert answer.status_code == 200
    return texts(answer.text)


def found(desk, type_name, **asked):
    """Return records."""
    return desk.instance.read(
        lambda *, actor: query.page(query.from_json(type_name, asked, actor=actor)).records
    )


def make(desk, type_name, *, by=None, **values):
    """Make an activity about a deal; `by` is who owns it."""
    owner = {"owner": desk.ids.people[by]} if by else {}
    [made] = desk.instance.create(type_name, {"regarding": deal(desk), **owner, **values})
    return made


# -- the timeline ---------------------------------------------------------------------------------
def test_a_timeline_merges_activities_changes_and_mail_by_time(desk):
    with clock.frozen(NOON):
        make(desk, "note", text="Prefers mail")
    with clock.frozen(NOON + timedelta(hours=1)):
        make(desk, "call", subject="Asked for the price", outcome="reached", duration=125)
    with clock.frozen(NOON + timedelta(hours=2)):
        desk.instance.write(records.update, "x_deal", [{"id": deal(desk), "amount": 901}])
    with clock.frozen(NOON + timedelta(hours=3)):
        words = mail.Words("Your offer", "Secret text")
        desk.instance.write(mail.send, "buyer@example.com", words, record=("x_deal", deal(desk)))
    with clock.frozen(NOON + timedelta(hours=4)):
        make(desk, "task", subject="Send it", status="completed")
        make(desk, "task", subject="Still open")
    assert timeline(desk)[1:] == [
        "Alice completed a task Send it",
        "Alice sent a mail Your offer",
        "Alice changed it Amount 900 901",
        "Alice logged a call Reached 3 min Asked for the price",
        "Alice wrote a note Prefers mail",
    ]


def test_pages_of_a_timeline_hold_each_entry_once_though_all_are_of_one_instant(desk):
    with clock.frozen(NOON):
        rows = [{"regarding": deal(desk), "text": f"Note {n}"} for n in range(20)]
        desk.instance.create("note", *rows)
        rows = [{"regarding": deal(desk), "subject": f"Call {n}"} for n in range(20)]
        desk.instance.create("call", *rows)
    seen, to = [], address(desk)
    while to:
        page = desk.get(to, headers=FRAGMENT).text
        seen += texts(page)
        older = re.search(r'hx-get="([^"]*_before[^"]*)"', page)
        to = html.unescape(older[1]) if older else ""
    said = [line for line in seen if "Note " in line or "Call " in line]
    assert len(said) == len(set(said)) == 40


def test_a_reader_chooses_kinds_and_what_is_internal(desk):
    make(desk, "note", text="A note")
    make(desk, "call", subject="A call")
    assert timeline(desk, _kind="call") == ["Alice logged a call A call"]
    assert timeline(desk, _kind="stage") == []
    internal = timeline(desk, _internal="1")
    assert [line for line in internal if "call" in line] == []
    assert [line for line in internal if "note" in line] == ["Alice wrote a note A note"]
    wrong = desk.get(address(desk), query_string={"_kind": "gossip"}, headers=FRAGMENT)
    assert wrong.status_code == 400


def test_a_place_that_is_none_is_refused(desk):
    for cursor in ("x", "1.note", "1.note.x", "1.gossip note.1", "1.note.99999999999999999"):
        answer = desk.get(address(desk), query_string={"_before": cursor}, headers=FRAGMENT)
        assert answer.status_code == 400


def test_moves_of_a_stage_can_be_seen_alone(desk):
    options = [{"value": "new", "category": "open"}, {"value": "won", "category": "won"}]
    desk.instance.apply(
        {"op": "add_field", "type": "x_deal", "name": "stage", "kind": "choice",
         "label": "Stage", "options": options}
    )  # fmt: skip
    for values in ({"stage": "new"}, {"stage": "won", "amount": 7}, {"amount": 8}):
        desk.instance.write(records.update, "x_deal", [{"id": deal(desk), **values}])
    moves = timeline(desk, _kind="stage")
    assert len(moves) == 2
    assert all("moved it Stage" in line and "amount" not in line for line in moves)


def test_records_one_step_away_are_shown_if_the_reader_wants_them(desk):
    make(desk, "note", text="About the deal")
    firm = desk.instance.get("x_deal", deal(desk))["firm"]
    to = f"/x/activities/timeline/x_firm/{firm}"
    alone = texts(desk.get(to, headers=FRAGMENT).text)
    assert [line for line in alone if "About the deal" in line] == []
    near = texts(desk.get(to, query_string={"_near": "1"}, headers=FRAGMENT).text)
    assert "Alice wrote a note nora large About the deal" in near


def test_the_page_of_every_record_has_a_timeline_and_a_composer(desk):
    for to in (f"/records/x_deal/{deal(desk)}", f"/records/user/{desk.instance.alice.user_id}"):
        page = desk.get(to).text
        assert 'id="activities"' in page
        assert 'name="kind" value="meeting"' in page


def test_a_fragment_asked_for_as_a_page_leads_to_the_record(desk):
    answer = desk.get(f"{address(desk)}?_kind=call")
    assert answer.status_code == 303
    assert answer.location == f"/records/x_deal/{deal(desk)}?_kind=call#activities"


# -- rights ---------------------------------------------------------------------------------------
def test_who_sees_the_record_sees_of_its_activities_his_own_alone(desk):
    make(desk, "note", text="Mine", by="sam")
    make(desk, "note", text="Hers", by="nora")
    sam = person(desk, "sam")
    lines = timeline(sam)
    assert [line for line in lines if "Hers" in line] == []
    assert [line for line in lines if "Mine" in line] == ["Alice wrote a note Mine"]


def test_activities_of_types_and_fields_that_one_does_not_see_leave_no_trace(desk):
    make(desk, "note", text="Note of sam", by="sam")
    make(desk, "call", subject="Call of sam", notes="hush", by="sam")
    desk.instance.write(records.update, "x_deal", [{"id": deal(desk), "secret": "hush hush"}])
    sam = person(
        desk, "sam", note=None,
        fields={"x_deal.secret": NOTHING, "call.notes": NOTHING},
    )  # fmt: skip
    page = sam.get(address(sam), headers=FRAGMENT).text
    assert "hush" not in page
    lines = texts(page)
    assert [line for line in lines if "note" in line or "changed it" in line] == []
    assert "sam logged a call Call of sam" in lines


def test_the_timeline_of_a_hidden_record_is_not_there(desk):
    sam = person(desk, "sam", x_deal={"read": "own"})
    for to in (address(sam), address(sam, "on")):
        assert sam.get(to, headers=FRAGMENT).status_code == 404
    answer = sam.post(address(sam, "on"), data={"kind": "note", "text": "x"}, headers=FRAGMENT)
    assert answer.status_code == 404
    assert found(desk, "note") == []


def test_mail_to_users_and_with_secrets_is_not_told_and_what_mail_says_neither(desk):
    about = {"record": ("x_deal", deal(desk))}
    for to, subject, more in (
        ("nora@example.org", "To a colleague", {}),
        ("out@example.com", "With a key", {"secret": True}),
        ("out@example.com", "To a customer", {}),
    ):
        words = mail.Words(subject, "the text of it")
        desk.instance.write(mail.send, to, words, **about, **more)
    page = desk.get(address(desk), query_string={"_kind": "mail"}, headers=FRAGMENT).text
    assert texts(page) == ["Alice sent a mail To a customer"]
    assert "the text of it" not in page
    assert "out@example.com" not in page


def test_nobody_completes_a_task_that_is_not_his_to_change(desk):
    task = make(desk, "task", subject="Hers", by="nora")
    sam = person(desk, "sam")
    assert sam.post(f"/x/activities/task/{task}/done", data={"done": "1"}).status_code == 404
    assert desk.instance.get("task", task)["status"] == "not_started"


def test_without_the_permission_there_is_neither_timeline_nor_day(desk):
    sam = person(desk, "sam")
    given = {"types": {"x_deal": {"read": "all"}}, "permissions": ["desk.use"]}
    desk.instance.write(roles.save, "of_sam", given)
    assert sam.get("/x/activities/").status_code == 403
    assert 'id="activities"' not in sam.get(f"/records/x_deal/{deal(sam)}").text


# -- the composer ---------------------------------------------------------------------------------
def test_a_note_is_written_beside_the_record_and_can_be_taken_back(desk):
    sent = {"kind": "note", "text": "Prefers <b>mail</b>", "pinned": "1"}
    answer = desk.post(address(desk, "on"), data=sent, headers=FRAGMENT)
    assert answer.status_code == 200
    assert "Prefers &lt;b&gt;mail&lt;/b&gt;" in answer.text
    [note] = found(desk, "note")
    assert (note["regarding"], note["pinned"]) == (deal(desk), True)
    [undo] = re.findall(r"/changes/\d+/undo", answer.headers["HX-Trigger"])
    assert desk.post(undo).status_code == 303
    assert found(desk, "note") == []


def test_a_call_and_its_next_step_are_saved_together(desk):
    sent = {
        "kind": "call", "text": "Wants it cheaper\nand sooner", "minutes": "12",
        "outcome": "reached", "direction": "incoming", "next_subject": "Send a new offer",
        "next_date": "2026-03-09",
    }  # fmt: skip
    answer = desk.post(address(desk, "on"), data=sent)
    assert (answer.status_code, answer.location) == (
        303, f"/records/x_deal/{deal(desk)}#activities",
    )  # fmt: skip
    [call], [task] = found(desk, "call"), found(desk, "task")
    assert (call["subject"], call["duration"], call["direction"]) == (
        "Wants it cheaper", 720, "incoming",
    )  # fmt: skip
    assert (task["subject"], task["due_date"].isoformat(), task["regarding"]) == (
        "Send a new offer", "2026-03-09", deal(desk),
    )  # fmt: skip
    with desk.instance.reading():
        both = [
            records.history(name, row["id"], actor=desk.instance.alice)[0]["change_set"]
            for name, row in (("call", call), ("task", task))
        ]
        assert both[0] == both[1]
        assert changes.counts(both[:1])[both[0]]


def test_a_refused_next_step_saves_no_call(desk):
    sent = {"kind": "call", "text": "Talked", "next_subject": "Call", "next_date": "soon"}
    answer = desk.post(address(desk, "on"), data=sent, headers=FRAGMENT)
    assert answer.status_code == 422
    assert 'value="Call"' in answer.text  # what was typed is still there
    assert found(desk, "call") == []


def test_a_task_repeats_and_a_meeting_is_by_the_clocks_of_who_plans_it(desk):
    alice = desk.instance.alice.user_id
    desk.instance.write(records.update, "user", [{"id": alice, "timezone": "Europe/Berlin"}])
    task = {"kind": "task", "subject": "Report", "due_date": "2026-03-06", "repeat": "WEEKLY"}
    desk.post(address(desk, "on"), data=task)
    assert found(desk, "task")[0]["recurrence"] == "FREQ=WEEKLY"
    meeting = {"kind": "meeting", "subject": "Visit", "starts": "2026-07-01T10:00", "lasts": "90"}
    desk.post(address(desk, "on"), data=meeting)
    [made] = found(desk, "meeting")
    assert made["starts_at"] == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert made["ends_at"] == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    [attendee] = found(desk, "meeting_attendee")
    assert (attendee["user"], attendee["answer"]) == (alice, "accepted")


def test_a_call_beside_a_person_is_with_that_person(desk):
    [contact] = desk.instance.create("contact", {"name": {"last": "Averill"}})
    to = f"/x/activities/on/contact/{contact}"
    desk.post(to, data={"kind": "call", "text": "Talked"})
    assert found(desk, "call")[0]["contact"] == contact


# -- done in place, and my day --------------------------------------------------------------------
def test_a_task_is_ticked_in_place_and_opened_again(desk):
    task = make(desk, "task", subject="Call back")
    to = f"/x/activities/task/{task}/done"
    answer = desk.post(to, data={"done": "1"}, headers=FRAGMENT)
    assert 'aria-pressed="true"' in answer.text
    assert "/undo" in answer.headers["HX-Trigger"]
    assert desk.instance.get("task", task)["status"] == "completed"
    answer = desk.post(to, data={"done": "0", "back": "//evil.example"})
    assert answer.location == "/x/activities/"
    assert desk.instance.get("task", task)["status"] == "not_started"


def test_lists_of_tasks_have_a_box_for_each(desk):
    task = make(desk, "task", subject="Call back")
    assert f'id="tick-{task}"' in desk.get("/records/task").text


def test_my_day_holds_what_is_late_due_and_coming_by_the_zone_of_the_reader(desk):
    alice = desk.instance.alice.user_id
    desk.instance.write(records.update, "user", [{"id": alice, "timezone": "Pacific/Auckland"}])
    late_evening = datetime(2026, 3, 4, 20, tzinfo=UTC)  # the fifth of March there
    for day in ("2026-03-04", "2026-03-05", "2026-03-06", "2026-03-20"):
        make(desk, "task", subject=f"Due {day}", due_date=day)
    make(desk, "task", subject="Of nora", due_date="2026-03-05", by="nora")
    make(desk, "task", subject="Over", due_date="2026-03-05", status="completed")
    make(desk, "meeting", subject="Breakfast", starts_at="2026-03-04T19:00:00Z")
    make(desk, "meeting", subject="Yesterday", starts_at="2026-03-04T08:00:00Z")
    make(desk, "meeting", subject="Off", starts_at="2026-03-04T21:00:00Z", status="canceled")
    asked = {"attendees": [{"user": alice}], "starts_at": "2026-03-05T01:00:00Z"}
    make(desk, "meeting", subject="As a guest", by="nora", **asked)
    with clock.frozen(late_evening):
        page = desk.get("/x/activities/").text
    body = page[page.index("act-day-b") :]
    shown = re.findall(r'class="link" href="/records/(?:task|meeting)/\d+">([^<]+)<', body)
    assert shown == [
        "Breakfast", "As a guest", "Due 2026-03-04", "Due 2026-03-05", "Due 2026-03-06",
    ]  # fmt: skip


def test_many_tasks_are_completed_and_handed_over_at_once_by_the_list(desk):
    tasks = [make(desk, "task", subject=f"Task {n}") for n in range(3)]
    ids = ",".join(map(str, tasks))
    page = desk.get("/records/task/bulk", query_string={"ids": ids}).text
    assert 'value="set:status"' in page
    assert 'value="set:owner"' in page
