"""The pages of transfer in the desk, without scripts: from a file to its records, and back."""

from __future__ import annotations

import html
import io
import re

from relatum.core import jobs

from .counting import run
from .desk import FRAGMENT, Browser
from .instances import prepared

#: The preset of the instance.
PRESET = "desk"
FILE = "Code;Größe;Day\nA;1,5;31.1.2026\nB;zwei;1.2.2026\n"


@prepared
def equipped(instance):
    """An instance with things."""
    instance.make_type(
        "x_thing",
        {"name": "code", "kind": "text", "required": True, "unique": True},
        {"name": "size", "kind": "decimal", "label": "Größe"},
        {"name": "day", "kind": "date", "label": "Day"},
        title="code", label="Thing", plural="Things",
    )  # fmt: skip


def send(desk, content, name="things.csv"):
    data = {"type": "x_thing", "file": (io.BytesIO(content), name)}
    return desk.post("/x/transfer/", data=data, content_type="multipart/form-data")


def worked(desk, answer):
    """Run the job that an answer leads to, and return its page."""
    address = answer.headers["Location"]
    run(desk.instance, int(address.rpartition("/")[2]))
    return address, desk.get(address)


def test_a_file_goes_through_columns_and_preview_into_records_and_its_refusals_out(desk):
    sent = send(desk, FILE.encode("cp1252"))
    assert sent.status_code == 303, sent.text
    columns = desk.get(sent.headers["Location"])
    for said in ('<option value="cp1252" selected', 'value="D.M.YYYY"', "1.234,50", "zwei"):
        assert said in columns.text
    data = {
        "to-0": "code", "to-1": "size", "style-1": ",", "to-2": "day",
        "key": "code", "mode": "upsert", "encoding": "cp1252", "delimiter": ";", "header": "1",
    }  # fmt: skip
    address, preview = worked(desk, desk.post(sent.headers["Location"], data=data))
    assert "What the import would do" in preview.text
    assert "Import 1 of 2 rows" in preview.text
    assert desk.instance.sql("SELECT count(*) FROM x_thing")[0][0] == 0
    address, result = worked(desk, desk.post(f"{address}/run"))
    assert "The file is imported" in result.text
    assert "zwei" in result.text
    [made] = desk.instance.sql("SELECT id FROM x_thing")
    record = desk.instance.get("x_thing", made.id)
    assert (record["code"], record["size"], str(record["day"])) == ("A", "1.50", "2026-01-31")
    rejects = desk.get(f"{address}/rejects")
    assert rejects.text.splitlines()[1].startswith("3,")
    assert "things.csv" in desk.get("/x/transfer/").text


def test_progress_is_asked_for_until_the_end_and_an_import_can_be_stopped(desk):
    sent = send(desk, b"code\nA\n")
    started = desk.post(sent.headers["Location"], data={"to-0": "code", "mode": "create"})
    address = started.headers["Location"]
    assert f'<ui-poll class="stack tr-job" src="{address}"' in desk.get(address).text
    part = desk.get(address, headers=FRAGMENT)
    assert ("<html" in part.text, "ui-poll" in part.text) == (False, False)
    known = {**FRAGMENT, "If-None-Match": part.headers["ETag"]}
    assert desk.get(address, headers=known).status_code == 304
    desk.post(f"{address}/stop")
    over = desk.get(address, headers=known)
    assert (over.status_code, "stopped" in over.text) == (286, True)
    assert "ui-poll" not in desk.get(address).text


def test_what_is_wrong_with_file_or_columns_is_said_on_the_page(desk):
    refused = send(desk, b"%PDF-1.7")
    assert (refused.status_code, "PDF" in refused.text) == (422, True)
    sent = send(desk, b"code,size\nA,1\n")
    twice = {"to-0": "code", "to-1": "code", "mode": "create"}
    answer = desk.post(sent.headers["Location"], data=twice)
    assert answer.status_code == 422
    assert "keep one of them" in answer.text
    assert desk.instance.read(jobs.list_jobs) == []


def test_it_speaks_the_language_of_its_reader(desk):
    desk.post("/account/profile", data={"language": "de"})
    page = desk.get("/x/transfer/?type=user").text
    assert '<option value="user" selected>Benutzer</option>' in page
    assert "Datei" in page
    sent = send(desk, FILE.encode())
    data = {"to-0": "code", "to-1": "size", "to-2": "day", "mode": "create", "dry": "1"}
    _, preview = worked(desk, desk.post(sent.headers["Location"], data=data))
    assert "Größe: Muss eine Dezimalzahl" in html.unescape(preview.text)


def test_a_list_offers_its_export_with_the_filters_that_are_shown(desk):
    desk.instance.create("x_thing", {"code": "A", "size": "1"}, {"code": "B", "size": "2"})
    page = desk.get("/records/x_thing?size__gte=2").text
    assert "/x/transfer/out/x_thing?size__gte=2" in page
    headers = {**FRAGMENT, "HX-Current-URL": "http://localhost/records/x_thing?size__gte=2"}
    menu = desk.get("/x/transfer/out/x_thing", headers=headers).text
    [address] = re.findall(r'href="([^"]*_format=csv)"', menu)
    rows = desk.get(address.replace("&amp;", "&")).text.splitlines()
    assert len(rows) == 2
    assert "B" in rows[1]
    assert desk.get("/x/transfer/out/x_thing").status_code == 200


def test_who_is_not_signed_in_sees_nothing_of_it(desk):
    stranger = Browser(desk.application)
    assert stranger.get("/x/transfer/").status_code in (303, 401)
    assert stranger.get("/api/x/transfer/export/x_thing").status_code == 401
