"""What Tasuki says when it refuses: one snapshot each of its words and its exit status.

    python3 tests/acceptance/refusals.py [--tasuki PATH] [--update]

Each names what is wrong, where, and the remedy. Snapshots are in refusals/*.txt; ports and paths
are masked. --update writes them anew: read the difference before it is committed.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import story
from harness import ROOT, Checks, arguments, free_ports, ground

SNAPSHOTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "refusals")
LIMIT_SECONDS = 150
# As many at the same time; each is one short process.
TOGETHER = 4


class Case:
    """One refusal: what is run, with which settings, and the exit status that it must have."""

    def __init__(self, name, words, settings=None, status=1, config=None):
        self.name = name
        self.words = words
        self.settings = settings or {}
        self.status = status
        self.config = config


# ---- settings, policy, command line ----------------------------------------


def of_settings(made):
    """What is refused before anything is asked of anybody."""
    broken = made.write("broken-policy.toml", story.policy().replace("points = 40", 'points = "forty"')
                        .replace('team = "enterprise"\n[[route]]', 'team = "enterprize"\n[[route]]') + "\n[qualfy]\nfit_at_least = 3\n")
    several = made.write("several.toml", '[shard]\nworkers = 0\n[kafka]\nbrokres = "b:9092"\nsession_timeout = "soon"\n'
                                         '[kafka.client]\nacks = "1"\n[http]\naddress = "nowhere"\n')
    return [
        Case("unknown-setting", ["serve"], {"TASUKI__KAFKA__BROKRES": "127.0.0.1:9092"}),
        Case("unknown-setting-in-a-file", ["serve"], config=made.write("unknown.toml", '[journal]\npartitons = 6\n')),
        Case("ill-typed-setting", ["serve"], {"TASUKI__SHARD__WORKERS": "many"}),
        Case("ill-typed-setting-in-a-file", ["serve"], config=made.write("typed.toml", "[journal]\npartitions = true\n")),
        Case("several-faults-at-once", ["serve"], {"TASUKI__TIME__PATIENCE": "0s"}, config=several),
        Case("not-toml", ["serve"], config=made.write("nottoml.toml", "log = \n")),
        Case("unreadable-settings-file", ["serve"], config=made.path("no-such-file.toml")),
        Case("unreadable-policy-file", ["serve"], {"TASUKI__POLICY__FILE": made.path("no-such-policy.toml")}),
        Case("unreadable-secret-file", ["serve"], {"TASUKI__PRIVACY__SECRET_FILE": made.path("no-such-secret")}),
        Case("wrong-policy", ["serve"], {"TASUKI__POLICY__FILE": broken}),
        Case("wrong-policy-checked", ["check", broken]),
        Case("no-brokers", ["serve"], {"TASUKI__LOG": "kafka"}),
        Case("no-token-outside-loopback", ["serve"], {"TASUKI__HTTP__ADDRESS": "0.0.0.0:0"}),
        Case("hook-without-secret", ["serve"], {"TASUKI__HOOKS__crm__ROLE": "engagement", "TASUKI__HOOKS__crm__SIGNATURE": "mautic"}),
        Case("topics-of-the-local-log", ["topics", "check"]),
        Case("unknown-command", ["server"], status=2),
    ]


# ---- the local log ---------------------------------------------------------


def of_the_local_log(made, stack):
    """What has begun with other settings, or is in use by somebody else."""
    policy = made.write("policy.toml", story.policy(2))
    begun = {"TASUKI__LOCAL__PATH": made.path("begun"), "TASUKI__POLICY__FILE": policy}
    made.service("begins", begun).stop()
    used = {"TASUKI__LOCAL__PATH": made.path("used"), "TASUKI__POLICY__FILE": policy}
    made.service("uses", used)
    taken = stack.enter_context(socket.socket())
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    other = made.write("other-policy.toml", story.policy(2).replace("points = 40", "points = 41"))

    def again(name, **changed):
        """Once more on a copy of what has begun, with something changed."""
        copy = made.path(f"copy-{name}")
        shutil.copytree(made.path("begun"), copy)
        return Case(name, ["serve"], begun | {"TASUKI__LOCAL__PATH": copy} | changed)

    return [
        again("lower-policy-version", TASUKI__POLICY__FILE=made.write("lower-policy.toml", story.policy(1))),
        again("same-policy-version-other-content", TASUKI__POLICY__FILE=other),
        again("changed-secret", TASUKI__PRIVACY__SECRET="another"),
        again("changed-deployment", TASUKI__DEPLOYMENT="another"),
        again("changed-number-of-journal-partitions", TASUKI__JOURNAL__PARTITIONS=8),
        again("address-in-use", TASUKI__HTTP__ADDRESS=f"127.0.0.1:{taken.getsockname()[1]}"),
        Case("folder-in-use", ["serve"], used),
        Case("folder-is-a-file", ["serve"], {"TASUKI__LOCAL__PATH": policy, "TASUKI__POLICY__FILE": policy}),
    ]


# ---- Kafka -----------------------------------------------------------------


def broker_with_a_password(made):
    """A broker that also listens for the user `tasuki` with the password `right`; that listener's address."""
    port = free_ports(3)
    addresses = f"PLAINTEXT://127.0.0.1:{port},{{}}SASL_PLAINTEXT://127.0.0.1:{port + 2}"
    jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_tasuki="right";'
    broker = made.broker(port=port, settings=[
        "listeners=" + addresses.format(f"CONTROLLER://127.0.0.1:{port + 1},"),
        "advertised.listeners=" + addresses.format(""),
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
        "sasl.enabled.mechanisms=PLAIN",
        f"listener.name.sasl_plaintext.plain.sasl.jaas.config={jaas}",
    ])
    return broker, f"127.0.0.1:{port + 2}"


