package bench;

/** What can be set, as it came out best; README.md says what else was tried. */
final class Tuning {
    static final boolean IS_CACHED = Boolean.parseBoolean(System.getProperty("cached", "false"));
    static final long CACHE_BYTES = Long.getLong("cache", 64 << 20);
    /** Each of a topology's three hops waits for a commit, so latency wants them often, throughput seldom. */
    static final int COMMIT_MS_LATENCY = Integer.getInteger("commit.latency", 10);
    static final int COMMIT_MS_THROUGHPUT = Integer.getInteger("commit.throughput", 1000);
    static final int THREADS_LATENCY = Integer.getInteger("threads.latency", 1);
    static final int THREADS_THROUGHPUT = Integer.getInteger("threads.throughput", 1);
    static final int LINGER_MS_LATENCY = Integer.getInteger("linger.latency", 0);
    static final int LINGER_MS_THROUGHPUT = Integer.getInteger("linger.throughput", 100);
    static final int BATCH_BYTES = Integer.getInteger("batch", 256 << 10);
    static final int POLL_RECORDS = Integer.getInteger("poll", 5000);
    static final String COMPRESSION = System.getProperty("compression", "none");

    private Tuning() {}
}
