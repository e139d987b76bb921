// Reads handoffs rightly: those that are committed, each once by its id, whatever crashes.
//
//     java -cp 'lib/*' Handoffs.java BROKERS FOLDER

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import java.nio.file.*;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.serialization.*;

class Handoffs {
  static final Set<String> TYPES = Set.of("tasuki.lead.handed-off.v1", "tasuki.handoff.withdrawn.v1", "tasuki.lead.forgotten.v1");

  public static void main(String[] words) throws Exception {
    Path tasks = Files.createDirectories(Path.of(words[1]));
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", words[0], "group.id", "tasks-java", "auto.offset.reset", "earliest",
        "session.timeout.ms", 10000, // so soon others take over after a crash
        "isolation.level", "read_committed", // what was aborted never happened
        "enable.auto.commit", false); // offsets follow the work, below
    var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    consumer.subscribe(Pattern.compile("sales\\.handoffs\\..+"));
    while (true) {
      for (var handoff : consumer.poll(Duration.ofSeconds(1))) {
        String id = header(handoff, "ce_id"), type = header(handoff, "ce_type");
        if (!TYPES.contains(type)) continue; // others are passed over
        String lead = header(handoff, "ce_subject");
        Path task = tasks.resolve(lead + "." + id);
        if (Files.exists(task)) continue; // a repetition finds the id and does nothing
        if (type.equals("tasuki.lead.forgotten.v1"))
          try (var all = Files.newDirectoryStream(tasks, lead + ".*")) { for (Path one : all) Files.write(one, new byte[0]); }
        Path half = Files.write(tasks.resolve("half"), handoff.value());
        Files.move(half, task, ATOMIC_MOVE); // the work and its id in one step
        System.out.println(id + " " + type);
      }
      consumer.commitSync();
    }
  }

  static String header(ConsumerRecord<?, ?> handoff, String name) {
    return new String(handoff.headers().lastHeader(name).value(), UTF_8);
  }
}
