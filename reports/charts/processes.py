"""What the run cost: CPU and memory of the server and of the generator."""

from __future__ import annotations

from harness.record.reader import Run
from reports.charts.figure import TIME_TITLE, Chart, bands, edges, layout, line, step, top, y_axis
from reports.clean import busy_seconds
from reports.series import (
    Axis,
    by_worker,
    cpu_share,
    largest,
    latest,
    per_second,
    second,
    together,
)


def server(run: Run, on: Axis) -> Chart | None:
    """CPU (percent of one core) and memory (MB) of the server's processes."""
    if not run.server:
        return None
    cpu = largest(on, cpu_share(run.server))
    memory = largest(on, ((second(s.t), s.rss_mb) for s in run.server))
    return Chart(
        id="server",
        title="Server",
        text=f"All processes of the server: CPU at most {top(cpu)} % (100 % is one core), "
        f"memory at most {top(memory)} MB.{step(on, 'maximum')}",
        data=[
            line("CPU", on.times(), cpu, "s1", unit=" %"),
            line("memory", on.times(), memory, "s2", panel=2, unit=" MB"),
        ],
        layout=layout(TIME_TITLE, y_axis("CPU (% core)"), y_axis("memory (MB)"), shapes=edges(run)),
        height=460,
    )


def inside(run: Run, on: Axis) -> Chart | None:
    """Threads, open files, context switches and loopback traffic of the server's processes."""
    switches = [(s.t, float(s.switches)) for s in run.server if s.switches is not None]
    traffic = [(s.t, s.loopback_mb) for s in run.server if s.loopback_mb is not None]
    if not switches and not traffic:
        return None
    threads = largest(on, ((second(s.t), s.threads) for s in run.server))
    files = latest(on, ((second(s.t), s.fds) for s in run.server if s.fds is not None))
    switched, carried = (largest(on, per_second(counter)) for counter in (switches, traffic))
    return Chart(
        id="inside",
        title="Inside the server",
        text=f"All processes of the server: at most {top(threads)} threads, {top(files)} open "
        f"files and {top(switched)} context switches a second; the loopback interface carried at "
        f"most {top(carried)} MB/s, whoever sent it.{step(on, 'maximum')}",
        data=[
            line("threads", on.times(), threads, "s1"),
            line("open files", on.times(), files, "s2", panel=2),
            line("context switches", on.times(), switched, "s3", panel=3, unit=" /s"),
            line("loopback", on.times(), carried, "s4", panel=4, unit=" MB/s"),
        ],
        layout=layout(
            TIME_TITLE,
            y_axis("threads"),
            y_axis("open files"),
            y_axis("switches (per second)"),
            y_axis("loopback (MB/s)"),
            shapes=edges(run),
        ),
        height=560,
    )


def generator(run: Run, on: Axis) -> Chart | None:
    """CPU, memory and loop lag of our own workers."""
    workers = by_worker(run).values()
    if not workers:
        return None
    cpu = together((largest(on, cpu_share(samples)) for samples in workers), max)
    memory = together(latest(on, ((second(s.t), s.rss_mb) for s in samples)) for samples in workers)
    lag = together(
        (largest(on, ((second(s.t), s.lag_ms) for s in samples)) for samples in workers), max
    )
    number = f"{len(workers)} worker{'' if len(workers) == 1 else 's'}"
    return Chart(
        id="generator",
        title="Generator",
        text=f"The harness itself, {number}: CPU of the busiest worker at most "
        f"{top(cpu)} % of a core, memory of all at most {top(memory)} MB, event loop at "
        f"most {top(lag)} ms late.{step(on, 'maximum')}",
        data=[
            line("CPU, busiest worker", on.times(), cpu, "s1", unit=" %"),
            line("memory, all workers", on.times(), memory, "s2", panel=2, unit=" MB"),
            line("loop lag, worst worker", on.times(), lag, "s3", panel=3, unit=" ms"),
        ],
        layout=layout(
            TIME_TITLE,
            y_axis("CPU (% core)"),
            y_axis("memory (MB)"),
            y_axis("lag (ms)"),
            shapes=[*bands(busy_seconds(run)), *edges(run)],
        ),
        height=460,
    )
