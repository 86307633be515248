package dev.federated.worker.node;

import dev.federated.activities.component.ComponentExecutor;
import dev.federated.activities.tracing.Tracing;
import dev.federated.worker.tls.ServerTls;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a {@link RegionNode}.
 *
 * @param name the region, its {@code node_id}
 * @param host address to bind, default 127.0.0.1; any that is not loopback needs a key
 * @param port 0 to 65535, default 0: a free one
 * @param key the bearer key that requests have to carry, or null
 * @param tls serves HTTPS with it, or null for plain HTTP
 * @param capacity executions at once, 1 to 10000, default 10
 * @param executor executes the stages; stays the caller's to close
 * @param maxRecordedAnswers answers kept for repeats, 1 or more, default 10000
 * @param maxRecordedBytes bytes of the answers kept, 1 or more, default 64 MiB
 * @param recordTime how long an answer is kept, default 24 hours
 * @param filter stands around every request, default none
 * @param clock tells how old an answer is
 * @param tracing takes a span of every execution, default none
 */
public record RegionNodeOptions(
    String name,
    String host,
    int port,
    @Nullable String key,
    @Nullable ServerTls tls,
    int capacity,
    ComponentExecutor executor,
    int maxRecordedAnswers,
    long maxRecordedBytes,
    Duration recordTime,
    RequestFilter filter,
    Clock clock,
    Tracing tracing) {
  /** Most executions at once. */
  public static final int MOST_CAPACITY = 10_000;

  /**
   * Checks each value.
   *
   * @throws IllegalArgumentException if a value is out of its range
   */
  public RegionNodeOptions {
    require(!name.isBlank(), "name has to be a text that is not empty");
    require(!host.isBlank(), "host has to be a text that is not empty");
    require(port >= 0 && port <= 65_535, "port has to be 0 to 65535: " + port);
    require(key == null || !key.isBlank(), "key has to be a text that is not empty");
    require(
        capacity >= 1 && capacity <= MOST_CAPACITY,
        "capacity has to be 1 to %d: %d".formatted(MOST_CAPACITY, capacity));
    require(
        maxRecordedAnswers >= 1, "maxRecordedAnswers has to be 1 or more: " + maxRecordedAnswers);
    require(maxRecordedBytes >= 1, "maxRecordedBytes has to be 1 or more: " + maxRecordedBytes);
    require(
        !recordTime.isNegative() && !recordTime.isZero(),
        "recordTime has to be above zero: " + recordTime);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  /** Shows everything but the key. */
  @Override
  public String toString() {
    return "RegionNodeOptions[name=%s, host=%s, port=%d, key=%s, capacity=%d]"
        .formatted(name, host, port, key == null ? "none" : "***", capacity);
  }

  /** A node of that name with every default. */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** Builds the options; see {@link RegionNodeOptions} for meaning and defaults. */
  public static final class Builder {
    private final String name;
    private String host = "127.0.0.1";
    private int port;
    private @Nullable String key;
    private @Nullable ServerTls tls;
    private int capacity = 10;
    private @Nullable ComponentExecutor executor;
    private int maxRecordedAnswers = 10_000;
    private long maxRecordedBytes = 64L * 1024 * 1024;
    private Duration recordTime = Duration.ofDays(1);
    private RequestFilter filter = RequestFilter.NONE;
    private Clock clock = Clock.systemUTC();
    private Tracing tracing = Tracing.NONE;

    private Builder(String name) {
      this.name = name;
    }

    /** Sets the address to bind. */
    public Builder host(String host) {
      this.host = host;
      return this;
    }

    /** Sets the port. */
    public Builder port(int port) {
      this.port = port;
      return this;
    }

    /** Sets the bearer key. */
    public Builder key(@Nullable String key) {
      this.key = key;
      return this;
    }

    /** Sets the certificate that it serves with. */
    public Builder tls(@Nullable ServerTls tls) {
      this.tls = tls;
      return this;
    }

    /** Sets the executions at once. */
    public Builder capacity(int capacity) {
      this.capacity = capacity;
      return this;
    }

    /** Sets what executes the stages; required. */
    public Builder executor(ComponentExecutor executor) {
      this.executor = executor;
      return this;
    }

    /** Sets how many answers are kept. */
    public Builder maxRecordedAnswers(int maxRecordedAnswers) {
      this.maxRecordedAnswers = maxRecordedAnswers;
      return this;
    }

    /** Sets how many bytes of answers are kept. */
    public Builder maxRecordedBytes(long maxRecordedBytes) {
      this.maxRecordedBytes = maxRecordedBytes;
      return this;
    }

    /** Sets how long an answer is kept. */
    public Builder recordTime(Duration recordTime) {
      this.recordTime = recordTime;
      return this;
    }

    /** Sets what stands around every request. */
    public Builder filter(RequestFilter filter) {
      this.filter = filter;
      return this;
    }

    /** Sets the clock. */
    public Builder clock(Clock clock) {
      this.clock = clock;
      return this;
    }

    /** Sets what takes spans. */
    public Builder tracing(Tracing tracing) {
      this.tracing = tracing;
      return this;
    }

    /**
     * The options.
     *
     * @throws IllegalArgumentException if a value is out of its range
     * @throws NullPointerException if there is no executor
     */
    public RegionNodeOptions build() {
      return new RegionNodeOptions(
          name,
          host,
          port,
          key,
          tls,
          capacity,
          Objects.requireNonNull(executor, "executor is required"),
          maxRecordedAnswers,
          maxRecordedBytes,
          recordTime,
          filter,
          clock,
          tracing);
    }
  }
}
