package dev.federated.stage;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.federated.model.WireRecord;
import org.jspecify.annotations.Nullable;

/**
 * Health of one region.
 *
 * @param healthy whether it takes work
 * @param status a word for a table: healthy, offline, no_worker, busy, disabled, or what the region
 *     says of itself
 * @param latencyMs time of the probe in milliseconds, or null if there was no answer
 * @param currentLoad executions running in it, or null if unknown
 * @param maxConcurrent executions that it takes at once
 * @param reason why it is not healthy, or null
 */
@WireRecord
public record RegionHealth(
    boolean healthy,
    String status,
    @JsonInclude @Nullable Long latencyMs,
    @JsonInclude @Nullable Double currentLoad,
    int maxConcurrent,
    @JsonInclude @Nullable String reason) {
  /** The same health, with something that an operator should know. */
  RegionHealth withReason(String why) {
    return new RegionHealth(healthy, status, latencyMs, currentLoad, maxConcurrent, why);
  }
}
