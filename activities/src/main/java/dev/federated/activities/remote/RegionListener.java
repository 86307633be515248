package dev.federated.activities.remote;

import dev.federated.model.RegionError;
import org.jspecify.annotations.Nullable;

/** Learns what calls and probes of this process show. Must be fast, thread-safe and never throw. */
public interface RegionListener {
  /** Learns nothing. */
  RegionListener NONE =
      new RegionListener() {
        @Override
        public void called(String region, @Nullable RegionError error, long latencyMs) {}

        @Override
        public void probed(RegionProbe probe) {}
      };

  /**
   * An attempt in a region ended, other than by being cancelled.
   *
   * @param error why it failed, or null if it succeeded
   * @param latencyMs its time in milliseconds
   */
  void called(String region, @Nullable RegionError error, long latencyMs);

  /** A region was asked for its health. */
  void probed(RegionProbe probe);
}
