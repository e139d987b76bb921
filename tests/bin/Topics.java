import java.util.*;
import org.apache.kafka.clients.admin.*;

/** Makes a topic whose partitions all lie on one broker, or deletes one: for tests/bin/kafka. */
class Topics {
  public static void main(String[] words) throws Exception {
    try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", words[0]))) {
      String topic = words[2];
      if (words[1].equals("drop")) {
        admin.deleteTopics(List.of(topic)).all().get();
        return;
      }
      int broker = Integer.parseInt(words[3]), count = Integer.parseInt(words[4]);
      Map<Integer, List<Integer>> places = new HashMap<>();
      for (int i = 0; i < count; i++) places.put(i, List.of(broker));
      admin.createTopics(List.of(new NewTopic(topic, places))).all().get();
    }
  }
}
