package dev.federated.model;

/**
 * A region that a share was tried in and that it left for another.
 *
 * @param region the region that failed
 * @param attempts executions in that region; 0 if none was started
 * @param error why the share left it
 */
@WireRecord
public record Hop(String region, int attempts, RegionError error) {}
