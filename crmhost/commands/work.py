"""``worker`` and ``jobs``."""

from __future__ import annotations

import signal

import click

from .. import config, logs
from ..site import Site
from ..work import jobs as queue
from ..work import runner
from ..work.tables import JobRow
from . import children, common


@click.command()
@click.option(
    "--threads", type=click.IntRange(1, 64), default=runner.THREADS, show_default=True, help="Jobs run at once."
)
@click.option("--parent", type=int, default=0, hidden=True, help="End when this process is gone.")
def worker(threads: int, parent: int) -> None:
    """Run jobs, events and schedules until told to stop."""
    settings = config.load()
    logs.configure(settings)
    site = Site(settings, kind="worker")
    site.require_ready()
    site.runtime.current()
    site.runtime.watch()
    running = runner.Runner(site, threads, site.carrier)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: running.stop())
    if parent:
        children.outlive_nobody(parent, running.stop)
    try:
        running.run()
    finally:
        site.close()


@click.group()
def jobs() -> None:
    """Look at jobs and run them."""


@jobs.command("run")
@click.option("--until-idle", is_flag=True, required=True, help="Do all that is due, and end.")
def run_jobs(until_idle: bool) -> None:  # noqa: ARG001  # said by name, so that other ways can come
    """Do all that is due here; also waits for jobs that others run. What is due later stays."""
    running = runner.Runner(common.ready_site())
    try:
        running.until_idle()
    finally:
        running.close()


@jobs.command("list")
@click.option("--state", type=click.Choice(["due", "running", "done", "failed", "cancelled", "parked"]), default=None)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@common.json_option
def list_jobs(state: str | None, limit: int, as_json: bool) -> None:
    """The newest jobs."""
    with common.ready_site().work() as work:
        rows = [_shown(job) for job in queue.newest(work, state=state or "", limit=limit)]
    if as_json:
        common.print_json(rows)
        return
    for row in rows:
        why = f"  {str(row['error']).splitlines()[0][:100]}" if row["error"] else ""
        click.echo(f"{row['id']:<8} {row['state']:<10} {row['kind']:<32} {row['attempts']} x{why}")


def _shown(job: JobRow) -> dict[str, object]:
    names = ("id", "kind", "state", "due_at", "attempts", "failures", "created_at", "finished_at", "progress", "error")
    return {name: getattr(job, name) for name in names}


@jobs.command("retry")
@click.argument("job_id", type=int)
def retry_job(job_id: int) -> None:
    """Let a job that failed or was cancelled be tried again now."""
    with common.ready_site().work() as work, work.begin():
        queue.retry(work, job_id)
    click.echo(f"Job {job_id} is due again.")


@jobs.command("cancel")
@click.argument("job_id", type=int)
def cancel_job(job_id: int) -> None:
    """Cancel a job; one that runs is asked to stop."""
    with common.ready_site().work() as work, work.begin():
        job = queue.cancel(work, job_id)
    click.echo(f"Job {job_id} is {'cancelled' if job.state == 'cancelled' else 'asked to stop'}.")


COMMANDS = (worker, jobs)
