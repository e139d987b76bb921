"""Cases of our own: what is odd in keys, headers, sizes, encodings, JSON, attributes, times, and in
every member of every type of event.

`ours` says what must become of a case where it is plain to see; `verdicts.py` says it for all.
"""

import base64
import copy
import gzip
import itertools
import json

from verdicts import CONSENT, ENGAGEMENT, ERASED, FOLLOW_UP, FORM, PROFILE, REP, TYPES

KIB = 1024
ROLES = {FORM: "forms", PROFILE: "forms", ENGAGEMENT: "engagement", FOLLOW_UP: "follow-ups", REP: "roster",
         CONSENT: "privacy", ERASED: "privacy"}
TEAM = "inside"
COUNT = itertools.count()


class Case:
    """A record, the source it goes to, and when: `late` ones after all others."""

    def __init__(self, name, kind, value, key=None, headers=(), ours=None, late=False, time=None, by_http=True):
        self.name, self.role, self.value, self.key = name, ROLES[kind], value, key
        self.headers = tuple((each, encoded(content)) for each, content in headers)
        self.ours, self.late, self.time = ours, late, time
        self.by_http = by_http and value is not None


def encoded(content):
    return content.encode() if isinstance(content, str) else content


def encode(value):
    return json.dumps(value, ensure_ascii=False).encode()


def bare(kind, **members):
    """A good event as bare JSON; each has a name and a person of its own."""
    number = next(COUNT)
    person = {"lead_id": f"person-{number}"}
    data = {FORM: {"person": person, "form": "newsletter"}, ENGAGEMENT: {"person": person, "activity": "chat_started"},
            PROFILE: {"person": person, "profile": {"company": "A"}}, CONSENT: {"person": person, "sales_contact": True},
            FOLLOW_UP: {"person": {"lead_id": "known"}, "outcome": "attempted"}, ERASED: {"person": person},
            REP: {"rep": f"rep-{number}", "team": TEAM, "capacity": 0}}[kind]
    return {"id": f"event-{number}", "source": "/bad", "type": kind, **copy.deepcopy(data), **members}


def good(kind, **members):
    return encode(bare(kind, **members))


def cloud(kind=ENGAGEMENT, without=(), data=None, **attributes):
    """A structured CloudEvent."""
    event = bare(kind)
    data = data or {name: value for name, value in event.items() if name not in ("id", "source", "type")}
    whole = {"specversion": "1.0", "id": event["id"], "source": "/bad", "type": kind, "data": data} | attributes
    return encode({name: value for name, value in whole.items() if name not in without})


def binary(without=(), **attributes):
    """The headers of a CloudEvent in binary mode, and its value."""
    event = bare(ENGAGEMENT)
    headers = {"specversion": "1.0", "id": event["id"], "source": "/bad", "type": ENGAGEMENT} | attributes
    named = [(f"ce_{name}", value) for name, value in headers.items() if name not in without]
    return named, encode({name: event[name] for name in ("person", "activity")})


# ---- keys, headers, sizes --------------------------------------------------


def key_cases():
    keys = {"null": None, "empty": b"", "of 1 MiB": b"k" * (KIB * KIB), "of every byte": bytes(range(256)),
            "of zeros": b"\0" * 16, "not UTF-8": b"\xff\xfe", "JSON": b'{"person":1}', "with a line's end": b"a\r\n\tb"}
    for name, key in keys.items():
        yield Case(f"key {name}, good", ENGAGEMENT, good(ENGAGEMENT), key, ours="accepted")
        yield Case(f"key {name}, bad", ENGAGEMENT, b"{", key, ours="not-json")
        yield Case(f"key {name}, tombstone", FORM, None, key, ours="not-json")
        yield Case(f"key {name}, 0 bytes", FORM, b"", key, ours="not-json")