def alter(broker, *changes):
    """Changes topics' settings with Kafka's own tool; `changes`: (topic, setting)."""
    home = os.environ.get("KAFKA_HOME", os.path.expanduser("~/.cache/tasuki/kafka-4.3.0"))
    running = [subprocess.Popen(
        ["java", "-cp", f"{home}/libs/*", "kafka.admin.ConfigCommand", "--bootstrap-server", broker.address, "--alter",
         "--entity-type", "topics", "--entity-name", topic, "--add-config", setting],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for topic, setting in changes]
    for process in running:
        words, _ = process.communicate(timeout=60)
        if process.returncode != 0:
            raise RuntimeError(words.decode())


def of_kafka(made):
    """What differs on the brokers, and brokers that cannot be reached."""
    broker, with_password = broker_with_a_password(made)
    policy = made.write("kafka-policy.toml", story.policy())
    more_teams = made.write("more-teams.toml", story.policy() + """[[team]]
id = "partners"
calendar = "always"
[team.sla]
within = "1h"
""")

    def settings(prefix, **changed):
        return {"TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": broker.address, "TASUKI__KAFKA__PREFIX": prefix,
                "TASUKI__POLICY__FILE": policy, "TASUKI__JOURNAL__PARTITIONS": 2} | changed

    for prefix in ("right.", "wrong."):
        made.create_topics(settings(prefix))
    alter(broker, ("wrong.tasuki.journal", "message.timestamp.type=CreateTime"), ("wrong.tasuki.state", "retention.ms=604800000"),
          ("wrong.sales.sla", "retention.ms=3600000"), ("wrong.tasuki.policy", "cleanup.policy=compact"),
          ("wrong.sales.roster", "max.message.bytes=8388608"))
    plain = made.write("plain.toml", '[kafka.client]\n"security.protocol" = "SASL_PLAINTEXT"\n"sasl.mechanism" = "PLAIN"\n'
                                     '"sasl.username" = "tasuki"\n"sasl.password" = "wrong"\n')
    tls = made.write("tls.toml", '[kafka.client]\n"security.protocol" = "SSL"\n')
    mechanism = made.write("mechanism.toml", '[kafka.client]\n"security.protocol" = "SASL_PLAINTEXT"\n"sasl.mechanism" = '
                                             '"SCRAM-SHA-512"\n"sasl.username" = "tasuki"\n"sasl.password" = "right"\n')
    nobody = f"127.0.0.1:{free_ports()}"
    return [
        Case("every-topic-missing", ["topics", "check"], settings("none.")),
        Case("missing-topic", ["serve"], settings("right.", TASUKI__POLICY__FILE=more_teams)),
        Case("missing-source", ["serve"], settings("right.", TASUKI__KAFKA__SOURCE_PREFIX="elsewhere.")),
        Case("wrong-number-of-partitions", ["serve"], settings("right.", TASUKI__JOURNAL__PARTITIONS=12)),
        Case("wrong-timestamps-and-retention", ["serve"], settings("wrong.")),
        Case("wrong-timestamps-and-retention-checked", ["topics", "check"], settings("wrong.")),
        Case("unreachable-broker", ["serve"], settings("right.", TASUKI__KAFKA__BROKERS=nobody)),
        Case("wrong-password", ["serve"], settings("right.", TASUKI__KAFKA__BROKERS=with_password), config=plain),
        Case("wrong-mechanism", ["serve"], settings("right.", TASUKI__KAFKA__BROKERS=with_password), config=mechanism),
        Case("password-where-none-is-asked-for", ["serve"], settings("right."), config=plain),
        Case("tls-where-there-is-none", ["serve"], settings("right."), config=tls),
    ]


# ---- comparing -------------------------------------------------------------


def said(made, case):
    """What a case says: the command, its exit status and its words, masked."""
    environment = {"TASUKI__TELEMETRY__LOG_LEVEL": "error", "TASUKI__TELEMETRY__LOG_FORMAT": "text",
                   "TASUKI__HTTP__ADDRESS": f"127.0.0.1:{free_ports()}", **case.settings}
    config = ["--config", case.config] if case.config else []
    done = made.run(*config, *case.words, environment=environment)
    shown = [f"{name}={value}" for name, value in case.settings.items()]
    parts = [f"$ {' '.join([*shown, 'tasuki', *config, *case.words])}", f"exit status {done.returncode}"]
    parts += ["-- stdout", done.stdout.rstrip()] if done.stdout else []
    parts += ["-- stderr", done.stderr.rstrip()] if done.stderr else []
    return done.returncode, masked(made, "\n".join(parts) + "\n")


def masked(made, text):
    """Without what differs from run to run: paths, ports, times, and how often something was tried."""
    text = text.replace(made.folder, "FOLDER").replace(ROOT + "/", "")
    text = re.sub(r"(127\.0\.0\.1):[1-9]\d{3,4}\b", r"\1:PORT", text)
    text = re.sub(r"after \d+ms in state", "after N ms in state", text)
    # How a broken handshake is worded hangs on which side gives up first.
    text = re.sub(r"(trouble with TLS: ssl://127\.0\.0\.1:PORT/bootstrap): .*? \(after", r"\1: WORDS (after", text)
    text = re.sub(r", \d+ identical error\(s\) suppressed", "", text)
    text = re.sub(r"^Usage: \S+", "Usage: tasuki", text, flags=re.MULTILINE)
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def compare(checks, case, status, text, update):
    path = os.path.join(SNAPSHOTS, f"{case.name}.txt")
    if update:
        os.makedirs(SNAPSHOTS, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    try:
        with open(path, encoding="utf-8") as file:
            known = file.read()
    except FileNotFoundError:
        known = "(no snapshot yet: run with --update)\n"
    checks.that(status == case.status and text == known and "panicked" not in text, f"refused as known: {case.name}",
                f"exit status {status}, {case.status} expected", "known:", *known.splitlines(), "said:", *text.splitlines())


def main():
    parser = arguments(__doc__.splitlines()[0], LIMIT_SECONDS)
    parser.add_argument("--update", action="store_true", help="write the snapshots anew")
    options = parser.parse_args()
    checks = Checks()
    with ground("refusals", options, checks) as made, contextlib.ExitStack() as stack:
        with ThreadPoolExecutor(TOGETHER) as pool:
            prepared = [pool.submit(of_settings, made), pool.submit(of_the_local_log, made, stack), pool.submit(of_kafka, made)]
            cases = [case for part in prepared for case in part.result()]
            answers = list(pool.map(lambda case: said(made, case), cases))
        for case, (status, text) in zip(cases, answers):
            compare(checks, case, status, text, options.update)
        known = {f"{case.name}.txt" for case in cases}
        left = sorted(set(os.listdir(SNAPSHOTS)) - known)
        for name in left if options.update else []:
            os.remove(os.path.join(SNAPSHOTS, name))
        left = [] if options.update else left
        checks.that(not left, f"each snapshot has its case, {len(known)} of them", *left)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
