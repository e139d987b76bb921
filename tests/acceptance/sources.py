"""A source in trouble does not become everybody's, on a real Kafka.

    python3 tests/acceptance/sources.py [--tasuki PATH]

A record comes compressed that is larger than any record may be that Tasuki writes. Then a topic is
deleted while leads wait for an answer: deadlines wait for it only as long as for a source that
cannot be read, leads go on being handed off, and nobody who answered is told of a breach.
"""

import json
import subprocess
import sys

import story
from harness import KAFKA, Checks, Message, arguments, ground, produce, wait_for
from story import DEAD_LETTERS, OUTPUTS, ROLES, encode

LIMIT_SECONDS = 240
WAIT = 30
# Longer than the promise, since the deadlines must be held by the deleted topic and then go on.
PATIENCE_SECONDS = 40
HUGE_BYTES, KEPT_BYTES = 10 << 20, 4 << 20
HANDOFFS = "sales.handoffs.enterprise"


def form(number):
    """A form that qualifies a new lead at once."""
    data = {"id": f"s-{number}", "person": {"lead_id": f"s-{number}"}, "form": "demo-request", "profile": {"employees": 500}}
    return Message(ROLES["forms"][0], encode(data))


def write_huge(made, broker):
    """As a producer does that compresses, and has been allowed more."""
    path = made.path("huge.json")
    with open(path, "wb") as file:
        file.write(b'{"id": "' + b"x" * HUGE_BYTES + b'"}')
    subprocess.run(["kcat", "-P", "-q", "-b", broker.address, "-t", ROLES["forms"][0], "-z", "gzip",
                    "-X", f"message.max.bytes={2 * HUGE_BYTES}", path], timeout=WAIT, check=True)


def main():
    options = arguments(__doc__.splitlines()[0], LIMIT_SECONDS).parse_args()
    checks = Checks()
    with ground("sources", options, checks) as made:
        broker = made.broker()
        environment = {"TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": broker.address,
                       "TASUKI__TIME__PATIENCE": f"{PATIENCE_SECONDS}s",
                       "TASUKI__POLICY__FILE": made.write("policy.toml", story.policy())}
        made.create_topics(environment)
        reader = made.reader(broker, OUTPUTS)
        service = made.service("sources", environment)

        write_huge(made, broker)
        checks.that(wait_for(lambda: reader.of(DEAD_LETTERS), WAIT), "a record that is too large to be written again is a dead letter")
        for record in reader.of(DEAD_LETTERS):
            headers = dict(record["headers"])
            checks.that(headers["tasuki_dlq_reason"] == "too-large", "it says why", headers)
            checks.that(len(record["payload"]) == KEPT_BYTES, "its beginning is kept", len(record["payload"]))

        produce(broker, [form(0)])
        checks.that(wait_for(lambda: len(reader.of(HANDOFFS)) == 1, WAIT), "leads are handed off behind it")
        subprocess.run([KAFKA, "drop", broker.directory, ROLES["engagement"][0]], timeout=WAIT, check=True)
        produce(broker, [form(1), form(2)])
        checks.that(wait_for(lambda: len(reader.of(HANDOFFS)) == 3, WAIT), "and while a topic is gone")
        answered, silent = (json.loads(record["payload"])["handoff_id"] for record in reader.of(HANDOFFS)[1:])
        answer = {"id": "answer", "handoff_id": answered, "outcome": "contacted", "by": "ana"}
        produce(broker, [Message(ROLES["follow-ups"][0], encode(answer))])

        def breached():
            told = [(dict(record["headers"])["ce_type"], json.loads(record["payload"])) for record in reader.of("sales.sla")]
            return [data["handoff_id"] for kind, data in told if kind == "tasuki.sla.breached.v1"]
        waited = story.WITHIN + PATIENCE_SECONDS + WAIT
        checks.that(wait_for(lambda: silent in breached(), waited), "a deadline does not wait for it for ever", breached())
        checks.that(answered not in breached(), "who was answered is not told as late", breached(),
                    *(record["headers"] for record in reader.of(DEAD_LETTERS)[1:]),
                    *(record["payload"] for record in reader.of("marketing.feedback")))
        checks.that(service.process.poll() is None, "the service is still at work", service.errors()[-500:])
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
