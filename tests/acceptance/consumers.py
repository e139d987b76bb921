"""The sample consumers on a real Kafka: what is committed, each id once, through a crash.

    python3 tests/acceptance/consumers.py [--tasuki PATH]

Tasuki hands off some leads, and forgets one. Both samples of samples/consumer read that, and are
killed. While they are down, and once more while they run again, somebody writes a copy of a handoff
into a transaction and aborts it, and writes a handoff again. Needs a JDK; the sample in Python needs
its client, which is fetched into target/.
"""

import glob
import os
import sqlite3
import subprocess
import sys

import story
from harness import DIES_WITH_US, KAFKA, ROOT, Checks, Message, arguments, ended, ground, produce, wait_for
from story import ROLES, encode

LIMIT_SECONDS = 180
CLIENT = "confluent-kafka==2.16.1"
TOPIC = "sales.handoffs.enterprise"
SAMPLES = os.path.join(ROOT, "samples", "consumer")
LEADS = 5
# Which of the records is copied; ids of copies, of one that is aborted and one that is not each time.
REPEATED = 1
ABORTED = ["a" * 32, "b" * 32]
FOLLOWING = ["c" * 32, "d" * 32]
FORGOTTEN = "tasuki.lead.forgotten.v1"


class Sample:
    """One of the samples as a process, started as often as it is killed."""

    def __init__(self, made, name, words, stored):
        self.name, self.words, self.stored = name, words, stored
        self.out, self.errors = made.path(f"{name}.out"), made.path(f"{name}.stderr")
        made.running.append(self)
        self.start()

    def start(self):
        with open(self.out, "ab") as out, open(self.errors, "ab") as errors:
            self.process = subprocess.Popen([*DIES_WITH_US, *self.words], stdin=subprocess.DEVNULL, stdout=out, stderr=errors)

    def told(self):
        """The ids it says it has worked on, in the order of its work."""
        with open(self.out, encoding="utf-8") as file:
            return [line.split()[0] for line in file if line.endswith("\n")]

    def works_on(self, ids, seconds=30):
        """Waits until it has."""
        return wait_for(lambda: set(ids) <= set(self.told()), seconds)

    def end(self):
        """As a crash would."""
        self.process.kill()
        ended(self.process, 10)


def python_client():
    """The Python that has the client; none where it cannot be fetched."""
    folder = os.path.join(ROOT, "target", "consumer")
    python = os.path.join(folder, "bin", "python3")
    try:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=60)
        words = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT]
        subprocess.run(words, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"the sample in Python is left out, its client cannot be fetched: {error}")
        return None
    return python


def jars():
    """The class path of the broker's jars, of which the Java client is one."""
    home = os.environ.get("KAFKA_HOME", "")
    found = glob.glob(os.path.join(home, "libs") if home else os.path.expanduser("~/.cache/tasuki/kafka-*/libs"))
    return os.path.join(sorted(found)[-1], "*")


def samples(made, broker):
    folder, database = made.path("java-tasks"), made.path("python-tasks.db")
    source = os.path.join(SAMPLES, "Handoffs.java")
    yield Sample(made, "java", ["java", "-cp", jars(), source, broker.address, folder], lambda: in_folder(folder))
    python = python_client()
    if python:
        source = os.path.join(SAMPLES, "handoffs.py")
        yield Sample(made, "python", [python, source, broker.address, database], lambda: in_database(database))


def in_folder(folder):
    """What is stored: {id: data}."""
    stored = {}
    for name in os.listdir(folder):
        if "." in name:
            with open(os.path.join(folder, name), "rb") as file:
                stored[name.split(".")[1]] = file.read()
    return stored


def in_database(path):
    rows = sqlite3.connect(path).execute("SELECT id, data FROM task").fetchall()
    return {name: data or b"" for name, data in rows}


def form(number):
    """A form that qualifies a new lead at once; its profile leads to the team of `TOPIC`."""
    data = {"id": f"consumer-{number}", "person": {"lead_id": f"consumer-{number}"}, "form": "demo-request",
            "profile": {"employees": 500}}
    return Message(ROLES["forms"][0], encode(data))


def record_id(record):
    return dict(record["headers"])["ce_id"]


def kind(record):
    return dict(record["headers"])["ce_type"]


def committed(made, broker):
    """What Tasuki writes into the topic: each record as a concurrent reader sees it."""
    environment = {"TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": broker.address,
                   "TASUKI__POLICY__FILE": made.write("policy.toml", story.policy())}
    made.create_topics(environment)
    reader = made.reader(broker, [TOPIC])
    service = made.service("tasuki", environment)
    produce(broker, [form(number) for number in range(LEADS)])
    if not wait_for(lambda: len(reader.all()) == LEADS, 20):
        raise RuntimeError(f"{len(reader.all())} handoffs of {LEADS}")
    erasure = {"id": "erasure", "person": {"lead_id": "consumer-0"}}
    produce(broker, [Message(ROLES["privacy"][0], encode(erasure))])
    if not wait_for(lambda: len(reader.all()) == LEADS + 1, 20):
        raise RuntimeError("the lead is not forgotten")
    service.stop()
    return reader.all()


def disturb(broker, record, aborted, following):
    """A transaction that is aborted, a record again, and one that follows."""
    source = os.path.join(ROOT, "tests", "acceptance", "Repeats.java")
    words = ["java", "-cp", jars(), source, broker.address, TOPIC, record_id(record), aborted, following]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def expected(records, followings):
    """What must be stored: {id: data}; nothing of who is forgotten but the ids."""
    forgotten = {record["key"] for record in records if kind(record) == FORGOTTEN}
    gone = [record for record in records if record["key"] in forgotten and kind(record) != FORGOTTEN]
    stored = {record_id(record): record["payload"].encode() for record in records}
    stored.update((record_id(record), b"") for record in gone)
    stored.update((following, records[REPEATED]["payload"].encode()) for following in followings)
    return stored


def main():
    options = arguments(__doc__.splitlines()[0], LIMIT_SECONDS).parse_args()
    checks = Checks()
    with ground("consumers", options, checks) as made:
        broker = made.broker()
        records = committed(made, broker)
        running = list(samples(made, broker))
        for sample in running:
            checks.that(sample.works_on([record_id(record) for record in records]), f"{sample.name} reads what is there")
            sample.end()
        for turn, words in enumerate(["goes on after a crash", "goes on while it runs"]):
            aborted, following = ABORTED[turn], FOLLOWING[turn]
            disturb(broker, records[REPEATED], aborted, following)
            for sample in running:
                if turn == 0:
                    sample.start()
            for sample in running:
                checks.that(sample.works_on([following]), f"{sample.name} {words}")
        for sample in running:
            told, stored, right = sample.told(), sample.stored(), expected(records, FOLLOWING)
            checks.equal(sorted(told), sorted(right), f"{sample.name} works on each committed id once, on no other")
            checks.equal(stored, right, f"{sample.name} stores the data, and forgets who is forgotten")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
