"""``gala capacity``: what an audience needs, worked out from measured rates."""

from typing import Annotated

import typer

from gala.cli.console import out


def capacity_command(
    viewers: Annotated[float, typer.Option(min=1, max=1e9, help="Phones, such as 20e6.")] = 20e6,
    vote_s: Annotated[float, typer.Option(min=1, help="Within how many seconds all of them vote.")] = 30,
    per_edge: Annotated[int, typer.Option(min=1, help="Phones a process; 10 000 were tried.")] = 10_000,
    busy: Annotated[float, typer.Option(min=0.05, max=1, help="How full a core may be.")] = 0.5,
) -> None:
    """Work out cores, gigabits and shards for an audience, line by line, from what was measured.

    What is measured and what is only multiplied is said in docs/capacity.md.
    """
    from rich.table import Table

    from gala import capacity

    audience = capacity.Audience(viewers=int(viewers), vote_s=vote_s, per_edge=per_edge, busy=busy)
    table = Table(box=None, pad_edge=False)
    for heading in ("what", "how much", "from"):
        table.add_column(heading, justify="right" if heading == "how much" else "left")
    for line in capacity.lines(audience, capacity.Measured()):
        table.add_row(line.what, line.amount, line.how)
    out.print(table)
