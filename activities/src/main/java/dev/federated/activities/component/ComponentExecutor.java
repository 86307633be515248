package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.model.FederationConfig;
import dev.federated.parsing.NearestNames;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.stage.PayloadSizes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Executes components by type: the built-in ones, those that {@link ServiceLoader} finds, and those
 * that the builder was given. Resolves secrets, keeps them out of everything that leaves, and
 * enforces the limits. Thread-safe; {@link #close} releases database and HTTP connections.
 */
public final class ComponentExecutor implements AutoCloseable {
  /** Longest wait for a result where nobody says how long, the default of a stage's timeout. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(5);

  private static final Logger log = LoggerFactory.getLogger(ComponentExecutor.class);
  private static final int MOST_PROBLEMS = 10;
  private static final int LONGEST_MESSAGE = 4_000;
  private static final long LARGEST_COPIED_BYTES = 64L * 1024 * 1024;

  private final SortedMap<String, StageComponent> byType;
  private final Secrets secrets;
  private final ComponentLimits limits;
  private final List<AutoCloseable> owned;
  private final ScheduledThreadPoolExecutor deadlines;

  private ComponentExecutor(
      SortedMap<String, StageComponent> byType,
      Secrets secrets,
      ComponentLimits limits,
      List<AutoCloseable> owned) {
    this.byType = byType;
    this.secrets = secrets;
    this.limits = limits;
    this.owned = owned;
    deadlines = DaemonThreads.scheduler("component-deadlines");
  }

  /** An executor with the built-in components and every default. */
  public static Builder builder() {
    return new Builder();
  }

  /** The types that can be executed, sorted. */
  public Set<String> types() {
    return java.util.Collections.unmodifiableSet(byType.keySet());
  }

  /**
   * What is wrong with a configuration, one sentence each; empty if nothing is.
   *
   * @throws ComponentException if the type is unknown
   */
  public List<String> problems(String type, JsonNode config) throws ComponentException {
    return component(type).problems(config);
  }

  /** The limits where the caller gives none. */
  public ComponentLimits limits() {
    return limits;
  }

  /** Executes within the default limits. */
  public ComponentOutcome execute(ComponentRequest request) throws ComponentException {
    return execute(request, limits);
  }

  /** Executes within those limits. */
  public ComponentOutcome execute(ComponentRequest request, ComponentLimits limits)
      throws ComponentException {
    return execute(request, limits, new ComponentCancellation());
  }

  /**
   * Executes within those limits, until it is cancelled.
   *
   * @throws ComponentException if the type is unknown, the configuration is wrong, the component
   *     fails, takes too long or gives too much; the message shows no secret
   * @throws CancellationException if it was cancelled
   */
  public ComponentOutcome execute(
      ComponentRequest request, ComponentLimits limits, ComponentCancellation cancellation)
      throws ComponentException {
    long start = System.nanoTime();
    StageComponent component = component(request.type());
    SecretScope scope = new SecretScope(secrets, component.type());
    Execution execution = new Execution(request, limits, scope, cancellation, start);
    AtomicBoolean late = new AtomicBoolean();
    ScheduledFuture<?> deadline =
        deadlines.schedule(
            () -> {
              if (!cancellation.cancelled()) {
                late.set(true);
              }
              cancellation.cancel();
            },
            limits.timeout().toNanos(),
            TimeUnit.NANOSECONDS);
    cancellation.attach(Thread.currentThread());
    boolean interrupted = false;
    try {
      JsonNode output = run(component, request, execution, scope);
      long bytes = PayloadSizes.encoded(output);
      if (bytes > limits.maxOutputBytes()) {
        throw ComponentException.tooLarge(
            "the output has %d bytes of JSON, more than max_output_bytes %d"
                .formatted(bytes, limits.maxOutputBytes()));
      }
      return new ComponentOutcome(
          output,
          execution.tokens,
          execution.cost,
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
    } catch (ComponentException e) {
      throw failure(e, request, scope, late.get() ? limits : null, cancellation);
    } catch (InterruptedException e) {
      interrupted = true;
      throw failure(
          new ComponentException("interrupted before it ended", true),
          request,
          scope,
          late.get() ? limits : null,
          cancellation);
    } catch (RuntimeException | StackOverflowError e) {
      throw failure(unexpected(e), request, scope, late.get() ? limits : null, cancellation);
    } finally {
      deadline.cancel(false);
      cancellation.detach();
      if (interrupted && !cancellation.cancelled()) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static JsonNode run(
      StageComponent component, ComponentRequest request, Execution execution, SecretScope scope)
      throws ComponentException, InterruptedException {
    JsonNode config = orEmptyObject(request.config());
    if (!config.isObject()) {
      throw new ComponentException("config has to be an object: " + config.getNodeType(), false);
    }
    List<String> problems = component.problems(config);
    if (!problems.isEmpty()) {
      throw new ComponentException(
          "its config is wrong: "
              + String.join("; ", problems.subList(0, Math.min(MOST_PROBLEMS, problems.size()))),
          false);
    }
    JsonNode output =
        component.execute(
            scope.resolveIn(config, component.dataKeys()), orNull(request.inputs()), execution);
    // An expression may refer to one value so often that it cannot be written or copied.
    if (PayloadSizes.exceeds(orNull(output), LARGEST_COPIED_BYTES)) {
      throw ComponentException.tooLarge(
          "the output has more than %,d bytes of JSON".formatted(LARGEST_COPIED_BYTES));
    }
    return scope.masked(orNull(output));
  }

  private StageComponent component(String type) throws ComponentException {
    StageComponent component = byType.get(type);
    if (component == null) {
      List<String> nearest = NearestNames.of(type, byType.keySet());
      throw new ComponentException(
          "no component of type '%s' on this worker%s; it has: %s"
              .formatted(
                  type,
                  nearest.isEmpty() ? "" : ", did you mean " + String.join(" or ", nearest) + "?",
                  String.join(", ", byType.keySet())),
          false);
    }
    return component;
  }

  private static ComponentException unexpected(Throwable e) {
    if (e instanceof StackOverflowError) {
      return new ComponentException("its data or config is nested too deeply", false, e);
    }
    // What nobody foresaw may pass: Temporal repeats it, and a bad argument stays bad.
    return new ComponentException(
        "%s: %s".formatted(e.getClass().getSimpleName(), e.getMessage()),
        !(e instanceof IllegalArgumentException),
        e);
  }

  private static ComponentException failure(
      ComponentException e,
      ComponentRequest request,
      SecretScope scope,
      @Nullable ComponentLimits exceeded,
      ComponentCancellation cancellation) {
    String where = "stage '%s' (%s): ".formatted(request.stageId(), request.type());
    if (exceeded != null) {
      return new ComponentException(
          where + "took longer than %d ms".formatted(exceeded.timeout().toMillis()), true);
    }
    if (cancellation.cancelled()) {
      throw new CancellationException(where + "cancelled");
    }
    String message = scope.masked(where + e.getMessage());
    if (log.isDebugEnabled()) {
      log.debug("{}", message, e.getCause() == null ? null : new MaskedCause(e.getCause(), scope));
    }
    return e.withMessage(
        message.length() <= LONGEST_MESSAGE
            ? message
            : message.substring(0, LONGEST_MESSAGE) + "…");
  }

  private static JsonNode orEmptyObject(@Nullable JsonNode config) {
    return config == null || config.isNull() || config.isMissingNode()
        ? JsonNodeFactory.instance.objectNode()
        : config;
  }

  private static JsonNode orNull(@Nullable JsonNode node) {
    return node == null || node.isMissingNode() ? NullNode.instance : node;
  }

  @Override
  public void close() {
    deadlines.shutdownNow();
    for (AutoCloseable resource : owned) {
      try {
        resource.close();
      } catch (Exception e) {
        log.warn("could not close {}", resource.getClass().getSimpleName(), e);
      }
    }
  }

  /** What belongs to one execution. */
  private static final class Execution implements ComponentContext {
    private final ComponentRequest request;
    private final ComponentLimits limits;
    private final SecretScope scope;
    private final ComponentCancellation cancellation;
    private final long deadline;
    private volatile long tokens;
    private volatile double cost;

    Execution(
        ComponentRequest request,
        ComponentLimits limits,
        SecretScope scope,
        ComponentCancellation cancellation,
        long start) {
      this.request = request;
      this.limits = limits;
      this.scope = scope;
      this.cancellation = cancellation;
      this.deadline = start + limits.timeout().toNanos();
    }

    @Override
    public String stageId() {
      return request.stageId();
    }

    @Override
    public String idempotencyKey() {
      return request.idempotencyKey();
    }

    @Override
    public String secret(String name) throws ComponentException {
      return scope.resolve(name);
    }

    @Override
    public Duration remaining() {
      return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
    }

    @Override
    public int maxOutputBytes() {
      return limits.maxOutputBytes();
    }

    @Override
    public void onCancel(Runnable stop) {
      cancellation.onCancel(stop);
    }

    @Override
    public synchronized void addTokens(long more) {
      if (more < 0) {
        throw new IllegalArgumentException("tokens have to be 0 or more: " + more);
      }
      tokens += more;
    }

    @Override
    public synchronized void addCost(double more) {
      if (!(more >= 0) || Double.isInfinite(more)) {
        throw new IllegalArgumentException("cost has to be 0 or more: " + more);
      }
      cost += more;
    }
  }

  /** A cause as the log may show it. */
  private static final class MaskedCause extends Exception {
    private static final long serialVersionUID = 1L;

    MaskedCause(Throwable cause, SecretScope scope) {
      super(scope.masked(cause.toString()), null, false, true);
      setStackTrace(cause.getStackTrace());
    }
  }

  /** Builds an executor. */
  public static final class Builder {
    private Secrets secrets = Secrets.NONE;
    private int maxOutputBytes = FederationConfig.DEFAULT_MAX_OUTPUT_BYTES;
    private Duration timeout = DEFAULT_TIMEOUT;
    private List<String> outboundAllow = List.of();
    private Path databaseFile = Path.of(".federate", "data.db");
    private Dns dns = Dns.SYSTEM;
    private @Nullable DatabaseWriteComponent databaseWrite;
    private Collection<? extends StageComponent> components = List.of();

    private Builder() {}

    /** The secrets that configurations may name; default none. */
    public Builder secrets(Secrets secrets) {
      this.secrets = secrets;
      return this;
    }

    /** Largest output in bytes of JSON where the caller gives no limits; default 1048576. */
    public Builder maxOutputBytes(int maxOutputBytes) {
      this.maxOutputBytes = maxOutputBytes;
      return this;
    }

    /** Longest execution where the caller gives no limits; default {@link #DEFAULT_TIMEOUT}. */
    public Builder timeout(Duration timeout) {
      this.timeout = timeout;
      return this;
    }

    /** Private address ranges, such as {@code 10.0.0.0/8}, that http_request may reach. */
    public Builder outboundAllow(List<String> ranges) {
      this.outboundAllow = List.copyOf(ranges);
      return this;
    }

    /**
     * The SQLite file of database_write without a url; default {@code .federate/data.db} in the
     * working directory. Created with its directory at the first write.
     */
    public Builder databaseFile(Path databaseFile) {
      this.databaseFile = databaseFile;
      return this;
    }

    /** Components beside the built-in ones and those that {@link ServiceLoader} finds. */
    public Builder components(Collection<? extends StageComponent> components) {
      this.components = List.copyOf(components);
      return this;
    }

    /** Takes the place of the component that writes into the database file. */
    Builder databaseWrite(DatabaseWriteComponent databaseWrite) {
      this.databaseWrite = databaseWrite;
      return this;
    }

    /** Resolves the host names of http_request. */
    Builder dns(Dns dns) {
      this.dns = dns;
      return this;
    }

    /**
     * The executor.
     *
     * @throws IllegalArgumentException if a range is none, or if two components have one type
     */
    public ComponentExecutor build() {
      ComponentLimits limits = new ComponentLimits(maxOutputBytes, timeout);
      List<StageComponent> all = new ArrayList<>();
      List<AutoCloseable> owned = new ArrayList<>();
      all.add(new TransformerComponent());
      all.add(new JsonTransformComponent());
      all.add(new FilterComponent());
      all.add(new SchemaValidateComponent());
      all.add(new LoggerComponent());
      HttpRequestComponent http = new HttpRequestComponent(new OutboundPolicy(outboundAllow), dns);
      all.add(http);
      owned.add(http);
      DatabaseWriteComponent database =
          databaseWrite == null ? new DatabaseWriteComponent(databaseFile) : databaseWrite;
      all.add(database);
      owned.add(database);
      ServiceLoader.load(StageComponent.class).forEach(all::add);
      all.addAll(components);
      SortedMap<String, StageComponent> byType = new TreeMap<>();
      for (StageComponent component : all) {
        StageComponent other = byType.putIfAbsent(component.type(), component);
        if (other != null) {
          throw new IllegalArgumentException(
              "component type '%s' is there twice: %s and %s"
                  .formatted(
                      component.type(),
                      other.getClass().getName(),
                      component.getClass().getName()));
        }
      }
      return new ComponentExecutor(byType, secrets, limits, owned);
    }
  }
}
