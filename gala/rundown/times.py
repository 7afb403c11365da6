"""How a rundown writes time: durations such as ``5m30s``, and wall-clock times of the show's zone."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d{1,3})?)s)?")

DAY = dt.timedelta(days=1)
DURATION_MS_MAX = DAY // dt.timedelta(milliseconds=1)
YEARS = range(1971, 9999)


def duration_ms(written: str) -> int:
    """``36s``, ``5m30s``, ``1h``, ``0.5s``, ``0s``; ValueError otherwise."""
    found = _DURATION.fullmatch(written)
    if not written or found is None:
        raise ValueError(f'{written!r} is no duration: write "36s", "5m30s" or "1h"')
    hours, minutes, seconds = found.groups(default="0")
    whole, _, part = seconds.partition(".")
    duration = ((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 1000 + int(part.ljust(3, "0"))
    if duration > DURATION_MS_MAX:
        raise ValueError(f"{written!r} is more than a day")
    return duration


def clock_time(written: str) -> dt.time:
    """``20:10:00`` or ``20:10``; ValueError otherwise."""
    try:
        found = dt.time.fromisoformat(written)
    except ValueError:
        raise ValueError(f"{written!r} is no time: write 20:10:00") from None
    if found.tzinfo is not None:
        raise ValueError(f"{written!r}: the show's zone holds, write the time alone")
    return found


def shown(duration: int) -> str:
    """A duration in ms as people write it: ``-9s``, ``1m15s``, ``2h``."""
    sign, whole = "-" if duration < 0 else "", abs(duration)
    hours, rest = divmod(whole, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds = f"{rest / 1000:g}s" if rest or not whole else ""
    return sign + (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "") + seconds


class Calendar:
    """The evening's wall clock. Every time of day means its first occurrence from the start of the show on,
    so 00:00:00 in a show from 19:30 is the next day's.
    """

    def __init__(self, zone: ZoneInfo, date: dt.date, starts: dt.time) -> None:
        self._zone = zone
        self._starts = dt.datetime.combine(date, starts)

    def at_ms(self, time: dt.time) -> int:
        """The instant of a time of day, integer milliseconds UTC. Raises as `instant_ms`."""
        _check_year(self._starts)
        moment = dt.datetime.combine(self._starts.date(), time)
        return self.instant_ms(moment if moment >= self._starts else moment + DAY)

    def instant_ms(self, moment: dt.datetime) -> int:
        """The instant of a date and time of the zone.

        ValueError where a clock change leaves none or two, and in years no calendar needs.
        """
        _check_year(moment)
        first, second = (moment.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():
            there = first.astimezone(dt.UTC).astimezone(self._zone).replace(tzinfo=None) == moment
            times = "comes twice" if there else "does not come"
            raise ValueError(f"{moment} {times} in {self._zone.key}: its clocks change then")
        since = first - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        return since // dt.timedelta(milliseconds=1)


def _check_year(moment: dt.datetime) -> None:
    if moment.year not in YEARS:
        raise ValueError(f"the year {moment.year} is not one of ours")
