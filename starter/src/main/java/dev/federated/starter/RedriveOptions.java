package dev.federated.starter;

import dev.federated.model.FederatedStageConfig;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a closed execution is redriven.
 *
 * @param relocations where shares that failed execute instead, by selected region
 * @param newKey whether what failed gets a new idempotency key although it may have happened
 * @param federation a corrected federation block for a stage; null keeps the old one
 */
public record RedriveOptions(
    Map<String, String> relocations, boolean newKey, @Nullable FederatedStageConfig federation) {
  /** Everything again where it was, under the same keys. */
  public static final RedriveOptions DEFAULT = new RedriveOptions(Map.of(), false, null);

  public RedriveOptions {
    relocations = Map.copyOf(relocations);
  }
}
