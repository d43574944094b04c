"""Running a state machine: how many are drawn, how long they run, what becomes of a failure."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

#: Making a failure small takes minutes; a long search does it.
_PHASES = [p for p in Phase if p is not Phase.shrink or os.environ.get("RELATUM_TEST_SHRINK")]


def run(machine: type[RuleBasedStateMachine], *, examples: int, steps: int, **given: Any) -> None:
    """Run machines that have what is `given`; a long search sets more examples."""
    run_state_machine_as_test(
        type("Machine", (machine,), given),
        settings=settings(
            max_examples=int(os.environ.get("RELATUM_TEST_EXAMPLES", examples)),
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=_PHASES,
            print_blob=True,
        ),
    )
