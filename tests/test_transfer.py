"""Imports as jobs: what goes in, what is refused and kept, and that nothing goes in twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from relatum.core import catalog, clock, imports, jobs, records, uploads
from relatum.core.errors import RelatumError
from relatum.core.jobs import running
from relatum.plugins.transfer import reading, rejects
from relatum.plugins.transfer.proposing import propose

from .counting import run
from .instances import prepared
from .transferring import begin, bring, counts, send

#: The preset of the instance.
PRESET = "desk"
GOOD = "code,size,color\nA,1,red\nB,2,red\nC,3,blue\n"
BAD = "code,size,color\nA,1,red\nB,two,red\nC,3,green\n"


@prepared
def shop(instance):
    """An instance with colors and things, and things within things."""
    instance.make_type(
        "x_color", {"name": "name", "kind": "text", "required": True, "unique": True}
    )
    instance.make_type(
        "x_thing",
        {"name": "code", "kind": "text", "required": True, "unique": True},
        {"name": "size", "kind": "decimal"},
        {"name": "email", "kind": "email"},
        {"name": "day", "kind": "date"},
        {"name": "color", "kind": "lookup", "settings": {"target": "x_color"}},
        {"name": "inside", "kind": "lookup", "settings": {"target": "x_thing"}},
        title="code",
    )
    instance.create("x_color", {"name": "Red"}, {"name": "Blue"})


def things(instance, *names):
    """Return values of all things in the order of their codes."""
    found = instance.sql("SELECT id FROM x_thing WHERE trashed_at IS NULL ORDER BY code")
    made = [instance.get("x_thing", row.id) for row in found]
    return [tuple(str(each[name]) for name in ("code", *names)) for each in made]


def noted(instance, job, state=imports.REFUSED):
    """Return the lines that a job has noted, with the codes of what is wrong."""
    with instance.reading():
        kept = imports.lines(job["id"], state)
    return [(each.line, [p["code"] for p in each.data.get("problems", ())]) for each in kept]


def refused_file(instance, job):
    """Return the rows of the file of refusals."""
    with instance.app.app_context():
        return b"".join(rejects.stream(job, instance.alice)).decode("utf-8-sig").splitlines()


# -- what goes in ---------------------------------------------------------------------------------
def test_sound_rows_go_in_and_refused_ones_are_kept_with_their_reasons(shop):
    job = bring(shop, "x_thing", BAD)
    assert counts(job) == (1, 0, 0, 2)
    assert things(shop, "size") == [("A", "1.00")]
    assert noted(shop, job) == [(3, ["not_decimal"]), (4, ["lookup_unmatched"])]
    sources = {
        row.source for row in shop.sql("SELECT source FROM core_change_set WHERE job_id > 0")
    }
    assert sources == {"import"}


def test_the_file_of_refused_rows_goes_in_again_once_it_is_corrected(shop):
    job = bring(shop, "x_thing", BAD, key=["code"])
    with shop.app.app_context():
        text = b"".join(rejects.stream(job, shop.alice)).decode("utf-8-sig")
    first, *rest = text.splitlines()
    assert first == "_line,_problem,code,size,color"
    assert rest[0].startswith('3,"') or rest[0].startswith("3,")
    again = bring(shop, "x_thing", text.replace("two", "2").replace("green", "blue"), key=["code"])
    assert counts(again) == (2, 0, 0, 0)
    assert [code for (code,) in things(shop)] == ["A", "B", "C"]


def test_importing_twice_by_a_key_changes_nothing(shop):
    assert counts(bring(shop, "x_thing", GOOD, key=["code"])) == (3, 0, 0, 0)
    before = shop.sql("SELECT count(*) FROM core_change")[0][0]
    assert counts(bring(shop, "x_thing", GOOD, key=["code"])) == (0, 0, 3, 0)
    assert shop.sql("SELECT count(*) FROM core_change")[0][0] == before


def test_a_dry_run_writes_nothing_and_shows_values_before_and_after(shop):
    bring(shop, "x_thing", "code,size\nA,1\n")
    job = bring(shop, "x_thing", "code,size\nA,5\nB,x\nC,1\n", key=["code"], dry_run=True)
    assert counts(job) == (1, 1, 0, 1)
    assert things(shop, "size") == [("A", "1.00")]
    with shop.reading():
        shown = imports.lines(job["id"], imports.SHOWN)
    updated, created = shown[0].data, shown[1].data
    assert (updated["status"], updated["changes"]) == ("updated", {"size": ["1.00", "5.00"]})
    assert (created["status"], created["changes"]["code"]) == ("created", [None, "C"])


def test_all_or_nothing_writes_nothing_if_a_row_is_refused(shop):
    assert counts(bring(shop, "x_thing", BAD, whole=True)) == (1, 0, 0, 2)
    assert things(shop) == []
    job = bring(shop, "x_thing", GOOD, whole=True)
    assert (counts(job), job["done"], job["total"]) == ((3, 0, 0, 0), 6, 6)


def test_a_dry_run_knows_values_of_earlier_chunks(shop, monkeypatch):
    chunk = running._Turn._chunk

    def small(self, kind):
        self.size = 2
        return chunk(self, kind)

    monkeypatch.setattr(running._Turn, "_chunk", small)
    text = "code\n" + "".join(f"C{n % 3}\n" for n in range(5))
    job = bring(shop, "x_thing", text, dry_run=True)
    assert counts(job) == (3, 0, 0, 2)
    assert noted(shop, job) == [(5, ["duplicate_in_file"]), (6, ["duplicate_in_file"])]


def test_rows_match_by_fields_that_are_not_unique_unless_several_records_do(shop):
    shop.create("x_thing", {"code": "A", "email": "a@example.org"})
    shop.create("x_thing", *({"code": c, "email": "b@example.org"} for c in "BC"))
    text = "email,size\na@example.org,7\nb@example.org,8\n"
    job = bring(shop, "x_thing", text, key=["email"])
    assert counts(job) == (0, 1, 0, 1)
    assert noted(shop, job) == [(3, ["match_ambiguous"])]


def test_update_alone_refuses_rows_that_no_record_matches(shop):
    shop.create("x_thing", {"code": "A"})
    job = bring(shop, "x_thing", GOOD, key=["code"], mode="update")
    assert counts(job) == (0, 1, 0, 2)
    assert {codes[0] for _, codes in noted(shop, job)} == {"match_missing"}


def test_rows_match_by_id(shop):
    [id_] = shop.create("x_thing", {"code": "A"})
    job = bring(shop, "x_thing", f"id,code\n{id_},Z\n,Y\n987654,X\n", map={"key": ["id"]})
    assert counts(job) == (1, 1, 0, 1)
    assert things(shop) == [("Y",), ("Z",)]


def test_links_create_what_is_missing_if_asked_and_a_dry_run_does_not(shop):
    mapping = {"columns": {"color": {"field": "color", "create": True}}}
    text = "code,color\nA,green\nB,green\nC,red\n"
    assert counts(bring(shop, "x_thing", text, map=mapping, dry_run=True)) == (3, 0, 0, 0)
    assert shop.sql("SELECT count(*) FROM x_color")[0][0] == 2
    assert counts(bring(shop, "x_thing", text, map=mapping)) == (3, 0, 0, 0)
    assert shop.sql("SELECT count(*) FROM x_color")[0][0] == 3


def test_links_to_lines_further_down_are_set_last(shop):
    job = bring(shop, "x_thing", "code,inside\nA,C\nB,A\nC,\nD,nowhere\n")
    assert counts(job) == (4, 0, 0, 0)
    assert job["result"]["unlinked"] == 1
    ids = {row.code: row.id for row in shop.sql("SELECT id, code FROM x_thing")}
    assert things(shop, "inside")[:2] == [("A", str(ids["C"])), ("B", str(ids["A"]))]
    assert noted(shop, job) == [(5, ["lookup_unmatched"])]
    assert noted(shop, job, imports.WAITING) == []


def test_numbers_with_a_decimal_comma_are_read_where_the_map_says_so(shop):
    mapping = {"decimal": ","}
    text = 'code;size\nA;1.234,5\nB;"7,25 €"\nC;-3\nD;1,2,3\n'
    job = bring(shop, "x_thing", text, map=mapping)
    assert counts(job) == (3, 0, 0, 1)
    assert things(shop, "size") == [("A", "1234.50"), ("B", "7.25"), ("C", "-3.00")]


def test_ragged_rows_nul_bytes_and_formulas_are_refused_or_taken_as_text(shop):
    text = "code,size\nA\nB,1,2\nx\0y,1\n'=1+1,1\n"
    job = bring(shop, "x_thing", text)
    assert noted(shop, job) == [
        (2, ["cells_mismatch"]), (3, ["cells_mismatch"]), (4, ["bad_character"]),
    ]  # fmt: skip
    assert things(shop) == [("=1+1",)]


# -- jobs -----------------------------------------------------------------------------------------
def test_an_import_that_stops_midway_goes_on_in_another_process_without_doubles(shop, monkeypatch):
    chunk = running._Turn._chunk

    def small(self, kind):
        self.size = 5
        return chunk(self, kind)

    monkeypatch.setattr(running._Turn, "_chunk", small)
    job_id = begin(shop, "x_thing", "code\n" + "".join(f"C{n:03}\n" for n in range(25)))
    assert run(shop, job_id, by="one", chunks=2) == "queued"
    assert shop.sql("SELECT count(*) FROM x_thing")[0][0] == 10
    reading.done(job_id)
    assert run(shop, job_id, by="two") == "done"
    assert counts(shop.read(jobs.get, job_id)) == (25, 0, 0, 0)
    assert shop.sql("SELECT count(*) FROM x_thing")[0][0] == 25


def test_what_an_import_has_written_is_undone_change_set_by_change_set(shop):
    job = bring(shop, "x_thing", GOOD)
    sets = shop.sql("SELECT id FROM core_change_set WHERE job_id = :job", job=job["id"])
    for row in sets:
        shop.write(records.undo, row.id)
    assert things(shop) == []


def test_the_map_of_an_import_is_remembered_for_files_with_the_same_columns(shop):
    mapping = {"columns": {"code": "code", "size": None, "color": None}}
    bring(shop, "x_thing", GOOD, map=mapping)

    def known(*, actor):
        return imports.remembered("x_thing", ["color", "code", "size"])

    assert shop.read(known)["columns"] == mapping["columns"]


@pytest.mark.parametrize(
    ("header", "row", "color"),
    [
        (["code", "color"], ["A", "1"], None),
        (["code", "color", "_color"], ["A", "1", "Red"], {"field": "color", "by": "id"}),
        (["code", "color"], ["A", "Red"], {"field": "color"}),
    ],
    ids=["numbers of another system", "an export of ours", "names"],
)
def test_links_are_proposed_by_ids_for_our_exports_alone(shop, header, row, color):
    def proposed(*, actor):
        return propose(catalog.current().type("x_thing"), header, [row])["columns"]

    assert shop.read(proposed)["color"] == color


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"type": "x_nothing"}, "type_unknown"),
        ({"upload": 99}, "upload_unknown"),
        ({"map": {"relatum_map": 1, "decimal": "x"}}, "map_invalid"),
    ],
)
def test_a_job_that_can_not_be_is_refused_before_it_starts(shop, words, code):
    asked = {"upload": send(shop, GOOD), "type": "x_thing", **words}
    with pytest.raises(RelatumError) as refused:
        shop.write(jobs.enqueue, "transfer_import", asked)
    assert refused.value.code == code


def test_a_file_that_is_none_fails_the_job_with_a_sentence(shop):
    job = bring(shop, "x_thing", b"%PDF-1.7 something")
    assert (job["state"], job["error"]["code"]) == ("failed", "file_unreadable")
    assert "PDF" in job["error"]["message"]


# -- files ----------------------------------------------------------------------------------------
def test_files_belong_to_who_sent_them_have_a_limit_and_are_forgotten(shop):
    upload = send(shop, GOOD)
    with pytest.raises(RelatumError, match="no file"):
        shop.read(uploads.get, upload, actor=shop.bob)
    with shop.configured(upload_limit=10), pytest.raises(RelatumError, match="upload_limit"):
        send(shop, GOOD)
    with pytest.raises(RelatumError, match="empty"):
        send(shop, b"")
    assert shop.sql("SELECT count(*) FROM core_upload")[0][0] == 1
    with clock.frozen(clock.now() + timedelta(days=60)):
        job_id = shop.write(jobs.enqueue, "forget")
        run(shop, job_id)
    assert shop.sql("SELECT count(*) FROM core_upload_piece")[0][0] == 0


def test_only_who_may_import_sends_files_and_starts_imports(shop):
    upload = send(shop, GOOD)
    with pytest.raises(RelatumError) as refused:
        asked = {"upload": upload, "type": "x_thing"}
        shop.write(jobs.enqueue, "transfer_import", asked, actor=shop.bob)
    assert refused.value.code == "forbidden"


# -- links that are refused late ------------------------------------------------------------------
@pytest.mark.parametrize("words", [{"dry_run": True}, {"whole": True}])
def test_rows_whose_links_meet_nothing_stand_in_the_file_of_refusals_as_they_stood(shop, words):
    text = "code,inside,size\nA,Z,1\nB,A,2\n"
    job = bring(shop, "x_thing", text, **words)
    assert counts(job) == (2, 0, 0, 1)
    header, *rows = refused_file(shop, job)
    assert (len(rows), rows[0].startswith("2,"), rows[0].endswith(",A,Z,1")) == (1, True, True)
    again = "\n".join([header, rows[0].replace(",A,Z,", ",A,B,")])
    assert noted(shop, bring(shop, "x_thing", again, dry_run=True)) == [(2, ["lookup_unmatched"])]


def test_rows_that_are_in_without_their_link_stand_in_the_file_of_refusals_as_they_stood(shop):
    text = "code,inside,size\nA,B,1\nB,,two\nC,A,3\n"
    job = bring(shop, "x_thing", text, key=["code"])
    assert (counts(job), job["result"]["unlinked"]) == ((2, 0, 0, 1), 1)
    header, *rows = refused_file(shop, job)
    assert [row.split(",")[-3:] for row in rows] == [["A", "B", "1"], ["B", "", "two"]]
    again = "\n".join([header, *rows]).replace("two", "2")
    assert counts(bring(shop, "x_thing", again, key=["code"])) == (1, 1, 0, 0)
    [a, b] = shop.sql("SELECT id, inside FROM x_thing WHERE code IN ('a', 'A', 'B') ORDER BY code")
    assert a.inside == b.id
