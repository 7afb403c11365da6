"""Logs: one line of key=value on standard error, without personal data."""

import logging
import sys

import structlog
from structlog.typing import EventDict


def set_up_logs(level: str, process: str = "") -> None:
    """Shows `level` (debug, info, warning, error) and above, ours and the libraries'.

    process: the name of this one where several write one log; each line says it.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(
        level=max(number, logging.WARNING),
        stream=sys.stderr,
        format=f"{process and process + ' '}%(name)s: %(message)s",
    )

    def named(_logger: object, _method: str, said: EventDict) -> EventDict:
        return {**said, "process": process} if process else said

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[
            named,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "event"], drop_missing=True
            ),
        ],
        # standard error as it is when something is said, not as it was at the start
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
