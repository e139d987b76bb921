"""Cases from collections that others have made: tests/corpora, where each has its licence.

JSONTestSuite, the Big List of Naughty Strings, and the format tests of JSON Schema for e-mail and
date-time. Broken UTF-8 is written here, class by class as in Markus Kuhn's stress test, whose text
is a page for people rather than cases.
"""

import base64
import json
import os

from bad_cases import Case, encode, good
from harness import ROOT
from verdicts import CONSENT, ENGAGEMENT, ERASED, FOLLOW_UP, FORM, PROFILE, REP, is_text, is_time

CORPORA = os.path.join(ROOT, "tests", "corpora")


def corpus(name):
    with open(os.path.join(CORPORA, name), encoding="utf-8") as file:
        return json.loads(file.read())


# ---- JSONTestSuite ---------------------------------------------------------


def json_test_suite():
    """(name, bytes) of the 318 texts to be parsed and the 22 that parsers change."""
    with open(os.path.join(CORPORA, "json-test-suite.ndjson"), encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)
            repeated = base64.b64decode(text.get("repeat", "")) * text.get("times", 0)
            yield text["name"], repeated + base64.b64decode(text["base64"])


def is_json(name):
    """What the suite says of a text: `y_` is JSON, `n_` is not. What it leaves open (`i_`), we
    take where only a number is odd, since numbers are kept as they are written; not where text is
    no UTF-8, a surrogate is alone, a byte order mark is in front, or it is nested 500 deep."""
    kind = name.split("/")[1]
    if name.startswith("transform/"):
        return "surrogate" not in kind and "invalid" not in kind
    return kind.startswith("y_") or kind.startswith("i_number")


def json_cases():
    """Each text as a whole record, and as a member that is not ours of a good event."""
    for number, (name, text) in enumerate(json_test_suite()):
        yield Case(f"{name} alone", ENGAGEMENT, text, ours="not-json" if not is_json(name) else None)
        within = b'{"id":"json-%d","type":"%b","person":{"lead_id":"json"},"activity":"a","x":%b}' % (
            number, ENGAGEMENT.encode(), text)
        yield Case(f"{name} within", ENGAGEMENT, within, ours="accepted" if is_json(name) else "not-json")


# ---- the Big List of Naughty Strings ---------------------------------------


def naughty_cases():
    """Every string in every text field of every type, in header names, header values and keys."""
    for number, text in enumerate(corpus("blns.json")):
        for case in naughty(f"naughty {number}", text):
            yield case


def naughty(name, text):
    person = {"lead_id": text, "email": text, "anonymous_id": text}
    campaign = {"source": text, "medium": text, "name": text}
    raw = text.encode()
    yield Case(f"{name} form", FORM, good(FORM, form=text, message=text, person=person, campaign=campaign,
                                          profile={text: text, "company": text}), raw, ((f"x-{text}", raw),))
    yield Case(f"{name} engagement", ENGAGEMENT, good(ENGAGEMENT, activity=text, target=text, campaign=campaign,
                                                      person={"email": text}), raw)
    yield Case(f"{name} profile", PROFILE, good(PROFILE, person={"anonymous_id": text}, profile={text: text}))
    yield Case(f"{name} consent", CONSENT, good(CONSENT, person={"email": text, "anonymous_id": text}))
    # Whom an erasure names nobody else names, so that nothing hangs on what comes first.
    erased = {identifier: f"{name}, erased {text}" for identifier in person}
    yield Case(f"{name} erasure", ERASED, good(ERASED, person=erased))
    yield Case(f"{name} rep", REP, good(REP, rep=text, skills=[text, text]))
    yield Case(f"{name} team", REP, good(REP, team=text))
    told = {"reason": text, "note": text, "rep": text, "amount": {"value": text, "currency": text}}
    yield Case(f"{name} follow-up", FOLLOW_UP, good(FOLLOW_UP, person=person, **told), late=True)
    # A blank one is none, and then the person counts.
    yield Case(f"{name} handoff", FOLLOW_UP, good(FOLLOW_UP, handoff_id=text), late=True)
    yield Case(f"{name} outcome", FOLLOW_UP, good(FOLLOW_UP, outcome=text))
    yield Case(f"{name} names", ENGAGEMENT, good(ENGAGEMENT, id=text, source=text, person={"lead_id": name}))
    event = {"specversion": "1.0", "id": text, "source": text, "type": ENGAGEMENT, "subject": text, "x": text,
             "data": {"person": {"lead_id": name}, "activity": text}}
    yield Case(f"{name} structured", ENGAGEMENT, encode(event))
    yield Case(f"{name} type", ENGAGEMENT, encode(event | {"type": text}))
    yield Case(f"{name} time", ENGAGEMENT, encode(event | {"time": text}))
    yield Case(f"{name} version", ENGAGEMENT, encode(event | {"specversion": text}))
    yield Case(f"{name} media", ENGAGEMENT, encode(event | {"datacontenttype": text}))
    yield Case(f"{name} base64", ENGAGEMENT, encode({name: value for name, value in event.items() if name != "data"}
                                                    | {"data_base64": text}))
    headers = (("ce_specversion", b"1.0"), ("ce_id", raw), ("ce_source", raw), ("ce_type", ENGAGEMENT.encode()), ("ce_x", raw))
    yield Case(f"{name} binary", ENGAGEMENT, encode(event["data"]), raw, headers)
    yield Case(f"{name} as it is", ENGAGEMENT, raw)


