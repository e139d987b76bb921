// What a reader must bear, written into a topic: a transaction that is aborted, and a record again.
//
//     Repeats.java BROKERS TOPIC ID ABORTED NEXT
//
// Copies of the record ID: one named ABORTED, whose transaction is aborted; then one that changes
// nothing, and one named NEXT. All of them behind each other in the record's partition.

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.*;

class Repeats {
  public static void main(String[] words) throws Exception {
    Map<String, Object> brokers = Map.of("bootstrap.servers", words[0]);
    Map<String, Object> reading = new HashMap<>(brokers), writing = new HashMap<>(brokers);
    reading.put("isolation.level", "read_committed");
    writing.put("transactional.id", "repeats");
    var bytes = new ByteArrayDeserializer();
    ConsumerRecord<byte[], byte[]> found;
    try (var consumer = new KafkaConsumer<>(reading, bytes, bytes)) {
      found = find(consumer, words[1], words[2]);
    }
    try (var producer = new KafkaProducer<>(writing, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(copy(found, words[3])).get();
      producer.abortTransaction();
      producer.beginTransaction();
      producer.send(copy(found, words[2])).get();
      producer.send(copy(found, words[4])).get();
      producer.commitTransaction();
    }
  }

  static ConsumerRecord<byte[], byte[]> find(KafkaConsumer<byte[], byte[]> consumer, String topic, String id) {
    consumer.assign(consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList());
    consumer.seekToBeginning(consumer.assignment());
    for (int turn = 0; turn < 20; turn++)
      for (var record : consumer.poll(Duration.ofSeconds(1)))
        if (new String(record.headers().lastHeader("ce_id").value(), UTF_8).equals(id)) return record;
    throw new IllegalStateException("the record is not there");
  }

  static ProducerRecord<byte[], byte[]> copy(ConsumerRecord<byte[], byte[]> found, String id) {
    Headers headers = new ProducerRecord<byte[], byte[]>(found.topic(), found.partition(), found.key(), found.value(), found.headers()).headers();
    headers.remove("ce_id").add("ce_id", id.getBytes(UTF_8));
    return new ProducerRecord<>(found.topic(), found.partition(), found.key(), found.value(), headers);
  }
}