def header_cases():
    odd = {"1,000 headers": [(f"h{number}", b"v") for number in range(1000)],
           "the same header 1,000 times": [("h", b"%d" % number) for number in range(1000)],
           "duplicate, null and empty": [("h", b"1"), ("h", b"1"), ("h", None), ("", b""), ("", None)],
           "not UTF-8": [("h", b"\xff\xfe\0")], "a value of 500 KiB": [("h", b"v" * (500 * KIB))],
           "a name of 30,000 bytes": [("n" * 30_000, b"v")], "a name of other letters": [("größe 名前", "ü")],
           "ours, from an earlier dead letter": [("tasuki_dlq_reason", b"not-json"), ("tasuki_dlq_topic", None)],
           "attributes without a version": [("ce_id", b"1"), ("ce_id", None)],
           "attributes in capitals": [("CE_SPECVERSION", b"1.0"), ("Content-Type", b"text/plain")]}
    for name, headers in odd.items():
        few = len(headers) < 50 and all(each and each.isascii() and each.isprintable() and len(each) < 100 and " " not in each
                                        and content is not None and len(content) < KIB for each, content in headers)
        by_http = few and not name.startswith("attributes in")
        yield Case(f"headers: {name}, good", FORM, good(FORM), b"k", headers, ours="accepted", by_http=by_http)
        yield Case(f"headers: {name}, bad", FORM, b"[", b"k", headers, ours="not-json", by_http=by_http)
    many = [(f"ce_x{number}", b"v") for number in range(1000)]
    named, value = binary()
    yield Case("1,000 extension attributes", ENGAGEMENT, value, None, named + many, ours="accepted", by_http=False)
    named, value = binary()
    yield Case("of 1,000 one twice", ENGAGEMENT, value, None, named + many + many[:1], ours="not-cloudevents", by_http=False)


def size_cases():
    for extra, ours in ((-1, "accepted"), (0, "accepted"), (1, "too-large")):
        value = good(FORM)
        yield Case(f"256 KiB and {extra}", FORM, value + b" " * (256 * KIB + extra - len(value)), ours=ours)
    for size in (1024 * KIB - 100, 1024 * KIB + 1, 4096 * KIB - 1000):
        yield Case(f"{size} bytes", FORM, b'{"x":"' + b"x" * (size - 8) + b'"}', ours="too-large")
    yield Case("a million spaces", FORM, b" " * 1_000_000, ours="too-large")
    yield Case("a value of 250 KiB", FORM, good(FORM, message="m" * (250 * KIB)), ours="accepted")
    yield Case("20,000 members", FORM, good(FORM, **{f"m{number}": 1 for number in range(20_000)}), ours="accepted")
    yield Case("20,000 empty objects", FORM, good(FORM, x=[{} for _ in range(20_000)]), ours="accepted")
    yield Case("one name 10,000 times", ENGAGEMENT, good(ENGAGEMENT)[:-1] + b',"activity":"a"' * 10_000 + b"}", ours="accepted")


# ---- encodings and JSON ----------------------------------------------------


def encoding_cases():
    text = good(FORM, message="デモを見たい, größer").decode()
    for name in ("shift_jis", "euc_jp", "iso2022_jp", "latin_1", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_7", "cp037",
                 "utf_8_sig"):
        ours = "accepted" if name == "utf_7" else "not-json"
        raw = text.encode(name, errors="replace") if name != "utf_7" else good(FORM, message="+MMcw4g-")
        # ASCII may be all that an encoding with escapes leaves; what it means is not ours to see.
        yield Case(f"in {name}", FORM, raw, ours=None if name == "iso2022_jp" else ours)
    raw = text.encode()
    yield Case("compressed", FORM, gzip.compress(raw), ours="not-json")
    yield Case("in base64", FORM, base64.b64encode(raw), ours="not-json")
    yield Case("framed by Confluent's serializer", FORM, b"\0\0\0\0\7" + good(FORM), ours="accepted")
    yield Case("Avro in Confluent's frame", FORM, b"\0\0\0\0\7\x0eexample\x02", ours="not-json")
    for count in (1, 4, 5, 6):
        yield Case(f"{count} zero bytes", FORM, b"\0" * count, ours="not-json")
    yield Case("a zero byte in front", FORM, b"\0" + good(FORM), ours="not-json")
    yield Case("a zero byte behind", FORM, good(FORM) + b"\0", ours="not-json")
    yield Case("a zero byte in text", FORM, good(FORM, message="a").replace(b'"a"', b'"a\0"'), ours="not-json")
    yield Case("a zero byte escaped", FORM, good(FORM, message="a\0b", form="\0"), ours="accepted")
    yield Case("Protobuf", FORM, b"\x0a\x07example\x10\x96\x01", ours="not-json")
    yield Case("XML", FORM, b"<form/>", ours="not-json")
    yield Case("two values", FORM, good(FORM) + b"\n" + good(FORM), ours="not-json")
    yield Case("space around", FORM, b" \t\r\n" + good(FORM) + b" \t\r\n", ours="accepted")
    yield Case("no-break space around", FORM, "\u00a0".encode() + good(FORM), ours="not-json")


