package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** From JSON, token by token, to what the lead needs: {@link #encoded}. */
final class Translate extends ContextualProcessor<byte[], byte[], Bytes, byte[]> {
    private final JsonFactory factory = new JsonFactory();
    private String id, source, email, form, activity, target;
    private int employees;

    @Override
    public void process(Record<byte[], byte[]> record) {
        id = source = email = form = activity = target = null;
        employees = -1;
        try (JsonParser parser = factory.createParser(record.value())) {
            parser.nextToken();
            read(parser);
        } catch (IOException bad) {
            throw new UncheckedIOException(bad);
        }
        Bytes lead = Bytes.wrap(email.getBytes(StandardCharsets.UTF_8));
        context().forward(new Record<>(lead, encoded(), record.timestamp(), record.headers()));
    }

    /** The members of an object; names are unique over all of its levels. */
    private void read(JsonParser parser) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (value == JsonToken.START_OBJECT) {
                read(parser);
                continue;
            }
            switch (name) {
                case "id": id = parser.getText(); break;
                case "source": source = parser.getText(); break;
                case "email": email = parser.getText(); break;
                case "form": form = parser.getText(); break;
                case "activity": activity = parser.getText(); break;
                case "target": target = parser.getText(); break;
                case "employees": employees = parser.getIntValue(); break;
                default: break;
            }
        }
    }

    /** A hash of its name, the rules it matches, employees or -1, its name. */
    private byte[] encoded() {
        byte[] name = (source + '#' + id).getBytes(StandardCharsets.UTF_8);
        long hash = 0xcbf29ce484222325L;
        for (byte letter : name) hash = (hash ^ letter) * 0x100000001b3L;
        return ByteBuffer.allocate(13 + name.length)
            .putLong(hash)
            .put((byte) Rules.matched(form, activity, target))
            .putInt(employees)
            .put(name)
            .array();
    }
}
