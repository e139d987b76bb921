"""What must become of a record, read from docs/events.md alone: accepted, ignored, a duplicate, or
a dead letter with which reason.

Shares no code with Tasuki. State is known as far as these verdicts hang on it: which leads there
are, which events were taken, which reps have been named. No lead here ever crosses a threshold, so
no handoff is ever known.
"""

import base64
import binascii
import itertools
import json
import re
import unicodedata

FORM, ENGAGEMENT, PROFILE, FOLLOW_UP, REP, CONSENT, ERASED = TYPES = [
    f"tasuki.{name}.v1" for name in ("form.submitted", "engagement.recorded", "profile.changed", "follow-up.recorded",
                                     "rep.changed", "consent.changed", "lead.erased")]
OUTCOMES = ("accepted", "attempted", "contacted", "meeting_held", "qualified", "opportunity_created", "won", "lost",
            "rejected", "recycled")
EVENT_BYTES = 256 * 1024
NAME_BYTES = 256
ATTRIBUTES = 64
ATTRIBUTE_BYTES = 1024
SKILLS = 64
DEPTH = 128
# Unicode's White_Space.
SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
HANDOFF = re.compile(r"[0-9a-f]{32}-([1-9][0-9]{0,9})-([1-9][0-9]{0,9})", re.ASCII)


class Bad(Exception):
    """A dead letter's reason."""


class Number(str):
    """A JSON number as it is written."""

    def is_integer(self):
        return not set(self) & set(".eE")


# ---- JSON ------------------------------------------------------------------


def read_json(value):
    """A JSON value of RFC 8259, or `not-json`. Of members of the same name the last counts."""
    try:
        text = value.decode("utf-8")
        if depth(text) > DEPTH:
            refuse("not-json")
        read = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=lambda _: refuse("not-json"),
                          object_pairs_hook=lambda pairs: checked(pairs) and dict(pairs))
    except (ValueError, RecursionError):
        raise Bad("not-json") from None
    checked([read])
    return read


def checked(texts):
    """Lone surrogates are no text, wherever they stand."""
    for each in texts:
        if isinstance(each, str) and any("\ud800" <= letter <= "\udfff" for letter in each):
            refuse("not-json")
        if isinstance(each, (list, tuple)):
            checked(each)
    return True


def depth(text):
    """How many arrays and objects stand within each other, at most."""
    outside = re.sub(r"[^\[\]{}]", "", STRING.sub("", text))
    return max(itertools.accumulate((1 if each in "[{" else -1) for each in outside), default=0) if outside else 0


def refuse(reason):
    raise Bad(reason)


# ---- the envelope ----------------------------------------------------------


def is_json_media(media):
    essence = media.split(b";")[0].strip(b" \t\n\r\x0c").lower()
    kind, slash, subtype = essence.partition(b"/")
    return bool(kind and slash) and (subtype == b"json" or subtype.endswith(b"+json"))


class Envelope:
    """Source, id, type and time of an event, and its data or what is wrong with it."""

    def __init__(self, source, event_id, kind, time, data):
        self.source, self.id, self.kind, self.time, self.data = source, event_id, kind, time, data


def envelope(headers, value):
    names = [name for name, _ in headers]
    media = next((content for name, content in headers if name.lower() == "content-type"), None)
    binary = "ce_specversion" in names
    if isinstance(value, dict) and "specversion" in value:
        return refuse("not-cloudevents") if binary else structured(value)
    if binary:
        return from_headers(headers, media, value)
    if media is not None and media.lower().startswith(b"application/cloudevents"):
        refuse("not-cloudevents")
    return bare(value)


def structured(event):
    if event["specversion"] != "1.0" or isinstance(event["specversion"], Number):
        refuse("not-cloudevents")
    for name in ("id", "source", "type"):
        if not is_text(event.get(name)) or event[name] == "":
            refuse("not-cloudevents")
    data, encoded, media = event.get("data"), event.get("data_base64"), event.get("datacontenttype")
    if data is not None and encoded is not None:
        refuse("not-cloudevents")
    if media is not None and not (is_text(media) and is_json_media(media.encode())):
        data = None
    elif encoded is not None:
        data = from_base64(encoded)
    return Envelope(event["source"], event["id"], event["type"], event.get("time"), data)


def from_base64(encoded):
    """JSON in base64; None where there is none."""
    try:
        return read_json(base64.b64decode(encoded, validate=True)) if is_text(encoded) else None
    except (Bad, ValueError, binascii.Error):
        return None


