"""Who runs against whom: each does the reference job, or less, on topics of its own."""

import json
import os
import subprocess
import sys
import threading

from harness import DIES_WITH_US, ROOT, ended, wait_for

SOURCE = "marketing.engagement"
HANDOFFS = ["sales.handoffs.enterprise", "sales.handoffs.inside"]
SLA = "sales.sla"
PEER = os.path.join(ROOT, "bench", "peers", "streams")
BUILT = os.path.join(ROOT, "target", "bench", "streams")
START_WAIT = 60


def tools_of(made):
    """`bench-tools` as built beside the program under test, else in this repository."""
    for folder in (os.path.dirname(made.tasuki), os.path.join(ROOT, "target", "release")):
        path = os.path.join(folder, "bench-tools")
        if os.access(path, os.X_OK):
            return path
    sys.exit("no bench-tools to run: build them with `cargo build --release --bin bench-tools`")


class Contender:
    """One process, on topics that begin with `prefix`."""

    does_the_job = True

    def __init__(self, ground, broker, tools, prefix):
        self.ground, self.broker, self.tools, self.prefix = ground, broker, tools, prefix
        self.source = prefix + SOURCE

    def topics(self):
        """The topics that must be there before it starts, and that it does not make itself."""
        return [self.source]

    def outputs(self):
        """The topics whose records are compared."""
        return [self.prefix + name for name in [*HANDOFFS, SLA]]


class Counting(Contender):
    """A program that writes a growing number of events a line."""

    def launch(self, words):
        self.count = 0
        self.process = subprocess.Popen([*DIES_WITH_US, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        stderr=open(self.ground.path(f"{self.prefix}stderr"), "ab"))
        self.ground.running.append(self)
        self.pid = self.process.pid
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.count = int(line)

    def done(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}; see {self.prefix}stderr")
        return self.count

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            ended(self.process, 20)


class Floor(Counting):
    """The least an exactly-once job can do."""

    name = "floor"
    does_the_job = False

    def start(self):
        self.launch([self.tools, "floor", "--brokers", self.broker.address, "--source", self.source,
                     "--output", self.prefix + "output", "--packed", self.prefix + "packed", "--group", self.prefix + "floor"])


class Tasuki(Contender):
    """`tasuki serve` with its default settings, or others to try."""

    name = "tasuki"

    def __init__(self, *of, settings=()):
        super().__init__(*of)
        self.settings = dict(setting.split("=", 1) for setting in settings)

    def topics(self):
        return []

    def start(self):
        environment = {"TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": self.broker.address,
                       "TASUKI__KAFKA__PREFIX": self.prefix, "TASUKI__POLICY__FILE": self.ground.path("policy.toml"), **self.settings}
        self.ground.create_topics(environment)
        self.service = self.ground.service(self.prefix + "tasuki", environment)
        self.pid = self.service.process.pid

    def done(self):
        return sum(self.service.counts("events_total").values())

    def end(self):
        self.service.end()


class Streams(Counting):
    """The job in Kafka Streams; what it is set to is in bench/peers/streams."""

    name = "streams"

    def __init__(self, *of, keyed, for_latency=False):
        super().__init__(*of)
        self.keyed, self.for_latency = keyed, for_latency

    def topics(self):
        return [self.source, self.prefix + "leads.lifecycle", *self.outputs()]

    def start(self):
        words = ["java", *jvm(), "-cp", os.path.join(BUILT, "streams.jar") + ":" + os.path.join(BUILT, "libs", "*"),
                 "bench.Job", self.broker.address, self.prefix, "keyed" if self.keyed else "unkeyed",
                 "latency" if self.for_latency else "throughput", self.ground.path(self.prefix + "state")]
        self.launch(words)
        if not wait_for(lambda: self.done() >= 0 and self.is_running(), START_WAIT):
            raise RuntimeError("Kafka Streams does not start")

    def is_running(self):
        with open(self.ground.path(f"{self.prefix}stderr"), encoding="utf-8", errors="replace") as file:
            return "running" in file.read()


def jvm():
    """The options of Java, a line each in the peer's folder."""
    with open(os.path.join(PEER, "jvm.options"), encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


class Sender:
    """`bench-tools send`, which holds back what it has written until it is told."""

    def __init__(self, contender, span, keyed, hold=False):
        words = [*DIES_WITH_US, contender.tools, "send", "--brokers", contender.broker.address, "--topic", contender.source, *span]
        words += ["--keyed"] if keyed else []
        words += ["--hold"] if hold else []
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if hold and self.process.stdout.readline() != b"written\n":
            raise RuntimeError("the events could not be written")

    def show(self):
        """What is held back becomes visible; returns at the end."""
        self.process.communicate(b"\n", timeout=300)
        if self.process.returncode != 0:
            raise RuntimeError("the events could not be written")


def prepare(broker, topic):
    """Has the broker make a topic, which it does for whoever asks for it."""
    def is_there():
        asked = subprocess.run(["kcat", "-L", "-J", "-b", broker.address, "-t", topic], capture_output=True, timeout=30, check=True)
        return all(found["partitions"] for found in json.loads(asked.stdout)["topics"])
    if not wait_for(is_there, 30, 0.1):
        raise RuntimeError(f"the topic {topic} is not made")