def json_cases():
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        for levels in (126, 127, 128, 129, 1000, 100_000):
            inner = (opened * levels + ("1" if opened != "[" else "") + closed * levels).encode()
            value = b'{"x":' + inner + b"," + good(FORM)[1:]
            ours = None if len(value) <= 256 * KIB else "too-large"
            yield Case(f"nested {levels} deep in {opened}", FORM, value, ours=ours or ("accepted" if levels < 128 else "not-json"))
        yield Case(f"100,000 of {opened}", FORM, (opened * 100_000).encode()[: 256 * KIB], ours="not-json")
    for digits in (18, 19, 256, 257, 5000, 250_000, 1_000_000):
        number, size = b"9" * digits, "too-large" if digits > 256_000 else None
        for member, ours in (("x", "accepted"), ("lead_id", "accepted" if digits <= 256 else "invalid-data"),
                             ("attribute", "accepted")):
            value = good(PROFILE, x="@") if member == "x" else good(PROFILE, person={"lead_id": "@"}) if member == "lead_id" \
                else good(PROFILE, profile={"employees": "@"})
            yield Case(f"a number of {digits} digits as {member}", PROFILE, value.replace(b'"@"', number), ours=size or ours)
    for number in ("-0", "1e400", "1E-400", "1e99999999999", "0.0000001", "1.0000000000000000000000001", "-1e+2", "123456789012.345678"):
        yield Case(f"the number {number}", PROFILE, good(PROFILE, profile={"n": "@"}).replace(b'"@"', number.encode()), ours="accepted")
    for text in ("NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "1e", "0x1F", "1_000", "١", "TRUE", "None", "undefined",
                 "'a'", "a", '"\t"', '"\\x41"', '"\\u12G4"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud800\\u0041"', '"\\', '"\x7f',
                 "[1,]", "[,1]", "{,}", '{"a":1,}', "{a:1}", '{"a" 1}', '{"a":}', "{1:1}", "[1}", "/**/1", "//\n1", "#\n1", "1 1"):
        yield Case(f"JSON with {text!r}", FORM, good(FORM, x="@").replace(b'"@"', text.encode()), ours="not-json")
    for text in ('"\\u0000\\/\\b\\f\\n\\r\\t\\\\\\""', '"\\ud83d\\ude00"', '"\\uFFFF\\uFDD0"', '"\u2028\u2029\x7f"', "[]", "{}", "[[],{}]"):
        yield Case(f"JSON with {text!r}", FORM, good(FORM, x="@").replace(b'"@"', text.encode()), ours="accepted")
    for first, last, ours in (("5", '"a"', "accepted"), ('"a"', "5", "invalid-data"), ('"a"', "null", "invalid-data")):
        value = good(ENGAGEMENT, activity="@").replace(b'"@"', f'{first},"activity":{last}'.encode())
        yield Case(f"a member twice, {first} then {last}", ENGAGEMENT, value, ours=ours)
    long = '"' + "l" * 1025 + '"'
    for first, last, ours in ((long, '"b"', "accepted"), ('"b"', long, "invalid-data"), ("5", "[]", "accepted")):
        value = good(PROFILE, profile={"a": "@"}).replace(b'"@"', f'{first},"a":{last}'.encode())
        yield Case(f"an attribute twice, {first[:5]} then {last[:5]}", PROFILE, value, ours=ours)