def from_headers(headers, media, value):
    attributes = {}
    for name, content in headers:
        if name.startswith("ce_") and name in attributes:
            refuse("not-cloudevents")
        attributes[name] = content
    text = {}
    for name in ("specversion", "id", "source", "type", "time"):
        content = attributes.get(f"ce_{name}", b"" if name != "time" else b"-")
        try:
            text[name] = content.decode("utf-8") if content is not None else refuse("not-cloudevents")
        except UnicodeDecodeError:
            refuse("not-cloudevents")
        if text[name] == "" and name != "time":
            refuse("not-cloudevents")
    if text["specversion"] != "1.0":
        refuse("not-cloudevents")
    time = text["time"] if "ce_time" in attributes else None
    data = value if media is None or is_json_media(media) else None
    return Envelope(text["source"], text["id"], text["type"], time, data)


def bare(value):
    if not isinstance(value, dict):
        return Envelope(None, None, None, None, None)
    names, data = [], value
    for name in ("source", "id"):
        given = value.get(name)
        if given is not None and not is_text(given) and not (isinstance(given, Number) and given.is_integer()):
            data, given = None, None
        names.append(str(given) if given is not None and given.strip(SPACE) else None)
    return Envelope(*names, value.get("type"), value.get("occurred_at"), data)


# ---- data ------------------------------------------------------------------


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def text(data, name, limit=None, required=False):
    value = data.get(name)
    if value is None or is_text(value) and not value.strip(SPACE):
        return refuse("invalid-data") if required else None
    if not is_text(value) or limit and len(value.encode()) > limit:
        refuse("invalid-data")
    return value


def flag(data, name, required=False):
    value = data.get(name)
    if value is None and required or value is not None and not isinstance(value, bool):
        refuse("invalid-data")
    return value


def inner(data, name, required=False):
    value = data.get(name)
    if value is None and required or value is not None and not isinstance(value, dict):
        refuse("invalid-data")
    return value


def integer(data, name, low, high):
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, Number) or not value.is_integer() or len(value) > 20 or not low <= int(value) <= high:
        refuse("invalid-data")
    return int(value)


def person(data):
    """Identifiers, strongest first, as text that tells leads apart."""
    given, found = inner(data, "person", required=True), []
    lead_id = given.get("lead_id")
    if isinstance(lead_id, Number):
        if not lead_id.is_integer() or len(lead_id) > NAME_BYTES:
            refuse("invalid-data")
        found.append("id:" + ("0" if lead_id == "-0" else str(lead_id)))
    for name, mark in (("lead_id", "id:"), ("email", "email:"), ("anonymous_id", "anon:")):
        if name == "lead_id" and isinstance(lead_id, Number):
            continue
        value = text(given, name, NAME_BYTES)
        if value is not None:
            folded = unicodedata.normalize("NFKC", value.strip(SPACE)).lower() if name == "email" else value
            found.append(mark + folded)
    return found or refuse("invalid-data")


def profile(data, required=False):
    names = set()
    for name, value in (inner(data, "profile", required) or {}).items():
        if isinstance(value, (dict, list)) or isinstance(value, Number) and not is_plain(value):
            continue
        if len(name.encode()) > NAME_BYTES or is_text(value) and len(value.encode()) > ATTRIBUTE_BYTES:
            refuse("invalid-data")
        names.add(name)
    if len(names) > ATTRIBUTES:
        refuse("invalid-data")


def is_plain(number):
    """At most 18 digits and 6 decimal places, the exponent written out."""
    mantissa, _, exponent = number.lower().lstrip("-").partition("e")
    whole, _, decimals = mantissa.partition(".")
    digits = (whole + decimals).strip("0")
    if len(number) > ATTRIBUTE_BYTES or len(exponent) > 10:
        return False
    if not digits:
        return True
    last = len((whole + decimals).rstrip("0"))
    scale = int(exponent or 0) + len(whole) - last
    return scale >= -6 and len(digits) + max(scale, 0) <= 18


def campaign(data):
    for name in ("source", "medium", "name"):
        text(inner(data, "campaign") or {}, name, NAME_BYTES)


def skills(data):
    value = data.get("skills")
    if value is not None and not (isinstance(value, list) and len(value) <= SKILLS and all(
            is_text(each) and len(each.encode()) <= NAME_BYTES for each in value)):
        refuse("invalid-data")


