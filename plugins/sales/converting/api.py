"""The calls below /api/x/sales: convert, look, disqualify, and the mapping."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, request

from relatum import (
    Permission,
    RelatumError,
    body,
    changes,
    may,
    plugin_host,
    requires,
    transact,
    wanted_version,
)

from . import mapping, verbs

CONVERT: Final = "sales.convert"
PERMISSIONS: Final = [Permission(CONVERT, "Convert leads", roles=("manager", "member"))]
API: Final = Blueprint("api", __name__)
asking = plugin_host.asking


@API.get("/leads/<int:lead>/convert")
@requires(CONVERT)
def look(lead: int) -> Response:
    """Say what a conversion would make by itself, and which records match."""
    return jsonify(verbs.look(lead, actor=asking()))


@API.post("/leads/<int:lead>/convert")
@requires(CONVERT)
def convert(lead: int) -> Response:
    """Convert a lead by the choices in the body; `_dry_run=1` says what would come of them."""
    if request.args.get("_dry_run") in ("1", "true"):
        return jsonify(verbs.look(lead, body(), actor=asking()))
    version = wanted_version(request.headers.get("If-Match"))
    versions = {lead: version} if version is not None else None
    done = verbs.convert(lead, body(), actor=asking(), versions=versions)
    return jsonify(**done.as_json(), change_set=changes.number())


@API.post("/leads/convert")
@requires(CONVERT)
def convert_many() -> Response:
    """Convert the leads of `ids` by the other words of the body; with `partial` those that can be.

    Answers {results: [...], change_set}, a result for each lead in order.
    """
    sent = body()
    ids, partial = _ids(sent.pop("ids", None)), sent.pop("partial", False)
    if not isinstance(partial, bool):
        raise RelatumError("bad_parameter", name="partial", reason="it must be true or false")
    done = verbs.convert(ids, sent, actor=asking(), partial=partial)
    return jsonify(results=[each.as_json() for each in done], change_set=changes.number())


def _ids(sent: Any) -> list[int]:
    whole = isinstance(sent, list) and all(type(id_) is int and id_ > 0 for id_ in sent)
    if not whole or not sent:
        raise RelatumError("bad_parameter", name="ids", reason="it must be a list of ids of leads")
    return list(sent)


@API.post("/leads/<int:lead>/disqualify")
@requires(CONVERT)
def disqualify(lead: int) -> Response:
    """Close a lead for the reason in `status`."""
    status = body().get("status", "")
    [done] = verbs.disqualify(lead, status, actor=asking())
    return jsonify(lead=lead, status=status, version=done.version, change_set=changes.number())


@API.get("/mapping")
@requires(CONVERT)
def shown_mapping() -> Response:
    """Return the mapping: its lines, and lines of the administrator that hold no more."""
    if not may(asking(), "customise"):
        raise RelatumError("forbidden", action="customise", thing="how leads are converted")
    held = mapping.mapped()
    return jsonify(
        lines=[line.as_json() for line in held.lines],
        own=list(mapping.own_lines()),
        stale=[{"line": line, "reason": str(why), "code": why.code} for line, why in held.stale],
    )


@API.put("/mapping")
@requires(CONVERT, own=True)
def keep_mapping() -> Response:
    """Keep the lines of `own`, in place of the administrator's lines before."""
    own, actor = body().get("own"), asking()
    if not isinstance(own, list) or not all(isinstance(line, str) for line in own):
        raise RelatumError("bad_parameter", name="own", reason="it must be a list of lines")
    changed = transact(lambda: mapping.keep(own, actor=actor), exclusive=True)
    return jsonify(changed=changed, own=own)
