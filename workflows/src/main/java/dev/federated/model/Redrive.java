package dev.federated.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a stage takes over from an execution of it that closed before.
 *
 * @param workflowId the execution that is redriven
 * @param runId its run
 * @param keyRoot what idempotency keys are made from
 * @param shares what each selected region did; those that succeeded are not executed again
 * @param relocations where shares that failed execute instead, by selected region
 * @param newKey whether failed shares get a new idempotency key although they may have happened
 */
@WireRecord
public record Redrive(
    String workflowId,
    String runId,
    KeyRoot keyRoot,
    Map<String, RegionResult> shares,
    @Nullable Map<String, String> relocations,
    boolean newKey) {
  public Redrive {
    shares = Collections.unmodifiableMap(new LinkedHashMap<>(shares));
  }

  /** Where the share of that region executes. */
  public String placeOf(String region) {
    return relocations == null ? region : relocations.getOrDefault(region, region);
  }
}
