"""Logs: one line of key=value on standard error, without personal data."""

import logging
import sys

import structlog


def set_up_logs(level: str) -> None:
    """Shows `level` (debug, info, warning, error) and above, ours and the libraries'."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(name)s: %(message)s")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        # standard error as it is when something is said, not as it was at the start
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
