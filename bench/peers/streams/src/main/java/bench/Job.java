package bench;

import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The reference job: deduplicate, score, hand off, watch the deadline; exactly once.
 *
 * <p>Job BROKERS PREFIX keyed|unkeyed throughput|latency STATE-FOLDER. Writes the number of events
 * it has decided, a line each time it has grown.
 */
public final class Job {
    static final AtomicLong DECIDED = new AtomicLong();
    private static final Serde<Bytes> KEY = Serdes.Bytes();
    private static final Serde<byte[]> VALUE = Serdes.ByteArray();

    public static void main(String[] words) throws InterruptedException {
        boolean forLatency = words[3].equals("latency");
        Topology topology = topology(words[1], words[2].equals("keyed"));
        KafkaStreams streams = new KafkaStreams(topology, settings(words[0], words[1], forLatency, words[4]));
        CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) System.err.println("running");
            if (now == KafkaStreams.State.ERROR) ended.countDown();
        });
        streams.setUncaughtExceptionHandler(trouble -> {
            trouble.printStackTrace();
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
        long told = 0;
        while (ended.getCount() > 0) {
            long decided = DECIDED.get();
            if (decided != told) System.out.println(decided);
            told = decided;
            Thread.sleep(100);
        }
        System.exit(1);
    }

    /** An event is read from JSON once; what goes on to the lead's partition is some 60 bytes. */
    private static Topology topology(String prefix, boolean isKeyed) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(kept("leads", true)).addStateStore(kept("reps", false)).addStateStore(kept("open", false));
        KStream<Bytes, byte[]> events = builder
            .stream(prefix + "marketing.engagement", Consumed.with(VALUE, VALUE))
            .process(Translate::new);
        if (!isKeyed) {
            events = events.repartition(Repartitioned.<Bytes, byte[]>as("by-lead").withKeySerde(KEY).withValueSerde(VALUE));
        }
        KStream<Bytes, byte[]> decided = events.process(Leads::new, "leads");
        decided.filter((lead, value) -> value[0] == '{').to(prefix + "leads.lifecycle", Produced.with(KEY, VALUE));
        decided.filter((lead, value) -> value[0] != '{')
            .repartition(Repartitioned.<Bytes, byte[]>as("desk").withKeySerde(KEY).withValueSerde(VALUE).withNumberOfPartitions(1))
            .process(Desk::new, "reps", "open")
            .to((lead, value, context) -> prefix + new String(context.headers().lastHeader("to").value()), Produced.with(KEY, VALUE));
        return builder.build();
    }

    /** State in memory, its changes in a changelog; a cache would join the changes of a lead between commits. */
    private static StoreBuilder<KeyValueStore<Bytes, byte[]>> kept(String name, boolean isCached) {
        StoreBuilder<KeyValueStore<Bytes, byte[]>> store =
            Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), KEY, VALUE);
        return isCached && Tuning.IS_CACHED ? store.withCachingEnabled() : store;
    }

    private static Properties settings(String brokers, String prefix, boolean forLatency, String folder) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, prefix + "streams");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, forLatency ? Tuning.COMMIT_MS_LATENCY : Tuning.COMMIT_MS_THROUGHPUT);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, forLatency ? Tuning.THREADS_LATENCY : Tuning.THREADS_THROUGHPUT);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, Tuning.CACHE_BYTES);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), Tuning.POLL_RECORDS);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.CHECK_CRCS_CONFIG), false);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), forLatency ? Tuning.LINGER_MS_LATENCY : Tuning.LINGER_MS_THROUGHPUT);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), Tuning.BATCH_BYTES);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), Tuning.COMPRESSION);
        return settings;
    }

    private Job() {}
}
