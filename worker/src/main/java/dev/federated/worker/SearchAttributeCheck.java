package dev.federated.worker;

import dev.federated.stage.StageSearchAttributes;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesResponse;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out whether a namespace has the search attributes of federated stages. Without them an
 * upsert would block every stage, so whatever is not certain counts as no. It looks until they are
 * there, so that {@code federate setup} needs no restart, and never again.
 */
final class SearchAttributeCheck implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SearchAttributeCheck.class);
  private static final long LONGEST_SECONDS = 5;

  private volatile boolean present;
  private boolean said;
  private @Nullable ScheduledExecutorService schedule;

  /** Whether they are there, as far as is known. */
  boolean present() {
    return present;
  }

  /**
   * Looks now, and again after each interval until they are there.
   *
   * @param interval the pause between looks
   */
  void watch(WorkflowServiceStubs service, String namespace, Duration interval) {
    watch(() -> names(service, namespace), interval);
  }

  /**
   * As {@link #watch(WorkflowServiceStubs, String, Duration)}.
   *
   * @param names tells the names of the namespace's search attributes
   */
  synchronized void watch(Supplier<Set<String>> names, Duration interval) {
    if (schedule != null || present || !look(names)) {
      return;
    }
    ScheduledExecutorService started =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "search-attribute-check");
              thread.setDaemon(true);
              return thread;
            });
    schedule = started;
    var unused =
        started.scheduleWithFixedDelay(
            () -> {
              if (!look(names)) {
                started.shutdown();
              }
            },
            interval.toMillis(),
            interval.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /** Looks once; returns whether another look may find more. */
  private boolean look(Supplier<Set<String>> names) {
    boolean again = true;
    try {
      Set<String> there = names.get();
      present = StageSearchAttributes.ALL.stream().allMatch(key -> there.contains(key.getName()));
    } catch (StatusRuntimeException e) {
      log.debug("the server does not tell its search attributes: {}", e.getStatus());
      Status.Code code = e.getStatus().getCode();
      again = code != Status.Code.UNIMPLEMENTED && code != Status.Code.PERMISSION_DENIED;
    }
    say();
    return again && !present;
  }

  private synchronized void say() {
    if (!present && !said) {
      said = true;
      log.info("stages carry no search attributes; federate setup registers them");
    } else if (present && said) {
      log.info("the search attributes of stages are there; stages that start now carry them");
    }
  }

  private static Set<String> names(WorkflowServiceStubs service, String namespace) {
    ListSearchAttributesResponse response =
        OperatorServiceStubs.newServiceStubs(
                OperatorServiceStubsOptions.newBuilder()
                    .setChannel(service.getRawChannel())
                    .validateAndBuildWithDefaults())
            .blockingStub()
            .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
            .listSearchAttributes(
                ListSearchAttributesRequest.newBuilder().setNamespace(namespace).build());
    return response.getCustomAttributesMap().keySet();
  }

  /** Stops looking; what is known stays known. */
  @Override
  public synchronized void close() {
    if (schedule != null) {
      schedule.shutdownNow();
      schedule = null;
    }
  }
}
