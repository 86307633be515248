package dev.federated.stage;

import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.Wave;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Promise;
import io.temporal.workflow.TimerOptions;
import io.temporal.workflow.Workflow;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What a sequential stage does between two regions: it pauses, then looks at the one before. */
final class WaveGate {
  private final Wave wave;
  private final HealthProbe probe;

  WaveGate(Wave wave, World world) {
    this.wave = wave;
    this.probe = new HealthProbe(world);
  }

  /** Whether a region that failed ends the wave. */
  boolean stopsOnFailure() {
    return wave.stopOnFailure();
  }

  /**
   * Pauses.
   *
   * @param enough ends the pause early
   */
  void pause(String before, BooleanSupplier enough) {
    Double seconds = wave.pauseSeconds();
    if (seconds == null || seconds == 0) {
      return;
    }
    List<Promise<Void>> timer = new ArrayList<>();
    CancellationScope scope =
        Workflow.newCancellationScope(
            () ->
                timer.add(
                    Workflow.newTimer(
                        AttemptPolicy.seconds(seconds),
                        TimerOptions.newBuilder()
                            .setSummary(Markdown.summary("pause before " + before))
                            .build())));
    scope.run();
    Workflow.await(() -> timer.get(0).isCompleted() || enough.getAsBoolean());
    if (!timer.get(0).isCompleted()) {
      scope.cancel("the pause is cut short");
    }
  }

  /** Why the next region must not start after that one, or null. */
  @Nullable RegionError unhealthy(RegionSnapshot region) {
    if (!wave.healthGate()) {
      return null;
    }
    RegionHealth health = probe.probe(region).get();
    if (health.healthy()) {
      return null;
    }
    String reason = health.reason() == null ? health.status() : health.reason();
    return RegionError.of(
        FailureType.REGION_UNAVAILABLE,
        "%s succeeded but is not healthy after it, so that health_gate ended the wave: %s"
            .formatted(region.name(), reason));
  }
}
