// Records of a real Kafka, byte for byte: what a command line cannot carry goes through here.
//
//   write ADDRESS TIMES   writes the records of standard input, in their order, so many times
//   read ADDRESS TOPIC    prints the records of a topic, read_committed, to its end
//
// A line is a record: topic, timestamp, key, value, then a name and a value for each header, with
// tabs between; all but topic and timestamp in base64. `-` is null, or the time of writing.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

class Records {
  public static void main(String[] words) throws Exception {
    switch (words[0]) {
      case "write" -> write(words[1], Integer.parseInt(words[2]));
      case "read" -> read(words[1], words[2]);
      default -> throw new IllegalArgumentException("write or read");
    }
  }

  static void write(String address, int times) throws Exception {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII), 1 << 20);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      records.add(record(line.split("\t", -1)));
    }
    var failed = new AtomicReference<Exception>();
    var settings = Map.<String, Object>of("bootstrap.servers", address, "max.request.size", 8 << 20,
        "buffer.memory", 64L << 20, "linger.ms", 5);
    try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int time = 0; time < times; time++) {
        for (var record : records) {
          producer.send(record, (place, error) -> failed.compareAndSet(null, error));
        }
        producer.flush();
      }
    }
    if (failed.get() != null) {
      throw failed.get();
    }
  }

  static ProducerRecord<byte[], byte[]> record(String[] parts) {
    List<Header> headers = new ArrayList<>();
    for (int at = 4; at < parts.length; at += 2) {
      headers.add(new RecordHeader(new String(bytes(parts[at]), StandardCharsets.UTF_8), bytes(parts[at + 1])));
    }
    Long time = parts[1].equals("-") ? null : Long.valueOf(parts[1]);
    return new ProducerRecord<>(parts[0], null, time, bytes(parts[2]), bytes(parts[3]), headers);
  }

  static void read(String address, String topic) throws Exception {
    var settings = Map.<String, Object>of("bootstrap.servers", address, "isolation.level", "read_committed",
        "max.partition.fetch.bytes", 16 << 20);
    var out = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> places = new ArrayList<>();
      consumer.partitionsFor(topic).forEach(each -> places.add(new TopicPartition(topic, each.partition())));
      consumer.assign(places);
      consumer.seekToBeginning(places);
      var ends = consumer.endOffsets(places);
      while (places.stream().anyMatch(place -> consumer.position(place) < ends.get(place))) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          out.println(line(record));
        }
      }
    }
    out.flush();
  }

  static String line(ConsumerRecord<byte[], byte[]> record) {
    List<String> parts = new ArrayList<>(List.of(record.topic(), Long.toString(record.timestamp())));
    parts.add(text(record.key()));
    parts.add(text(record.value()));
    for (Header header : record.headers()) {
      parts.add(text(header.key().getBytes(StandardCharsets.UTF_8)));
      parts.add(text(header.value()));
    }
    return String.join("\t", parts);
  }

  static byte[] bytes(String text) {
    return text.equals("-") ? null : Base64.getDecoder().decode(text);
  }

  static String text(byte[] bytes) {
    return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
  }
}
