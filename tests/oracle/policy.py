"""The policy file (contract, section 2), read without checking it for faults."""

import re
import tomllib
from datetime import date, datetime, timezone
from decimal import Decimal

from blake3 import blake3
from text import DAY, Number, fold, read_time
from worktime import Calendar

RESPONSES = ["contacted", "meeting_held", "qualified", "opportunity_created",
             "won", "lost", "rejected", "recycled"]
RELEASES = ["qualified", "opportunity_created", "won", "lost", "rejected", "recycled"]
UNITS = {"h": 3_600_000, "m": 60_000, "s": 1_000}


def duration(text):
    """`1h30m` in milliseconds; None stays None."""
    if text is None:
        return None
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([hms])", text))


class Condition:
    """One `{ attribute = …, equals|one_of|at_least|at_most|contains|present = … }`."""

    def __init__(self, table):
        self.attribute = table["attribute"]
        self.kind, self.wanted = next((k, v) for k, v in table.items() if k != "attribute")

    def holds(self, profile):
        """A missing attribute, or one of another type, is false (`present = false` true)."""
        value = profile.get(self.attribute)
        if self.kind == "present":
            return (value is not None) == self.wanted
        if value is None:
            return False
        if self.kind == "equals":
            return same(value, self.wanted)
        if self.kind == "one_of":
            return any(same(value, each) for each in self.wanted)
        if self.kind == "contains":
            return isinstance(value, str) and fold(self.wanted) in fold(value)
        if not isinstance(value, Number):
            return False
        if self.kind == "at_least":
            return value.value >= Decimal(self.wanted)
        return value.value <= Decimal(self.wanted)


def same(value, wanted):
    """Text after folding, numbers by value; a bool is not a number (section 9)."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, Number):
        return isinstance(wanted, (int, Decimal)) and value.value == Decimal(wanted)
    return isinstance(wanted, str) and fold(value) == fold(wanted)


def all_hold(conditions, profile):
    """A list of conditions holds if each does."""
    return all(condition.holds(profile) for condition in conditions)


class EngagementRule:
    """`[[score.engagement]]`"""

    def __init__(self, table):
        self.name = table["rule"]
        self.forms = {fold(name) for name in table.get("form", [])}
        self.activities = {fold(name) for name in table.get("activity", [])}
        self.target_prefix = table.get("target_prefix")
        self.points = table["points"]
        self.at_most = table.get("at_most")
        self.half_life_days = table.get("half_life_days")
        self.within_days = table.get("within_days")

    def matches_form(self, form):
        return fold(form) in self.forms

    def matches_activity(self, activity, target):
        if fold(activity) not in self.activities:
            return False
        if self.target_prefix is None:
            return True
        return target is not None and any(target.startswith(p) for p in self.target_prefix)


class FitRule:
    """`[[score.fit]]`"""

    def __init__(self, table):
        self.name = table["rule"]
        self.when = [Condition(each) for each in table["when"]]
        self.points = table["points"]


class Route:
    """`[[route]]`"""

    def __init__(self, table):
        self.name = table["name"]
        self.when = [Condition(each) for each in table.get("when", [])]
        self.team = table["team"]
        self.needs = table.get("needs", [])
        self.owner_from = table.get("owner_from")


class TeamPolicy:
    """`[[team]]` with its `[team.sla]`"""

    def __init__(self, table, calendars):
        sla = table["sla"]
        self.id = table["id"]
        self.topic = table.get("topic", f"sales.handoffs.{self.id}")
        self.calendar = calendars[table["calendar"]]
        self.overflow = table.get("overflow")
        self.warn = duration(sla.get("warn"))
        self.within = duration(sla["within"])
        self.escalate = duration(sla.get("escalate"))
        self.reassign = duration(sla.get("reassign"))
        self.reassign_at_most = sla.get("reassign_at_most", 2)
        self.responses = sla.get("responses", RESPONSES)
        self.releases = sla.get("releases", RELEASES)


class Policy:
    """The whole agreement."""

    def __init__(self, data, holiday_lists):
        table = tomllib.loads(data.decode(), parse_float=Decimal)
        self.version = table["version"]
        self.hash = blake3(data).hex()[:16]
        score, qualify = table["score"], table["qualify"]
        self.forget_after_days = score["forget_after_days"]
        self.engagement = [EngagementRule(each) for each in score.get("engagement", [])]
        self.fit = [FitRule(each) for each in score.get("fit", [])]
        self.fit_at_least = qualify["fit_at_least"]
        self.engagement_at_least = qualify["engagement_at_least"]
        self.requalify_after = qualify["requalify_after_days"] * DAY
        self.not_before = _instant(qualify.get("not_before"))
        self.fast_tracks = [(each["rule"], each.get("fit_at_least", 0))
                            for each in qualify.get("fast_track", [])]
        self.blocks = [[Condition(one) for one in each["when"]] for each in qualify.get("block", [])]
        self.routes = [Route(each) for each in table["route"]]
        calendars = {each["id"]: Calendar(each, holiday_lists) for each in table["calendar"]}
        self.teams = [TeamPolicy(each, calendars) for each in table["team"]]
        self.reps = table.get("rep", [])
        self.reject = {fold(reason): leads_to for reason, leads_to in table.get("reject", {}).items()}

    def stamp(self):
        """Every decision carries it (section 2)."""
        return {"version": self.version, "hash": self.hash}


def _instant(value):
    """A TOML date-time or text, in milliseconds."""
    if isinstance(value, datetime):
        epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
        return (value - epoch).days * DAY + (value - epoch).seconds * 1000 + (value - epoch).microseconds // 1000
    return read_time(value)


def read_holidays(path):
    """Dates from a text file, one a line, `#` begins a comment."""
    days = set()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if line:
                days.add(date.fromisoformat(line))
    return days
