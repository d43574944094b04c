"""Jobs: work that is done beside requests, in chunks, and is never lost or done twice (D14).

A kind says how a chunk is done; `run` works in an open writing transaction, which also stores
where it got to, so a killed job goes on after its last chunk:

    def fill(chunk: jobs.Chunk) -> jobs.Step:
        ids = next_ids(after=chunk.checkpoint or 0, limit=chunk.size)
        records.update("x_asset", [{"id": i, "checked": True} for i in ids], actor=chunk.actor)
        if len(ids) < chunk.size:
            return chunk.finish({"filled": chunk.done + len(ids)}, done=len(ids))
        return chunk.more(ids[-1], done=len(ids))

    jobs.register(jobs.Kind(name="fill", title="Fill", run=fill, arguments=FillSchema))
    job_id = jobs.enqueue("fill", {"type": "x_asset"}, actor=actor)

The checkpoint is any JSON value, None at first; keep in it what the result needs. A chunk should
end within a second: `chunk.size` shrinks if it does not. What may not happen in a transaction
(mail, HTTP, building an index) belongs into `Kind.prepare`, called before each chunk outside of
any; what it returns is `chunk.prepared`, and it may be called twice for one chunk. For DDL,
`chunk.more(..., exclusive=True)` gives the next chunk the exclusive fence. `chunk.total` is set by
`total=`, `chunk.log("…")` leaves a line. `Kind.limit` is how many of a kind run at once, on all
machines. A `RelatumError` of status 4xx fails the job with its sentence; anything else is tried
again, later and later. Plugins bring kinds by `relatum_jobs`.
"""

from __future__ import annotations

from .examining import findings as findings
from .following import follower as follower
from .following import lagging as lagging
from .kinds import JOB_NAME as JOB_NAME
from .kinds import Chunk as Chunk
from .kinds import Kind as Kind
from .kinds import Step as Step
from .kinds import known as known
from .kinds import register as register
from .processes import BEAT as BEAT
from .processes import LEASE as LEASE
from .processes import Process as Process
from .processes import bring_back as bring_back
from .processes import is_alive as is_alive
from .processes import place as place
from .queue import Queue as Queue
from .queue import current_queue as current_queue
from .running import release as release
from .running import run as run
from .schedules import change_schedule as change_schedule
from .schedules import create_schedule as create_schedule
from .schedules import delete_schedule as delete_schedule
from .schedules import forget as forget
from .schedules import list_schedules as list_schedules
from .schedules import settle as settle
from .sweeping import sweep as sweep
from .verbs import STATES as STATES
from .verbs import at_once as at_once
from .verbs import cancel as cancel
from .verbs import change_sets as change_sets
from .verbs import enqueue as enqueue
from .verbs import get as get
from .verbs import list_jobs as list_jobs
from .verbs import list_kinds as list_kinds
from .verbs import look as look
from .verbs import retry as retry
from .verbs import retry_failed as retry_failed
