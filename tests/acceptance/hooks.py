"""Webhooks from outside, on a real Kafka: two processes, each platform's signature made here.

    python3 tests/acceptance/hooks.py [--tasuki PATH] [--keep]

What a platform sends goes to one process, and again, signed anew, to the other, as it would behind
a load balancer. Each event counts once, each bad payload is in the dead letters as it came, and what
is not signed rightly is nowhere. Signatures are made with Python's hmac.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time

import story
from harness import ROOT, Checks, arguments, ground, read_raw, wait_for

LIMIT_SECONDS = 90
SECRET = "kanarienvogel-secret"
URL = "https://leads.example.com/hooks/hubspot"
MINUTE_MS = 60_000
SETTINGS = f"""
[http]
token = "{SECRET}"
[hooks.hubspot]
role = "engagement"
format = "hubspot"
signature = "hubspot-v3"
secret = "{SECRET}"
url = "{URL}"
[hooks.mautic]
role = "forms"
format = "mautic"
signature = "mautic"
secret = "{SECRET}"
[hooks.twenty]
role = "engagement"
format = "twenty"
signature = "twenty"
secret = "{SECRET}"
[hooks.shop]
role = "forms"
signature = "hmac"
secret = "{SECRET}"
header = "x-shop-signature"
prefix = "v1="
timestamp_header = "x-shop-time"
signed = "v1:{{timestamp}}:{{body}}"
[hooks.intern]
role = "forms"
signature = "token"
"""


def mac(secret, *parts):
    return hmac.new(secret.encode(), b"".join(parts), hashlib.sha256)


def in_base64(made):
    return base64.b64encode(made.digest()).decode()


def headers(hook, body, secret=SECRET, age_ms=0):
    """What a platform sends beside the body; names as the harness wants them."""
    millis = str(int(time.time() * 1000) - age_ms).encode()
    seconds = str(int(time.time()) - age_ms // 1000).encode()
    return {"Content_Type": "application/json"} | {
        "hubspot": {"X_HubSpot_Signature_v3": in_base64(mac(secret, b"POST", URL.encode(), body, millis)),
                    "X_HubSpot_Request_Timestamp": millis.decode()},
        "mautic": {"Webhook_Signature": in_base64(mac(secret, body))},
        "twenty": {"X_Twenty_Webhook_Signature": mac(secret, millis, b":", body).hexdigest(),
                   "X_Twenty_Webhook_Timestamp": millis.decode()},
        "shop": {"X_Shop_Signature": "v1=" + mac(secret, b"v1:", seconds, b":", body).hexdigest(),
                 "X_Shop_Time": seconds.decode()},
        "intern": {"Authorization": f"Bearer {secret}"},
    }[hook]


def sample(name):
    with open(os.path.join(ROOT, "samples", "payloads", f"{name}.json"), "rb") as file:
        return file.read()


def form(number):
    """An event of ours that qualifies a lead of its own."""
    return {"id": f"order-{number}", "person": {"email": f"kanarienvogel-{number}@leak.example"}, "form": "demo-request",
            "profile": {"employees": 500}}


# What is sent: the hook, the payload, and how many events it holds. Of Mautic's sample one is about somebody else.
GOOD = [("hubspot", sample("hubspot"), 3), ("mautic", sample("mautic"), 5), ("twenty", sample("twenty"), 1),
        ("shop", story.encode(form(1)), 1), ("intern", story.encode(form(2)), 1)]
# JSON, but no event can be made of it.
BAD = [("mautic", b'{"mautic.form_on_submit": [ {"who": "kanarienvogel"} ]}'), ("shop", b'["kanarienvogel"]')]


def send(checks, services, hook, body, what):
    """To one process, then again to the other."""
    answers = [service.post(f"/hooks/{hook}", body, **headers(hook, body)) for service in services]
    checks.equal(answers, [(202, '{"accepted":1}')] * 2, f"{hook}: {what} is accepted, and again by another process")


def refuse(checks, service):
    """Everything that is not signed rightly; what was said."""
    said = []
    for hook, body, _ in GOOD:
        timed = hook in ("hubspot", "twenty", "shop")
        missing = "unauthorized" if hook == "intern" else "signature-missing"
        wrong = "unauthorized" if hook == "intern" else "signature-wrong"
        cases = [(missing, {"Content_Type": "application/json"}, body), (wrong, headers(hook, body, "another"), body)]
        cases += [(wrong, headers(hook, body), body + b" ")] if hook != "intern" else []
        cases += [("signature-too-old", headers(hook, body, age_ms=age * MINUTE_MS), body) for age in (6, -6) if timed]
        for reason, named, sent in cases:
            status, answer = service.post(f"/hooks/{hook}", sent, **named)
            said.append(answer)
            checks.that(status == 401 and json.loads(answer)["reason"] == reason, f"{hook}: {reason} is refused", status, answer)
    return said


def run(checks, made):
    broker = made.broker()
    environment = {"TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": broker.address,
                   "TASUKI__POLICY__FILE": made.write("policy.toml", story.policy())}
    made.create_topics(environment)
    config = made.write("hooks.toml", SETTINGS)
    reader = made.reader(broker, story.OUTPUTS)
    services = [made.service(name, environment, config=config) for name in ("one", "two")]
    said = refuse(checks, services[0])
    for hook, body, count in GOOD:
        send(checks, services, hook, body, f"a payload of {count}")
    for hook, body in BAD:
        send(checks, services, hook, body, "a payload of no use")
    look(checks, broker, reader, services)
    told = "".join([*said, *(service.errors() + metrics(service) for service in services)]).lower()
    leaks = [mark for mark in story.CANARIES if mark in told]
    checks.that(not leaks, "nothing personal and no secret is in an answer, a metric or a log line", leaks)


def look(checks, broker, reader, services):
    """What came of it."""
    events = sum(count for *_, count in GOOD)
    counted = lambda result: sum(counts(service, result) for service in services)  # noqa: E731
    wait_for(lambda: counted("duplicate") >= events and counted("dead_letter") >= 2 * len(BAD), 30)
    found = {result: counted(result) for result in ("accepted", "duplicate", "dead_letter")}
    checks.equal(found, {"accepted": events, "duplicate": events, "dead_letter": 2 * len(BAD)}, "each event counts once")
    handed = lambda: [it for it in reader.all() if dict(it["headers"]).get("ce_type") == "tasuki.lead.handed-off.v1"]  # noqa: E731
    wait_for(lambda: len(handed()) >= 2, 20)
    reader.wait_quiet(1.5, 20)
    causes = sorted(dict(it["headers"])["ce_causationid"] for it in handed())
    checks.equal(causes, ["intern#order-2", "shop#order-1"], "each lead that qualifies is handed off once, named after its hook")
    letters = read_raw(broker, story.DEAD_LETTERS)
    came = sorted((dict(it.headers)["tasuki_hook"], it.value) for it in letters)
    checks.equal(came, sorted(2 * BAD), "each bad payload is in the dead letters as it came, under its hook")
    inbox = read_raw(broker, "tasuki.inbox")
    sent = sorted([(hook, body) for hook, body, _ in GOOD] * 2 + 2 * BAD)
    checks.equal(sorted((dict(it.headers)["tasuki_hook"], it.value) for it in inbox), sent, "nothing else is in the inbox")


def metrics(service):
    """With the token, which everything but probes and signed hooks needs."""
    return service.get("/metrics", Authorization=f"Bearer {SECRET}")[1]


def counts(service, result):
    name = f'tasuki_events_total{{result="{result}",role="inbox"}} '
    return sum(int(line.rsplit(" ", 1)[1]) for line in metrics(service).splitlines() if line.startswith(name))


def main():
    options = arguments(__doc__.splitlines()[0], LIMIT_SECONDS).parse_args()
    checks = Checks()
    with ground("hooks", options, checks) as made:
        run(checks, made)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
