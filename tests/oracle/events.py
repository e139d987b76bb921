"""Events as they come in: CloudEvents checks and data by type (contract, sections 1 and 9).

The order of checks is that of section 9: readable, CloudEvents attributes,
type, data, time; what depends on state is checked by the oracle itself.
"""

import base64
import binascii
import re
from types import SimpleNamespace

import choices
from text import Number, fold, read, read_time, trim, write

FORM = "tasuki.form.submitted.v1"
ENGAGEMENT = "tasuki.engagement.recorded.v1"
PROFILE = "tasuki.profile.changed.v1"
FOLLOW_UP = "tasuki.follow-up.recorded.v1"
REP = "tasuki.rep.changed.v1"
CONSENT = "tasuki.consent.changed.v1"
ERASED = "tasuki.lead.erased.v1"

OUTCOMES = {"accepted", "attempted", "contacted", "meeting_held", "qualified",
            "opportunity_created", "won", "lost", "rejected", "recycled"}

EVENT_BYTES = 256 * 1024
NAME_BYTES = 256
TEXT_BYTES = 4096
PROFILE_ATTRIBUTES = 64
PROFILE_VALUE_BYTES = 1024
CAPACITY = 1_000_000
WEIGHT = 1000


class Bad(Exception):
    """A bad record: its reason from the closed set, and a detail for people."""

    def __init__(self, reason, detail):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def parse(event, at):
    """A checked event, or `Bad`. `at` is the journal time."""
    if len(write(event).encode()) > EVENT_BYTES:
        raise Bad("too-large", "the event is larger than 256 KiB")
    _check_attributes(event)
    if event["type"] not in READERS:
        raise Bad("unknown-type", "no such type")
    parsed = SimpleNamespace(type=event["type"], source=event["source"], id=event["id"])
    READERS[event["type"]](parsed, _data(event))
    time = event.get("time")
    parsed.time = at if time is None else read_time(time)
    if parsed.time is None:
        raise Bad("invalid-time", "time is not RFC 3339")
    parsed.time = min(parsed.time, at)
    return parsed


def causation(event):
    """`<source>#<id>` of an input, good or bad; None where it has none."""
    if isinstance(event, dict) and isinstance(event.get("source"), str) and isinstance(event.get("id"), str):
        return f"{event['source']}#{event['id']}"
    return None


def _check_attributes(event):
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise Bad("not-cloudevents", "specversion is not 1.0")
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or event[name] == "":
            raise Bad("not-cloudevents", f"{name} is missing or not text")
        if len(event[name].encode()) > NAME_BYTES:
            raise Bad("not-cloudevents", f"{name} is longer than 256 bytes")


def _data(event):
    data = event.get("data")
    if "data_base64" in event and data is None:
        try:
            data = read(base64.b64decode(event["data_base64"], validate=True).decode())
        except (ValueError, TypeError, binascii.Error):
            raise Bad("invalid-data", "data_base64 is not JSON") from None
    if not isinstance(data, dict):
        raise Bad("invalid-data", "data is not an object")
    return data


# Members of data. A null in an optional member is absence (section 9).

def _text(data, name, required=False, limit=NAME_BYTES):
    """Text; what is empty after trimming is absent (section 9)."""
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise Bad("invalid-data", f"{name} is not text")
    if value is not None and trim(value) == "":
        value = None
    if value is None and required:
        raise Bad("invalid-data", f"{name} is missing")
    if value is not None and limit and len(value.encode()) > limit:
        raise Bad("invalid-data", f"{name} is longer than {limit} bytes")
    return value


def _long_text(data, name):
    """`message` and `note`: 4 KiB, cut at a character and marked (section 8, Limits)."""
    value = _text(data, name, limit=None)
    if value is not None and len(value.encode()) > TEXT_BYTES:
        value = value.encode()[:TEXT_BYTES].decode(errors="ignore") + "…"
    return value


def _bool(data, name, required=False):
    value = data.get(name)
    if value is None and required:
        raise Bad("invalid-data", f"{name} is missing")
    if value is not None and not isinstance(value, bool):
        raise Bad("invalid-data", f"{name} is not true or false")
    return value


def _integer(data, name, low, high):
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, Number) or not value.is_integer():
        raise Bad("invalid-data", f"{name} is not an integer")
    if not low <= int(value.text) <= high:
        raise Bad("invalid-data", f"{name} is out of range")
    return int(value.text)


def _object(data, name, required=False):
    value = data.get(name)
    if value is None and required:
        raise Bad("invalid-data", f"{name} is missing")
    if value is not None and not isinstance(value, dict):
        raise Bad("invalid-data", f"{name} is not an object")
    return value


