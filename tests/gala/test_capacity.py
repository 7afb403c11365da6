"""The capacity page says what the arithmetic says, and the arithmetic is consistent with itself."""

from pathlib import Path

from gala.capacity import Audience, Measured, edges_max, lines
from gala.edge.pace import EDGE_S

PAPER = Path("docs/capacity.md").read_text("utf-8")
TWENTY_MILLION = Audience(viewers=20_000_000)


def test_the_page_has_the_table_of_twenty_million_as_it_is_worked_out() -> None:
    table = [f"| {line.what} | {line.amount} | {line.how} |" for line in lines(TWENTY_MILLION, Measured())]
    assert "\n".join(table) in PAPER


def test_ten_times_the_viewers_are_ten_times_the_edges_and_votes() -> None:
    def found(viewers: int) -> dict[str, str]:
        return {line.what: line.amount for line in lines(Audience(viewers=viewers), Measured())}

    few, many = found(100_000), found(1_000_000)
    for what in ("edges", "votes a second"):
        assert int(many[what].replace(",", "")) in range(
            10 * int(few[what].replace(",", "")) - 10, 10 * int(few[what].replace(",", "")) + 11
        )


def test_the_log_s_node_is_as_busy_as_allowed_with_the_most_edges() -> None:
    measured = Measured()
    for busy in (0.1, 0.5, 1.0):
        most = edges_max(measured, busy)

        def load_us(edges: int) -> float:
            reads = edges / EDGE_S * measured.log_read_us
            return reads + edges * (measured.report_us + edges * measured.report_read_us)

        assert load_us(most) <= busy * 1e6 < load_us(most + 1)
