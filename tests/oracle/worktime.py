"""Working time (contract, sections 2 and 9).

"A minute is working time if the local clock of the calendar's zone shows it
within the hours; time is elapsed time." So time is cut into days of UTC, and
each minute of such a day is asked what the local clock shows. Where the
zone's offset is the same all day, the hours are shifted by it instead.
"""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from text import DAY

MINUTE = 60_000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_LIMIT = 40_000


def _minutes(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


class Calendar:
    """One `[[calendar]]`; `always`, or hours in a zone less the closed dates."""

    def __init__(self, table, holiday_lists):
        self.id = table["id"]
        self.always = table.get("always", False)
        self.cache = {}
        if self.always:
            return
        self.zone = ZoneInfo(table["time_zone"])
        self.hours = {}
        for name, blocks in table["hours"].items():
            spans = [tuple(_minutes(end) for end in block.split("-")) for block in blocks]
            self.hours[WEEKDAYS.index(name)] = sorted(spans)
        self.closed = {date.fromisoformat(str(day)) for day in table.get("closed", [])}
        for name in table.get("holidays", []):
            self.closed |= holiday_lists[name]

    def _spans_of_local_day(self, day):
        """The hours of one date of the zone, in minutes since its midnight."""
        return [] if day in self.closed else self.hours.get(day.weekday(), [])

    def _is_working(self, local):
        minute = local.hour * 60 + local.minute
        return any(a <= minute < b for a, b in self._spans_of_local_day(local.date()))

    def spans(self, number):
        """Working spans [from, to) in milliseconds within one day of UTC."""
        if number not in self.cache:
            self.cache[number] = list(self._find_spans(number))
        return self.cache[number]

    def _find_spans(self, number):
        start = number * DAY
        midnight = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=number)
        hourly = {(midnight + timedelta(hours=h)).astimezone(self.zone).utcoffset() for h in range(25)}
        if len(hourly) == 1:
            yield from self._shifted_spans(start, hourly.pop())
        else:
            yield from self._walked_spans(start, midnight)

    def _shifted_spans(self, start, offset):
        """One offset all day: the hours of the local dates it touches, shifted."""
        shift = offset // timedelta(milliseconds=1)
        first = (start + shift) // DAY
        for local_day in range(first, (start + DAY + shift) // DAY + 1):
            midnight = local_day * DAY - shift
            for a, b in self._spans_of_local_day(date(1970, 1, 1) + timedelta(days=local_day)):
                low, high = max(start, midnight + a * MINUTE), min(start + DAY, midnight + b * MINUTE)
                if low < high:
                    yield (low, high)

    def _walked_spans(self, start, midnight):
        """The clock changes on this day: look at it minute by minute."""
        for minute in range(1440):
            local = (midnight + timedelta(minutes=minute)).astimezone(self.zone)
            if self._is_working(local):
                yield (start + minute * MINUTE, start + (minute + 1) * MINUTE)

    def after(self, start, duration):
        """The earliest instant at which `duration` of working time has passed since `start`."""
        if self.always:
            return start + duration
        left = duration
        for number in range(start // DAY, start // DAY + DAYS_LIMIT):
            for low, high in self.spans(number):
                low = max(low, start)
                if low >= high:
                    continue
                if left <= high - low:
                    return low + left
                left -= high - low
        raise ValueError(f"calendar {self.id} has no working time")

    def between(self, start, end):
        """Working time from `start` to `end` in milliseconds, not below 0."""
        if end <= start:
            return 0
        if self.always:
            return end - start
        total = 0
        for number in range(start // DAY, end // DAY + 1):
            for low, high in self.spans(number):
                total += max(0, min(high, end) - max(low, start))
        return total