# ---- attributes and times --------------------------------------------------


def attribute_cases():
    for name in ("specversion", "id", "source", "type", "data"):
        for value in (None, 5, True, [], {}, "", " ", "x" * 257):
            yield Case(f"{name} is {str(value)[:9]!r}", ENGAGEMENT, cloud(**{name: value}))
        yield Case(f"without {name}", ENGAGEMENT, cloud(without=[name]))
    for version in ("0.3", "1.1", "1", "2.0", "1.0 ", "１.0"):
        yield Case(f"version {version!r}", ENGAGEMENT, cloud(specversion=version), ours="not-cloudevents")
    for media in ("application/json", "APPLICATION/JSON; charset=utf-8", "application/x+json", "+json", "text/json", "text/plain", "",
                  5, "application/xml"):
        yield Case(f"datacontenttype {media!r}", ENGAGEMENT, cloud(datacontenttype=media))
    data = base64.b64encode(b'{"person":{"lead_id":"base64"},"activity":"a"}').decode()
    for text in (data, data.rstrip("="), data + "=", data + "\n", data[:-4] + "!AA=", "", "====", "e30=", "bnVsbA==", "//79", 5,
                 data.replace("y", "-"), "W" * 4000):
        yield Case(f"data_base64 {str(text)[:9]!r}", ENGAGEMENT, cloud(without=["data"], data_base64=text))
    yield Case("data and data_base64", ENGAGEMENT, cloud(data_base64=data), ours="not-cloudevents")
    yield Case("other attributes", ENGAGEMENT, cloud(subject=5, dataschema={}, X="", traceparent=None, ünïcode=[1]), ours="accepted")
    for name in ("id", "source", "type", "occurred_at"):
        for value in (None, 5, -5, 1.5, True, [], {}, "", " ", "\u3000", "x" * 256, "x" * 257, 10**255, 10**256):
            yield Case(f"bare {name} is {str(value)[:9]!r}", ENGAGEMENT, good(ENGAGEMENT, **{name: value}))
    yield Case("a name of its own kind", ENGAGEMENT, good(ENGAGEMENT, type="com.example.other.v1"), ours="unknown-type")
    yield Case("a type of what goes out", ENGAGEMENT, good(ENGAGEMENT, type="tasuki.lead.handed-off.v1"), ours="unknown-type")


def mode_cases():
    named, value = binary()
    yield Case("binary", ENGAGEMENT, value, None, named, ours="accepted")
    for name in ("id", "source", "type"):
        for content in (b"", b"\xff", b"x" * 257):
            named, value = binary(**{name: content})
            yield Case(f"binary, {name} is {content[:9]!r}", ENGAGEMENT, value, None, named, by_http=content != b"\xff")
        named, value = binary(without=[name])
        yield Case(f"binary without {name}", ENGAGEMENT, value, None, named, ours="not-cloudevents")
        named, value = binary(**{name: None})
        yield Case(f"binary, {name} is null", ENGAGEMENT, value, None, named, ours="not-cloudevents", by_http=False)
        named, value = binary()
        yield Case(f"binary, {name} twice", ENGAGEMENT, value, None, [*named, (f"ce_{name}", b"x")], ours="not-cloudevents")
    for version in (b"", b"0.3", b"1.1", b"\xff", b" 1.0"):
        named, value = binary(specversion=version)
        yield Case(f"binary, version {version!r}", ENGAGEMENT, value, None, named, ours="not-cloudevents", by_http=version != b"\xff")
    for media in ("application/json", "application/vnd.x+json;v=1", "text/plain", "application/cloudevents+json", "", None):
        named, value = binary()
        by_http = media is not None and media.startswith(("application/json", "application/vnd"))
        yield Case(f"binary as {media!r}", ENGAGEMENT, value, None, [*named, ("content-type", media)], by_http=by_http)
    for content in (b"[]", b"null", b"5", b'"a"', b"", b"{", b"\xff"):
        yield Case(f"binary, data {content!r}", ENGAGEMENT, content, None, binary()[0])
    yield Case("in both modes", ENGAGEMENT, cloud(), None, binary()[0], ours="not-cloudevents")
    yield Case("structured, but bare", ENGAGEMENT, good(ENGAGEMENT), None, [("content-type", b"application/cloudevents+json")],
               ours="not-cloudevents")
    yield Case("structured, another type of content", ENGAGEMENT, cloud(), None, [("content-type", b"text/plain")],
               ours="accepted", by_http=False)