def read_data(kind, data):
    """Who it is about, and what state must judge."""
    if not isinstance(data, dict):
        refuse("invalid-data")
    asked = {}
    if kind == REP:
        rep = text(data, "rep", NAME_BYTES, required=True)
        flag(data, "available")
        asked = {"rep": rep, "capacity": integer(data, "capacity", 0, 1_000_000), "team": text(data, "team", NAME_BYTES)}
        integer(data, "weight", 1, 1000)
        skills(data)
        return ["rep:" + rep], asked
    if kind == FOLLOW_UP:
        return follow_up(data)
    who = person(data)
    if kind == FORM:
        text(data, "form", NAME_BYTES, required=True)
        profile(data)
        flag(inner(data, "consent") or {}, "sales_contact")
        text(data, "message")
    if kind == ENGAGEMENT:
        text(data, "activity", NAME_BYTES, required=True)
        text(data, "target")
        asked["is_bot"] = flag(data, "is_bot")
    if kind in (FORM, ENGAGEMENT):
        campaign(data)
    if kind == PROFILE:
        profile(data, required=True)
    if kind == CONSENT:
        flag(data, "sales_contact", required=True)
    return (who if kind == ERASED else who[:1]), asked


def follow_up(data):
    handoff = text(data, "handoff_id")
    who = ["handoff"] if handoff is not None else person(data)[:1]
    if text(data, "outcome", required=True) not in OUTCOMES:
        refuse("invalid-data")
    for name in ("reason", "note"):
        text(data, name)
    text(data, "rep", NAME_BYTES)
    amount = inner(data, "amount")
    for name in ("value", "currency") if amount is not None else ():
        text(amount, name, NAME_BYTES, required=True)
    return who, {"handoff": handoff}


def is_time(value):
    """A date-time of RFC 3339 in the years 0000 to 9999, in UTC too, without a 61st second."""
    match = TIME.fullmatch(value) if is_text(value) else None
    if match is None:
        return False
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = {2: 29 if leap else 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)
    sign, hours, minutes = match.group(7), int(match.group(8) or 0), int(match.group(9) or 0)
    if not (1 <= month <= 12 and 1 <= day <= days and hour < 24 and minute < 60 and second < 60 and hours < 24 and minutes < 60):
        return False
    moment = (hour * 60 + minute) - (hours * 60 + minutes) * (-1 if sign == "-" else 1)
    first, last = (year, month, day) == (0, 1, 1), (year, month, day) == (9999, 12, 31)
    return not (first and moment < 0) and not (last and moment >= 24 * 60)


def is_handoff(value):
    match = HANDOFF.fullmatch(value)
    return match is not None and all(int(number) < 2**32 for number in match.groups())


# ---- verdicts --------------------------------------------------------------


class Judge:
    """Judges records one after the other; an event that was taken is remembered."""

    def __init__(self, teams, reps):
        self.teams, self.reps = set(teams), set(reps)
        self.leads, self.marks = set(), set()
        self.positions = 0

    def stateless(self, value, headers, default, topic):
        """Kind, source, id, whom it is about and what state must look at; or `Bad`."""
        if value is not None and len(value) > EVENT_BYTES:
            refuse("too-large")
        if value is None:
            refuse("not-json")
        event = envelope(headers, read_json(value[5:] if value[:1] == b"\0" and len(value) >= 5 else value))
        kind = default if event.kind is None else event.kind
        if kind not in TYPES or isinstance(kind, Number):
            refuse("unknown-type")
        who, asked = read_data(kind, event.data)
        source = topic if event.source is None else event.source
        if len(source.encode()) > NAME_BYTES or event.id is not None and len(event.id.encode()) > NAME_BYTES:
            refuse("invalid-data")
        if event.time is not None and not is_time(event.time):
            refuse("invalid-time")
        if asked.get("handoff") is not None and not is_handoff(asked["handoff"]):
            refuse("unknown-handoff")
        return kind, source, event.id, who, asked

    def verdict(self, value, headers, default, topic):
        """A list of results, one for each fact of the record, or the reason of a dead letter."""
        try:
            kind, source, name, who, asked = self.stateless(value, headers, default, topic)
            return [self._taken(kind, (each, source, name), asked) for each in who]
        except Bad as bad:
            return str(bad)

    def _taken(self, kind, mark, asked):
        if mark[2] is None:
            self.positions += 1
            mark = (*mark[:2], self.positions)
        if mark in self.marks:
            return "duplicate"
        self._check_state(kind, mark[0], asked)
        self.marks.add(mark)
        if asked.get("is_bot"):
            return "ignored"
        if kind in (FORM, ENGAGEMENT, PROFILE, CONSENT):
            self.leads.add(mark[0])
        return "accepted"

    def _check_state(self, kind, lead, asked):
        if kind == FOLLOW_UP and (asked["handoff"] is not None or lead not in self.leads):
            refuse("unknown-handoff")
        if kind == REP:
            if asked["team"] is not None and asked["team"] not in self.teams:
                refuse("unknown-team")
            if asked["rep"] not in self.reps:
                if asked["team"] is None:
                    refuse("unknown-rep")
                if asked["capacity"] is None:
                    refuse("invalid-data")
            self.reps.add(asked["rep"])
