"""What can be wrong with jobs and their schedules, and why a job has failed."""

from __future__ import annotations

from .registry import codes

codes(
    404,
    job_unknown=("Unknown job", "There is no job {id}. See: relatum jobs list."),
    schedule_unknown=("Unknown schedule", "There is no schedule '{name}'.{nearest}"),
)
codes(
    409,
    job_over=("Job is over", "Job {id} is {state}: there is nothing to cancel."),
    job_not_over=(
        "Job is not over",
        "Job {id} is {state}: only a failed or cancelled job can be tried again.",
    ),
    schedule_exists=("Schedule exists", "There is a schedule '{name}' already. Change that one."),
    schedule_owned=(
        "Schedule not yours",
        "Schedule '{name}' belongs to {owner} and can't be deleted. Switch it off instead.",
    ),
    job_actor_gone=(
        "Nobody acts in the job",
        "User {id}, for whom the job acts, is not active any more. Start it as somebody else.",
    ),
)
codes(
    422,
    job_kind_unknown=(
        "Unknown kind of job",
        "There is no kind of job '{kind}', or its plugin does not run.{nearest}",
    ),
)
codes(
    409,
    bulk_confirm=(
        "Say how many",
        "This is about {count} records, more than bulk_confirm ({limit}). Give that number as "
        "confirm if they are all meant.",
    ),
)
codes(
    422,
    job_kind_blind=(
        "Can't be looked at before",
        "Jobs of the kind '{kind}' can't say before what they would do. Start it without a look.",
    ),
)
codes(
    500,
    job_crashed=(
        "Job failed",
        "The job failed unexpectedly: {reason}. Its traceback is in the log of the process that "
        "ran it; tell the author of the job.",
    ),
    job_abandoned=(
        "Job abandoned",
        "The process that ran the job died in it. It goes on after its last chunk, some times.",
    ),
)
