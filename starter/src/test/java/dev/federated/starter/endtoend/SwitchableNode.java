package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.federated.activities.component.ComponentExecutor;
import dev.federated.worker.node.RegionNode;
import dev.federated.worker.node.RegionNodeOptions;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A region's HTTP node that can be stopped and restarted, and that can hold its answers back. */
final class SwitchableNode implements AutoCloseable {
  private static final long LONGEST_HOLD_SECONDS = 30;

  private final String name;
  private final ComponentExecutor executor = ComponentExecutor.builder().build();
  private final int capacity;
  private final URI endpoint;
  private RegionNode node;
  private final AtomicInteger asked = new AtomicInteger();
  private final List<String> stages = new CopyOnWriteArrayList<>();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger peak = new AtomicInteger();
  private volatile CountDownLatch held = new CountDownLatch(0);

  private SwitchableNode(String name, int capacity) throws IOException {
    this.name = name;
    this.capacity = capacity;
    this.node = serve(0);
    this.endpoint = node.endpoint();
  }

  private RegionNode serve(int port) throws IOException {
    return RegionNode.start(
        RegionNodeOptions.builder(name)
            .port(port)
            .executor(executor)
            .capacity(capacity)
            .filter(
                (request, next) -> {
                  if (!request.path().equals(RegionNode.EXECUTE_PATH)) {
                    return next.handle(request);
                  }
                  asked.incrementAndGet();
                  stages.add(Json.of(new String(request.body(), UTF_8)).at("/stage/id").asText());
                  peak.accumulateAndGet(running.incrementAndGet(), Math::max);
                  try {
                    var unused = held.await(LONGEST_HOLD_SECONDS, TimeUnit.SECONDS);
                    return next.handle(request);
                  } finally {
                    running.decrementAndGet();
                  }
                })
            .build());
  }

  static SwitchableNode start(String name, int capacity) throws IOException {
    return new SwitchableNode(name, capacity);
  }

  /** Stops, so that connections are refused. */
  void stop() {
    node.close();
  }

  /** Serves again where it did. */
  void restart() throws IOException {
    node = serve(endpoint.getPort());
  }

  /** Holds the answers of all executions from now on. */
  void hold() {
    held = new CountDownLatch(1);
  }

  void release() {
    held.countDown();
  }

  String name() {
    return name;
  }

  URI endpoint() {
    return endpoint;
  }

  /** Requests to execute that came in. */
  int asked() {
    return asked.get();
  }

  /** The stages of these requests in the order in which they came in. */
  List<String> stages() {
    return List.copyOf(stages);
  }

  /** The most executions at once since it was reset. */
  int peak() {
    return peak.get();
  }

  void resetPeak() {
    peak.set(0);
  }

  @Override
  public void close() {
    release();
    node.close();
    executor.close();
  }
}