def _person(data, required=True):
    """The identifiers given, strongest first; a lead id may be an integer (section 9)."""
    value = _object(data, "person", required)
    if value is None:
        return None
    person = {}
    if isinstance(value.get("lead_id"), Number):
        if not value["lead_id"].is_integer():
            raise Bad("invalid-data", "lead_id is neither text nor an integer")
        person["lead_id"] = value["lead_id"] if choices.INTEGER_LEAD_ID == "number" else value["lead_id"].text
    for name in ("lead_id", "email", "anonymous_id"):
        if name not in person and (text := _text(value, name)) is not None:
            person[name] = text
    if not person:
        raise Bad("invalid-data", "person has no identifier")
    return person


def identities(person):
    """`id:…`, `email:…`, `anon:…` of a person, strongest first (section 1)."""
    names = []
    if "lead_id" in person:
        lead_id = person["lead_id"]
        names.append("id:" + (lead_id.text if isinstance(lead_id, Number) else lead_id))
    if "email" in person:
        names.append("email:" + fold(trim(person["email"])))
    if "anonymous_id" in person:
        names.append("anon:" + person["anonymous_id"])
    return names


def _profile(data, required=False):
    """Attributes given; what is no text, number, bool or null is ignored (section 9)."""
    value = _object(data, "profile", required)
    if value is None:
        return {}
    if len(value) > PROFILE_ATTRIBUTES:
        raise Bad("invalid-data", "profile has more than 64 attributes")
    profile = {}
    for name, each in value.items():
        if isinstance(each, (dict, list)) or isinstance(each, Number) and not _is_plain(each):
            continue
        if len(name.encode()) > NAME_BYTES or isinstance(each, str) and len(each.encode()) > PROFILE_VALUE_BYTES:
            raise Bad("invalid-data", "an attribute is too long")
        profile[name] = each
    return profile


def _is_plain(number):
    """At most 18 digits and 6 decimal places (section 9)."""
    _, digits, exponent = number.value.as_tuple()
    return len(digits) + max(0, exponent) <= 18 and -exponent <= 6


def _campaign(data):
    """`source`, `medium`, `name`; one without any of them counts as none."""
    value = _object(data, "campaign")
    if value is None:
        return None
    members = {name: _text(value, name) for name in ("source", "medium", "name")}
    given = {name: text for name, text in members.items() if text is not None}
    return (members if choices.NULL_IN_CAMPAIGN else given) if given else None


def _read_form(event, data):
    event.person = _person(data)
    event.form = _text(data, "form", required=True)
    event.profile = _profile(data)
    event.campaign = _campaign(data)
    event.sales_contact = _bool(_object(data, "consent") or {}, "sales_contact")
    event.message = _long_text(data, "message")
    event.is_bot = False


def _read_engagement(event, data):
    event.person = _person(data)
    event.activity = _text(data, "activity", required=True)
    event.target = _text(data, "target", limit=None)
    event.campaign = _campaign(data)
    event.is_bot = _bool(data, "is_bot") or False
    event.profile = {}
    event.sales_contact = None


def _read_profile(event, data):
    event.person = _person(data)
    event.profile = _profile(data, required=True)
    event.campaign = None
    event.sales_contact = None
    event.is_bot = False


def _read_consent(event, data):
    event.person = _person(data)
    event.sales_contact = _bool(data, "sales_contact", required=True)
    event.profile = {}
    event.campaign = None
    event.is_bot = False


def _read_follow_up(event, data):
    event.handoff_id = _text(data, "handoff_id", limit=None)
    event.person = _person(data, required=event.handoff_id is None)
    event.outcome = _text(data, "outcome", required=True)
    if event.outcome not in OUTCOMES:
        raise Bad("invalid-data", "outcome is not one of the ten")
    event.reason = _text(data, "reason")
    event.note = _long_text(data, "note")
    event.rep = _text(data, "rep")
    amount = _object(data, "amount")
    event.amount = amount and {name: _text(amount, name, required=True) for name in ("value", "currency")}


def _read_rep(event, data):
    event.rep = _text(data, "rep", required=True)
    skills = data.get("skills")
    if skills is not None and not (isinstance(skills, list) and all(isinstance(s, str) for s in skills)):
        raise Bad("invalid-data", "skills is not a list of text")
    event.members = {
        "available": _bool(data, "available"),
        "capacity": _integer(data, "capacity", 0, CAPACITY),
        "team": _text(data, "team"),
        "weight": _integer(data, "weight", 1, WEIGHT),
        "skills": skills,
    }


def _read_erased(event, data):
    event.person = _person(data)


READERS = {
    FORM: _read_form,
    ENGAGEMENT: _read_engagement,
    PROFILE: _read_profile,
    CONSENT: _read_consent,
    FOLLOW_UP: _read_follow_up,
    REP: _read_rep,
    ERASED: _read_erased,
}

HANDOFF_ID = re.compile(r"([0-9a-f]{32})-([1-9][0-9]*)-([1-9][0-9]*)")


def split_handoff_id(text):
    """(lead id, cycle, attempt), or None if it has another form than section 4's."""
    match = HANDOFF_ID.fullmatch(text)
    return match and (match[1], int(match[2]), int(match[3]))
