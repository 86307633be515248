package dev.federated.starter.endtoend;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.worker.node.NodeAnswer;
import dev.federated.worker.node.RegionNode;
import dev.federated.worker.node.RegionNodeOptions;
import dev.federated.worker.node.RequestFilter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A region's HTTP node in the test's JVM. It executes for real, keys are counted, but answers with
 * the part of the inputs that is named after the region, so that a test says what comes from where.
 * A stage whose inputs list the region under {@code hold} waits there until it is released.
 */
final class TestNode implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final long LONGEST_HOLD_SECONDS = 30;

  private final String region;
  private final ComponentExecutor executor =
      ComponentExecutor.builder().maxOutputBytes(60_000_000).build();
  private final RegionNode node;
  private final AtomicInteger asked = new AtomicInteger();
  private final Map<String, CountDownLatch> holds = new ConcurrentHashMap<>();
  private final Set<String> held = ConcurrentHashMap.newKeySet();

  private TestNode(String region, @Nullable String key, @Nullable RequestFilter fault) {
    this.region = region;
    try {
      node =
          RegionNode.start(
              RegionNodeOptions.builder(region)
                  .executor(executor)
                  .key(key)
                  .filter(
                      (request, next) -> {
                        if (!request.path().equals(RegionNode.EXECUTE_PATH)) {
                          return next.handle(request);
                        }
                        asked.incrementAndGet();
                        return fault == null
                            ? answer(MAPPER.readTree(request.body()), next.handle(request))
                            : fault.filter(request, next);
                      })
                  .build());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A node that works, with a key. */
  static TestNode start(String region, @Nullable String key) {
    return new TestNode(region, key, null);
  }

  /** A node that works, and answers each execution only after that time. */
  static TestNode slow(String region, Duration time) {
    CountDownLatch never = new CountDownLatch(1);
    return new TestNode(
        region,
        null,
        (request, next) -> {
          NodeAnswer answer = next.handle(request);
          var unused = never.await(time.toMillis(), TimeUnit.MILLISECONDS);
          return answer;
        });
  }

  /** A node that is healthy but answers executions in that way. */
  static TestNode faulty(String region, RequestFilter fault) {
    return new TestNode(region, null, fault);
  }

  private NodeAnswer answer(JsonNode body, NodeAnswer own) throws InterruptedException {
    for (JsonNode hold : body.at("/inputs/hold")) {
      if (hold.asText().equals(region)) {
        hold(body.at("/stage/id").asText());
      }
    }
    JsonNode output = body.path("inputs").get(region);
    if (own.status() != 200 || output == null) {
      return own;
    }
    return NodeAnswer.ok(JsonNodeFactory.instance.objectNode().set("output", output));
  }

  private void hold(String stageId) throws InterruptedException {
    CountDownLatch latch = holds.computeIfAbsent(stageId, id -> new CountDownLatch(1));
    held.add(stageId);
    var unused = latch.await(LONGEST_HOLD_SECONDS, TimeUnit.SECONDS);
    held.remove(stageId);
  }

  /** Whether an execution of that stage waits here. */
  boolean holds(String stageId) {
    return held.contains(stageId);
  }

  /** Lets the executions of that stage go on. */
  void release(String stageId) {
    holds.computeIfAbsent(stageId, id -> new CountDownLatch(1)).countDown();
  }

  URI endpoint() {
    return node.endpoint();
  }

  /** Requests to execute that came in. */
  int asked() {
    return asked.get();
  }

  /** How often each idempotency key was executed. */
  Map<String, Integer> executions() {
    return node.executions();
  }

  @Override
  public void close() {
    holds.values().forEach(CountDownLatch::countDown);
    node.close();
    executor.close();
  }
}