TIMES = {"accepted": ["2026-10-05T09:00:00Z", "2026-10-05t09:00:00z", "2026-10-05T09:00:00.5+09:00", "0000-01-01T00:00:00Z",
                      "9999-12-31T23:59:59.999999999Z", "2024-02-29T00:00:00-23:59", "2000-02-29T00:00:00Z",
                      "2026-10-05T09:00:00-00:00", "2026-10-05T09:00:00." + "9" * 1000 + "Z", "1969-12-31T23:59:59Z"],
         "invalid-time": ["", " ", "yesterday", "10000-01-01T00:00:00Z", "+10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z",
                          "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01", "1790000000", "1790000000000",
                          "2026-10-05", "09:00:00Z", "2026-10-05T09:00Z", "2026-10-05T09:00:00", "2026-10-05 09:00:00Z",
                          "2026-10-05T09:00:60Z", "2026-12-31T23:59:60Z", "2026-10-05T24:00:00Z", "2026-10-05T09:60:00Z",
                          "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-05T00:00:00Z",
                          "2026-13-05T00:00:00Z", "2026-10-00T00:00:00Z", "2026-10-32T00:00:00Z", "2026-10-05T09:00:00.Z",
                          "2026-10-05T09:00:00,5Z", "2026-10-05T09:00:00+0900", "2026-10-05T09:00:00+24:00", "2026-10-05T09:00:00+09",
                          "2026-10-05T09:00:00+09:60", "2026-10-05T09:00:00UTC", "2026-10-05T09:00:00Z ", " 2026-10-05T09:00:00Z",
                          "2026-10-05T09:00:00Z\n", "2026-10-05T09:00:00Z\0", "2026-1-5T9:00:00Z", "２０２６-10-05T09:00:00Z",
                          "20261005T090000Z", "2026-278T09:00:00Z", "2026-W41-1T09:00:00Z", "05.10.2026 09:00", "Mon, 05 Oct 2026 09:00:00 GMT",
                          "2026-10-05T09:00:00Z/P1D", "9" * 100_000, 1790000000, 1790000000000, 1.79e9, True, [], {}]}


def time_cases():
    for ours, times in TIMES.items():
        for time in times:
            yield Case(f"time {str(time)[:40]!r}", ENGAGEMENT, cloud(time=time), ours=ours)
            yield Case(f"occurred_at {str(time)[:40]!r}", ENGAGEMENT, good(ENGAGEMENT, occurred_at=time), ours=ours)
            if isinstance(time, str) and len(time) < 100 and time.isascii() and time.isprintable():
                named, value = binary(time=time)
                yield Case(f"ce_time {time!r}", ENGAGEMENT, value, None, named, ours=ours)
    for time in (0, 1, 1_790_000_000, 1_790_000_000_000):
        yield Case(f"a record of {time} ms", ENGAGEMENT, good(ENGAGEMENT), time=time, ours="accepted", by_http=False)


# ---- every member of every type --------------------------------------------

PERSON = [("person", "lead_id"), ("person", "email"), ("person", "anonymous_id")]
CAMPAIGN = [("campaign",), ("campaign", "source"), ("campaign", "medium"), ("campaign", "name")]
MEMBERS = {FORM: [("person",), *PERSON, ("form",), ("profile",), ("profile", "a"), *CAMPAIGN, ("consent",),
                  ("consent", "sales_contact"), ("message",)],
           ENGAGEMENT: [("person",), ("activity",), ("target",), *CAMPAIGN, ("is_bot",)],
           PROFILE: [("person",), *PERSON, ("profile",), ("profile", "a"), ("profile", "")],
           FOLLOW_UP: [("handoff_id",), ("outcome",), ("reason",), ("note",), ("rep",), ("amount",), ("amount", "value"),
                       ("amount", "currency")],
           REP: [("rep",), ("available",), ("capacity",), ("team",), ("weight",), ("skills",)],
           CONSENT: [("person",), *PERSON, ("sales_contact",)], ERASED: [("person",), *PERSON]}
