"""A full disk under the local log: what was answered with 202 is there, and everything goes on after.

    python3 tests/chaos/disk_full.py [--tasuki PATH]

The log lies on a small file system of its own, which is filled up under a working service and
emptied again, several times; `kill -9` falls on it while it is full. Needs `unshare` of util-linux
and the right to mount in a namespace of one's own; says so and ends with 77 where that is refused.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "acceptance"))

from company import COUNTRIES, SECRET, policy  # noqa: E402
from harness import Checks, arguments, ground, wait_for  # noqa: E402
from judge import lead_id  # noqa: E402

NOT_ALLOWED = 77
LIMIT_SECONDS = 180
SIZE_MIB = 48
TIMES_FULL = 4
# Requests in a row that must be refused before the disk is called full.
REFUSALS = 5
LEADS_PER_REQUEST = 20
TOPICS = ("sales.handoffs.quick", "sales.handoffs.patient", "sales.sla", "leads.lifecycle")
WITHIN = 60


def with_a_disk_of_our_own():
    """Once more, in a mount namespace that ends with this program."""
    if os.environ.get("TASUKI_DISK") == "own":
        return
    words = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount"]
    if subprocess.run([*words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stderr=subprocess.DEVNULL, check=False).returncode:
        print("a file system of our own cannot be mounted here: a full disk is not tried")
        sys.exit(NOT_ALLOWED)
    os.environ["TASUKI_DISK"] = "own"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


class Disk:
    """A small file system, and a file that fills it."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", path], check=True)
        self.filler = os.path.join(path, "filler")

    def fill(self):
        """To the last byte."""
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while file.write(b"\0" * size) == size:
                        pass
                except OSError:
                    continue

    def empty(self):
        os.remove(self.filler)


class Town:
    """The service on that disk, and somebody who posts and asks again until it is accepted."""

    def __init__(self, made):
        self.made = made
        self.disk = Disk(made.path("disk"))
        self.environment = {"TASUKI__LOG": "local", "TASUKI__LOCAL__PATH": os.path.join(self.disk.path, "data"),
                            "TASUKI__POLICY__FILE": made.write("policy.toml", policy()), "TASUKI__PRIVACY__SECRET": SECRET}
        self.service = made.service("tasuki", self.environment)
        self.accepted = []
        self.answers = Counter()
        self.refused_in_a_row = self.ended = 0
        self.is_open = True
        self.poster = threading.Thread(target=self._post, daemon=True)
        self.poster.start()

    def _post(self):
        number = 0
        while self.is_open:
            leads = range(number, number + LEADS_PER_REQUEST)
            events = [{"specversion": "1.0", "id": f"form-{lead}", "source": "/web", "type": "tasuki.form.submitted.v1",
                       "data": {"person": {"email": f"lead{lead}@example.com"}, "form": "demo-request",
                                "profile": {"employees": 500, "country": COUNTRIES[team(lead)]}}} for lead in leads]
            status, _ = self.service.post("/events", json.dumps(events).encode(), content_type="application/cloudevents-batch+json")
            self.answers[status] += 1
            if status == 202:
                self.accepted += leads
                number, self.refused_in_a_row = leads.stop, 0
            else:
                self.refused_in_a_row += 1
            time.sleep(0.05)

    def again(self):
        """Started again if it ended, as a supervisor would."""
        if self.service.process.poll() is not None:
            self.ended += 1
            self.made.running.remove(self.service)
            self.service = self.made.service("tasuki", self.environment, ready=False)


def team(lead):
    return "quick" if lead % 2 else "patient"


def full(town, checks, number):
    """Full under a working service; every second time killed meanwhile."""
    known = len(town.accepted)
    wait_for(lambda: len(town.accepted) > known + 5 * LEADS_PER_REQUEST, WITHIN)
    town.refused_in_a_row = 0
    town.disk.fill()
    refused = wait_for(lambda: town.refused_in_a_row >= REFUSALS, WITHIN, 0.05)
    checks.that(refused, f"with the disk full for the {number}. time events are refused")
    if number % 2 == 0:
        town.service.process.kill()
        town.service.process.wait()
        town.again()
        time.sleep(2)
    known = len(town.accepted)
    town.disk.empty()

    def goes_on():
        town.again()
        return len(town.accepted) > known + LEADS_PER_REQUEST
    checks.that(wait_for(goes_on, WITHIN, 0.3), "and accepted again when there is room", town.service.errors()[-1500:])


def outputs(town):
    return [event for topic in TOPICS for event in town.service.outputs(topic, quiet=1.5)]


def judge(town, checks):
    """Everything accepted was handed off once and breached once where nobody answered in time."""
    town.is_open = False
    town.poster.join()
    wanted = Counter(team(lead) for lead in town.accepted)

    def done():
        town.again()
        kinds = Counter(event["type"] for event in outputs(town))
        return kinds["tasuki.lead.handed-off.v1"] >= wanted.total() and kinds["tasuki.sla.breached.v1"] >= wanted["quick"]
    wait_for(done, WITHIN, 1)
    found, shards = Counter(), defaultdict(list)
    for event in outputs(town):
        found[event["type"].split(".", 1)[1], event["subject"]] += 1
        shards[event["tasukishard"]].append(int(event["sequence"]))
    expected = Counter()
    for lead in town.accepted:
        name = lead_id(f"lead{lead}@example.com")
        expected.update({("lead.handed-off.v1", name): 1, ("lead.stage-changed.v1", name): 2})
        if team(lead) == "quick":
            expected["sla.breached.v1", name] += 1
    checks.equal(dict(found), dict(expected), f"{len(town.accepted)} leads: each handed off once, {wanted['quick']} breached, each once")
    wrong = [shard for shard, numbers in shards.items() if sorted(numbers) != list(range(1, len(numbers) + 1))]
    checks.that(shards and not wrong, "numbered without gap or repeat", wrong)


def main():
    with_a_disk_of_our_own()
    options = arguments(__doc__, LIMIT_SECONDS).parse_args()
    checks = Checks()
    with ground("disk-full", options, checks) as made:
        town = Town(made)
        for number in range(1, TIMES_FULL + 1):
            full(town, checks, number)
        judge(town, checks)
        print(f"answers by status: {dict(town.answers)}; ended by itself or killed {town.ended} times")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
