"""JSON, times and text as the contract wants them.

Numbers keep the text they came with (contract, section 9: "other numbers go
out as they came in, compared by value without floats"), so JSON is read into
`Number` and written by `write`.
"""

import json
import re
import unicodedata
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

DAY = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

# Unicode White_Space, which is what "trim" takes away.
SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)

TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


class Number:
    """A JSON number: its text and its exact value."""

    def __init__(self, text):
        self.text = text
        self.value = Decimal(text)

    def is_integer(self):
        """Written as an integer: no point, no exponent."""
        return re.fullmatch(r"-?\d+", self.text) is not None

    def __eq__(self, other):
        return isinstance(other, Number) and self.text == other.text

    def __hash__(self):
        return hash(self.text)

    def __repr__(self):
        return f"Number({self.text})"


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def read(line):
    """A JSON text; raises ValueError if it is none."""
    return json.loads(line, parse_int=Number, parse_float=Number, parse_constant=_no_constant)


def write(value):
    """Compact JSON, members in their order, non-ASCII unescaped (section 9, Outputs)."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{write(k)}:{write(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(v) for v in value) + "]"
    if isinstance(value, Number):
        return value.text
    return json.dumps(value, ensure_ascii=False)


def read_time(text):
    """RFC 3339 to milliseconds, finer digits cut (section 9); None if unreadable."""
    match = TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second),
                          tzinfo=timezone.utc)
    except ValueError:
        return None
    at = (moment - EPOCH) // timedelta(milliseconds=1)
    at += int(((fraction or "") + "000")[:3])
    if zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            return None
        offset = (hours * 60 + minutes) * 60_000
        at += offset if zone[0] == "-" else -offset
    return at


def show_time(at):
    """UTC, three decimals, `Z` (section 9)."""
    if at is None:
        return None
    moment = EPOCH + timedelta(milliseconds=at)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"


def show_day(day):
    """The date of a day number (section 1: day(t) = floor(t / 86 400 000))."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def fold(text):
    """How texts compare: NFKC, then lower case (sections 2 and 9)."""
    return unicodedata.normalize("NFKC", text).lower()


def trim(text):
    """Without white space at both ends."""
    return text.strip(SPACE)