VALUES = [None, True, False, 0, -1, 5, 1.5, 10**6, 10**6 + 1, 10**30, "", " ", "\u3000", "x", "5", "true", [], ["a"], [5], [None], {}, {"a": 1}, [[]],
          "x" * 256, "x" * 257, "é" * 129, "x" * 1024, "x" * 1025, "x" * 4096, "x" * 4097, "\0", "😀"]


def apart(value):
    """As long, and about nobody else: an erasure before or after other events is not the same."""
    mark = f"e-{next(COUNT):06}"
    if isinstance(value, str) and value.strip():
        return mark + value[len(mark):]
    return value + 10**12 + next(COUNT) if type(value) is int else value


def member_cases():
    for kind in TYPES:
        for path in MEMBERS[kind]:
            for value in VALUES:
                event = bare(kind, **({"campaign": {}} if path[0] == "campaign" else {}))
                parent = event
                for name in path[:-1]:
                    parent = parent.setdefault(name, {"value": "1", "currency": "EUR"} if name == "amount" else {})
                parent[path[-1]] = apart(value) if kind == ERASED else value
                yield Case(f"{kind} {'.'.join(path)} = {str(value)[:12]!r}", kind, encode(event), late=kind == FOLLOW_UP)
            event = bare(kind)
            event.pop(path[0], None)
            yield Case(f"{kind} without {path[0]}", kind, encode(event), late=kind == FOLLOW_UP)


def limit_cases():
    for count in (63, 64, 65, 1000):
        ours = "accepted" if count <= 64 else "invalid-data"
        yield Case(f"{count} attributes", PROFILE, good(PROFILE, profile={f"a{number}": number for number in range(count)}), ours=ours)
        yield Case(f"{count} attributes of no use", PROFILE, good(PROFILE, profile={f"a{number}": [] for number in range(count)}),
                   ours="accepted")
        yield Case(f"{count} skills", REP, good(REP, skills=["s"] * count), ours=ours)
    yield Case("an attribute's long name", PROFILE, good(PROFILE, profile={"n" * 257: 1}), ours="invalid-data")
    yield Case("a long skill", REP, good(REP, skills=["s" * 257]), ours="invalid-data")
    yield Case("an unknown rep", REP, good(REP, team=None), ours="unknown-rep")
    yield Case("an unknown team", REP, good(REP, team="nowhere"), ours="unknown-team")
    yield Case("a new rep without capacity", REP, good(REP, capacity=None), ours="invalid-data")
    for name in ("f" * 32 + "-1-1", "f" * 32 + "-0-1", "f" * 32 + "-01-1", "F" * 32 + "-1-1", "f" * 31 + "-1-1", "f" * 32 + "-1", "--",
                 "f" * 32 + "-1-4294967296", "f" * 32 + "-1-1-1", "f" * 32 + "-1-1 ", "f" * 32 + "-1-+1"):
        yield Case(f"the handoff {name}", FOLLOW_UP, good(FOLLOW_UP, handoff_id=name), ours="unknown-handoff")
    yield Case("a stranger's follow-up", FOLLOW_UP, good(FOLLOW_UP, person={"email": "nobody@example.com"}), ours="unknown-handoff")
    yield Case("a bot's page view", ENGAGEMENT, good(ENGAGEMENT, is_bot=True), ours="ignored")
    yield Case("a person in capitals", FORM, good(FORM, person={"email": " ＡＮＡ@Example.COM\u3000"}), ours="accepted")


def known():
    """Makes the lead that follow-ups are about."""
    yield Case("a known lead", FORM, good(FORM, person={"lead_id": "known"}), ours="accepted")


def own():
    makers = [known, key_cases, header_cases, size_cases, encoding_cases, json_cases, attribute_cases, mode_cases, time_cases,
              member_cases, limit_cases]
    return [case for make in makers for case in make()]
