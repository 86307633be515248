package dev.federated.worker;

import io.grpc.StatusRuntimeException;
import io.temporal.api.workflowservice.v1.GetSystemInfoRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says once, when the first stage with a task priority comes, that the server may not heed it. A
 * server does not tell whether it does; what can be known is its version.
 */
final class PriorityCheck {
  private static final Logger log = LoggerFactory.getLogger(PriorityCheck.class);
  private static final long LONGEST_SECONDS = 5;
  private static final Pattern VERSION = Pattern.compile("([0-9]{1,4})\\.([0-9]{1,4})(\\..*)?");

  /** From 1.31 on servers order tasks by priority unless told otherwise. */
  private static final int ALWAYS = 1_031;

  /** Before 1.28 servers know no priorities. */
  private static final int ASKED_TO = 1_028;

  private final Supplier<String> version;
  private final Consumer<String> warn;
  private final AtomicBoolean asked = new AtomicBoolean();

  /** Asks that server, and warns in the log. */
  PriorityCheck(WorkflowServiceStubs service) {
    this(
        () ->
            service
                .blockingStub()
                .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
                .getSystemInfo(GetSystemInfoRequest.getDefaultInstance())
                .getServerVersion(),
        log::warn);
  }

  PriorityCheck(Supplier<String> version, Consumer<String> warn) {
    this.version = version;
    this.warn = warn;
  }

  /** A stage with a priority starts; returns at once. */
  void prioritized() {
    if (asked.compareAndSet(false, true)) {
      Thread look = new Thread(this::look, "priority-check");
      look.setDaemon(true);
      look.start();
    }
  }

  private void look() {
    try {
      String warning = warning(version.get());
      if (warning != null) {
        warn.accept(warning);
      }
    } catch (StatusRuntimeException e) {
      log.debug("the server does not tell its version: {}", e.getStatus());
    }
  }

  /** What there is to say of a server of that version, or null. */
  static @Nullable String warning(String version) {
    Matcher parts = VERSION.matcher(version);
    int number =
        parts.matches()
            ? Integer.parseInt(parts.group(1)) * 1_000 + Integer.parseInt(parts.group(2))
            : 0;
    if (number >= ALWAYS) {
      return null;
    }
    return number >= ASKED_TO
        ? "Temporal server %s heeds priority and fairness_key only with the settings"
                .formatted(version)
            + " matching.useNewMatcher and matching.enableFairness; without them they are ignored"
        : "this Temporal server (version '%s') ignores priority and fairness_key"
            .formatted(version);
  }
}