# ---- the format tests of JSON Schema ---------------------------------------


def format_cases():
    """Times as the suite judges them, but for the 61st second, which we do not take; e-mail
    addresses, which we compare and do not judge, so that any text is one."""
    for number, test in enumerate(tests_of("date-time.json")):
        event = {"specversion": "1.0", "id": f"time-{number}", "source": "/s", "type": ENGAGEMENT, "time": test["data"],
                 "data": {"person": {"lead_id": "format"}, "activity": "a"}}
        told = test["valid"] and ":60" not in str(test["data"]) and isinstance(test["data"], (str, type(None)))
        assert not is_text(test["data"]) or is_time(test["data"]) == told, test
        yield Case(f"date-time {number}", ENGAGEMENT, encode(event), ours="accepted" if told else "invalid-time")
    for name in ("email", "idn-email"):
        for number, test in enumerate(tests_of(f"{name}.json")):
            told = isinstance(test["data"], str) and test["data"] != ""
            event = good(FORM, id=f"{name}-{number}", source="/s", person={"email": test["data"]})
            yield Case(f"{name} {number}", FORM, event, ours="accepted" if told else "invalid-data")


def tests_of(name):
    return [test for group in corpus(name) for test in group["tests"]]


# ---- broken UTF-8 ----------------------------------------------------------


def utf8_cases():
    for number, (what, text) in enumerate(utf8_texts()):
        value = b'{"id":"utf8-%d","type":"%b","person":{"lead_id":"utf8"},"activity":"a","target":"%b"}' % (
            number, ENGAGEMENT.encode(), text)
        told = "accepted" if what.endswith("encoded") else "not-json"
        yield Case(f"UTF-8, {what}: {text.hex()}", ENGAGEMENT, value, ours=told)


def utf8_texts():
    """Sequences and what they are."""
    for point in (0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF, *range(0xFDD0, 0xFDF0),
                  *(plane << 16 | last for plane in range(17) for last in (0xFFFE, 0xFFFF))):
        yield "a character or none, but encoded", chr(point).encode()
    for point in (0x110000, 0x13FFFF, 0x1FFFFF, 0x200000, 0x3FFFFFF, 0x4000000, 0x7FFFFFFF):
        yield "beyond the last character", stretched(point)
    for byte in range(0x80, 0xC0):
        yield "a continuation byte alone", bytes([byte])
    for count in range(2, 8):
        yield "continuation bytes alone", bytes(range(0x80, 0x80 + count))
    for byte in range(0xC0, 0x100):
        yield "a first byte alone", bytes([byte]) + b" "
    for point in (0x7FF, 0xFFFF, 0x10FFFF, 0x3FFFFFF, 0x7FFFFFFF, 0xA9, 0x2260):
        whole = stretched(point)
        for end in range(1, len(whole)):
            yield "cut", whole[:end]
            yield "cut, then text", whole[:end] + b"text"
    for point, lengths in ((0x2F, range(2, 7)), (0, range(2, 7)), (0x7F, [2]), (0x7FF, [3]), (0xFFFF, [4]), (0x1FFFFF, [5]),
                           (0x3FFFFFF, [6])):
        for length in lengths:
            yield "longer than needed", stretched(point, length)
    high, low = (0xD800, 0xDB7F, 0xDB80, 0xDBFF), (0xDC00, 0xDF80, 0xDFFF)
    for each in (*high, *low):
        yield "a surrogate", stretched(each)
    for first in high:
        for second in low:
            yield "surrogates", stretched(first) + stretched(second)


def stretched(point, length=None):
    """The sequence of so many bytes that would stand for a number if there were no rules."""
    length = length or next(count for count, bits in ((2, 11), (3, 16), (4, 21), (5, 26), (6, 31)) if point < 1 << bits)
    rest = [0x80 | point >> 6 * place & 0x3F for place in reversed(range(length - 1))]
    return bytes([0x100 - (1 << (8 - length)) & 0xFF | point >> 6 * (length - 1), *rest])


def corpora():
    return [*json_cases(), *naughty_cases(), *format_cases(), *utf8_cases()]
