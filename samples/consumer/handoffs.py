"""Reads handoffs rightly: those that are committed, each once by its id, whatever crashes.

    python3 handoffs.py BROKERS DATABASE
"""

import sqlite3
import sys

from confluent_kafka import Consumer, KafkaException

TYPES = {"tasuki.lead.handed-off.v1", "tasuki.handoff.withdrawn.v1", "tasuki.lead.forgotten.v1"}  # others are passed over
tasks = sqlite3.connect(sys.argv[2])
tasks.execute("CREATE TABLE IF NOT EXISTS task (id TEXT PRIMARY KEY, lead TEXT, type TEXT, data BLOB)")
consumer = Consumer({
    "bootstrap.servers": sys.argv[1], "group.id": "tasks-py", "auto.offset.reset": "earliest",
    "session.timeout.ms": 10000,  # so soon others take over after a crash
    "isolation.level": "read_committed",  # what was aborted never happened
    "enable.auto.commit": False,  # offsets follow the work, below
})
consumer.subscribe(["^sales\\.handoffs\\..+"])
while True:
    record = consumer.poll(1)
    if record is None:
        continue
    if record.error():
        raise KafkaException(record.error())
    event = {name: value.decode() for name, value in record.headers()}
    if event["ce_type"] not in TYPES:
        continue
    with tasks:  # the work and its id in one transaction, so a repetition finds the id and does nothing
        row = (event["ce_id"], event["ce_subject"], event["ce_type"], record.value())
        done = tasks.execute("INSERT OR IGNORE INTO task VALUES (?, ?, ?, ?)", row).rowcount
        if done and event["ce_type"] == "tasuki.lead.forgotten.v1":
            tasks.execute("UPDATE task SET data = NULL WHERE lead = ? AND id != ?", (event["ce_subject"], event["ce_id"]))
    if done:
        print(event["ce_id"], event["ce_type"], flush=True)
    consumer.commit(record, asynchronous=False)
