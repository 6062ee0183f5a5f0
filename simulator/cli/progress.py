"""The progress bar: on standard error, only on a terminal, with rate and time left."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulator.cli.session import Session

Report = Callable[[int, int], None]


@contextmanager
def progress_bar(session: Session) -> Iterator[Report | None]:
    """What to call with (done, total) members; None where nobody watches."""
    if session.quiet:
        import logging

        logging.getLogger("simulator").setLevel(logging.ERROR)
    if session.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    members = session.phrase("members", "成员")
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(members, total=None, rate="")

        def report(done: int, total: int) -> None:
            speed = bar.tasks[0].speed
            # A new ensemble, such as the second of a comparison, starts from the left again.
            if done < bar.tasks[0].completed:
                bar.reset(task)
            rate = f"{speed:.0f}/s" if speed else ""
            bar.update(task, completed=done, total=total, rate=rate)

        yield report
