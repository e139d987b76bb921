//! What `topics check` says.

use expect_test::expect;

use super::{Found, FoundTopic, Kind, NeededTopic, TopicNames, differences, needed};

fn topics() -> Vec<NeededTopic> {
    needed(&TopicNames {
        prefix: "a.",
        journal_partitions: 12,
        team_topics: &["sales.handoffs.inside".to_owned(), "sales.sla".to_owned()],
        sources: &["marketing.forms".to_owned()],
    })
}

/// The cluster as `create` leaves it.
fn made(brokers: usize) -> Found {
    let topic = |topic: &NeededTopic| {
        let plan = topic.plan(brokers);
        let found = FoundTopic {
            partitions: plan.partitions,
            replication: plan.replication as usize,
            settings: plan.settings.into_iter().collect(),
        };
        (plan.name, found)
    };
    Found {
        brokers,
        verifies_transactions: Some(true),
        topics: topics().iter().map(topic).collect(),
    }
}

#[test]
fn what_create_makes_is_what_check_wants() {
    for brokers in [1, 2, 3, 9] {
        assert_eq!(differences(&topics(), &made(brokers)), []);
    }
    assert_eq!(made(9).topics["a.tasuki.journal"].replication, 3);
    assert_eq!(made(1).topics["a.tasuki.journal"].settings["min.insync.replicas"], "1");
    assert_eq!(made(3).topics["a.tasuki.state"].settings["min.insync.replicas"], "2");
}

#[test]
fn every_topic_is_needed_once_and_sources_keep_their_names() {
    let names: Vec<String> = topics().into_iter().map(|topic| topic.name).collect();
    expect![[r"
        a.tasuki.journal
        a.tasuki.state
        a.tasuki.inbox
        a.tasuki.policy
        a.tasuki.dead-letters
        a.sales.sla
        a.marketing.feedback
        a.leads.lifecycle
        a.sales.handoffs.inside
        marketing.forms"]]
    .assert_eq(&names.join("\n"));
}

#[test]
fn longer_retention_and_more_partitions_do_no_harm() {
    let mut found = made(3);
    for topic in topics().iter().filter(|topic| topic.kind == Kind::Output) {
        let found = found.topics.get_mut(&topic.name).unwrap();
        found.partitions = 60;
        found.settings.insert("retention.ms".to_owned(), "-1".to_owned());
    }
    assert_eq!(differences(&topics(), &found), []);
}

#[test]
fn every_difference_says_what_is_what_should_be_and_what_to_do() {
    let mut found = made(3);
    found.verifies_transactions = Some(false);
    found.topics.remove("a.tasuki.inbox");
    found.topics.remove("marketing.forms");
    let mut set = |topic: &str, name: &str, value: &str| {
        let topic = found.topics.get_mut(topic).unwrap();
        topic.settings.insert(name.to_owned(), value.to_owned());
    };
    set("a.tasuki.journal", "message.timestamp.type", "CreateTime");
    set("a.tasuki.journal", "retention.ms", "604800000");
    set("a.tasuki.state", "cleanup.policy", "compact");
    set("a.tasuki.state", "segment.bytes", "1073741824");
    set("a.sales.sla", "max.message.bytes", "1048588");
    set("a.sales.sla", "min.insync.replicas", "1");
    set("a.leads.lifecycle", "min.insync.replicas", "4");
    found.topics.get_mut("a.tasuki.journal").unwrap().partitions = 4;
    found.topics.get_mut("a.tasuki.policy").unwrap().partitions = 2;
    found.topics.get_mut("a.tasuki.dead-letters").unwrap().partitions = 1;
    let words: Vec<String> = differences(&topics(), &found).iter().map(ToString::to_string).collect();
    expect![[r"
        a.tasuki.journal: the number of partitions is 4, should be 12; set journal.partitions to 4; or, while nothing has been recorded, delete the topic and run `tasuki topics create`
        a.tasuki.journal: retention.ms is 604800000, should be -1; set it: kafka-configs.sh --alter --entity-type topics --entity-name a.tasuki.journal --add-config retention.ms=-1
        a.tasuki.journal: message.timestamp.type is CreateTime, should be LogAppendTime; set it: kafka-configs.sh --alter --entity-type topics --entity-name a.tasuki.journal --add-config message.timestamp.type=LogAppendTime
        a.tasuki.state: cleanup.policy is compact, should be delete; set it: kafka-configs.sh --alter --entity-type topics --entity-name a.tasuki.state --add-config cleanup.policy=delete
        a.tasuki.state: segment.bytes is 1073741824, should be at most 16777216; set it: kafka-configs.sh --alter --entity-type topics --entity-name a.tasuki.state --add-config segment.bytes=16777216
        a.tasuki.inbox: the topic is missing, should be there; run `tasuki topics create`
        a.tasuki.policy: the number of partitions is 2, should be 1; delete the topic and run `tasuki topics create`; each instance publishes its policy again
        a.tasuki.dead-letters: the number of partitions is 1, should be at least 6; add partitions: kafka-topics.sh --alter --topic a.tasuki.dead-letters --partitions 6
        a.sales.sla: max.message.bytes is 1048588, should be at least 8388608; set it: kafka-configs.sh --alter --entity-type topics --entity-name a.sales.sla --add-config max.message.bytes=8388608
        a.sales.sla: min.insync.replicas is 1, should be at least 2; set it: kafka-configs.sh --alter --entity-type topics --entity-name a.sales.sla --add-config min.insync.replicas=2
        a.leads.lifecycle: min.insync.replicas is 4, should be at most 3, the number of copies; set it: kafka-configs.sh --alter --entity-type topics --entity-name a.leads.lifecycle --add-config min.insync.replicas=2
        marketing.forms: the topic is missing, should be there; make it, or run `tasuki topics create`, or take it out of the settings' sources
        the brokers: transaction.partition.verification.enable is false, should be true; set it on every broker: kafka-configs.sh --alter --entity-type brokers --entity-default --add-config transaction.partition.verification.enable=true"]].assert_eq(&words.join("\n"));
}

#[test]
fn a_source_of_big_records_is_a_fault() {
    let mut found = made(1);
    let source = found.topics.get_mut("marketing.forms").unwrap();
    source
        .settings
        .insert("max.message.bytes".to_owned(), "8388608".to_owned());
    let words: Vec<String> = differences(&topics(), &found).iter().map(ToString::to_string).collect();
    expect!["marketing.forms: max.message.bytes is 8388608, should be at most 4194304; set it: kafka-configs.sh --alter --entity-type topics --entity-name marketing.forms --add-config max.message.bytes=4194304"].assert_eq(&words.join("\n"));
}
