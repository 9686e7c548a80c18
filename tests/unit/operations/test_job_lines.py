"""What jobs and deliveries log can be found by their number."""

from __future__ import annotations

import dataclasses

from tests.unit.work.errands import MakeHost, errand_host, failing, told, want

from .conftest import LogTo, taken


def test_lines_of_a_job_carry_its_number(host: MakeHost, log_to: LogTo) -> None:
    """Number, kind and the plugin at fault, on the failure with its traceback and on how the job ended."""
    made = errand_host(host)
    failing()["worn"] = ValueError("no good")
    worn, good = want(made, "errand.do", key="worn"), want(made, "errand.do", key="good")
    stream = log_to(dataclasses.replace(made.site.config, log_format="json"))
    made.run_jobs()
    lines = taken(stream)
    assert {line["job"] for line in lines} == {worn}
    assert {line["kind"] for line in lines} == {"errand.do"}
    failure, end = lines
    assert "ValueError: no good" in failure["exception"]
    assert (end["event"], end["plugin"], end["attempt"], end["level"]) == ("job due", "errand", 1, "info")
    assert good not in {line["job"] for line in lines}


def test_lines_of_a_delivery_carry_its_event(host: MakeHost, log_to: LogTo) -> None:
    """Number and name of the event that a plugin's handler failed on."""
    made = errand_host(host)
    (number,) = told(made, 7)
    failing()[f"event:{number}"] = ValueError("no good")
    stream = log_to(dataclasses.replace(made.site.config, log_format="json"))
    made.run_jobs()
    lines = [line for line in taken(stream) if "event_id" in line]
    assert lines
    assert {line["plugin"] for line in lines} == {"errand"}
    assert all(line["event_name"] and line["event_id"] for line in lines)
