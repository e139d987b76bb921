"""A record of somebody else in a state log on Kafka: its shard stops, and `tasuki repair` mends it.

    python3 tests/acceptance/repair.py [--tasuki PATH]

Whoever may write `tasuki.state` can spoil it, and nobody notices while memory is whole. The next
start refuses; what the shard did behind that record is decided again, and nothing is said twice.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "chaos"))

from company import FORMS, HANDOFFS, OUTPUTS, policy  # noqa: E402
from harness import Checks, Message, arguments, ground, produce, wait_for  # noqa: E402

LIMIT_SECONDS = 300
SPOILED = "tasuki.state"
LEADS = 40
WAIT = 60


def forms(leads):
    person = [{"email": f"lead{lead}@example.com"} for lead in leads]
    events = [{"id": f"form-{who['email']}", "person": who, "form": "demo-request", "profile": {"employees": 500, "country": "DE"}}
              for who in person]
    return [Message(FORMS, json.dumps(event).encode(), event["id"].encode()) for event in events]


def handed_off(reader):
    return sum(record["topic"] in HANDOFFS for record in reader.all())


def names(reader):
    return sorted(dict(record["headers"])["ce_id"] for record in reader.all())


def repairs(made, environment):
    done = made.run("repair", environment=environment, seconds=WAIT + 60)
    return done.returncode, done.stdout.strip(), done.stderr


def main():
    options = arguments(__doc__.splitlines()[0], LIMIT_SECONDS).parse_args()
    checks = Checks()
    with ground("repair", options, checks) as made:
        broker = made.broker()
        environment = {"TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": broker.address, "TASUKI__JOURNAL__PARTITIONS": 2,
                       "TASUKI__KAFKA__SESSION_TIMEOUT": "6s", "TASUKI__POLICY__FILE": made.write("policy.toml", policy())}
        made.create_topics(environment)
        reader = made.reader(broker, OUTPUTS)
        service = made.service("before", environment)
        produce(broker, forms(range(LEADS)))
        checks.that(wait_for(lambda: handed_off(reader) == LEADS, WAIT), "leads are handed off")
        produce(broker, [Message(SPOILED, b"not ours", b"anything")])
        produce(broker, forms(range(LEADS, 2 * LEADS)))
        checks.that(wait_for(lambda: handed_off(reader) == 2 * LEADS, WAIT), "a spoiled state log stops nobody at work")
        checks.that(service.stop(), "the service stops in good order")
        before = names(reader)

        refused = made.service("refused", environment, ready=False)
        ended = wait_for(lambda: refused.process.poll() is not None, WAIT)
        checks.that(ended and refused.process.returncode == 1 and "cannot be used: a record is malformed" in refused.errors(),
                    "the next start refuses", refused.errors()[-500:])
        status, said, words = repairs(made, environment)
        checks.that((status, said) == (0, "1 shard repaired, 0 outputs said that had been missing"), "repair mends it", said, words[-500:])
        status, said, words = repairs(made, environment)
        checks.that((status, said) == (0, "nothing had to be repaired: 2 shards whole"), "a second repair has nothing to do", said, words[-500:])

        made.service("after", environment)
        produce(broker, forms(range(2 * LEADS, 3 * LEADS)))
        checks.that(wait_for(lambda: handed_off(reader) == 3 * LEADS, WAIT), "the service goes on")
        after = names(reader)
        checks.that(len(set(after)) == len(after) and set(before) <= set(after), "nothing was said twice")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
