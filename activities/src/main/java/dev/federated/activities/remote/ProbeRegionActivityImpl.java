package dev.federated.activities.remote;

import dev.federated.activities.metrics.FederationMetrics;
import dev.federated.model.RegionConfig;
import dev.federated.stage.ProbeRegionActivity;
import dev.federated.stage.RegionHealth;
import dev.federated.stage.TraceParent;
import org.jspecify.annotations.Nullable;

/** Looks after the health of one region from its worker. */
public final class ProbeRegionActivityImpl implements ProbeRegionActivity {
  private final RegionConfig region;
  private final @Nullable RegionProtocolClient client;
  private final RegionListener listener;
  private final FederationMetrics metrics;

  /**
   * The activity of a region.
   *
   * @param client the client of the region's endpoint; null if it has none, so that the worker that
   *     answers is all there is to be healthy
   * @param listener learns what the probe showed
   * @param metrics tells how many executions this worker runs itself
   */
  public ProbeRegionActivityImpl(
      RegionConfig region,
      @Nullable RegionProtocolClient client,
      RegionListener listener,
      FederationMetrics metrics) {
    this.region = region;
    this.client = client;
    this.listener = listener;
    this.metrics = metrics;
  }

  @Override
  public RegionHealth probe(String name) {
    TraceParent.forget();
    if (!name.equals(region.name())) {
      return new RegionHealth(
          false,
          "no_worker",
          null,
          null,
          region.maxConcurrent(),
          "this worker serves region %s, not %s".formatted(region.name(), name));
    }
    if (!region.enabled()) {
      return new RegionHealth(
          false, "disabled", null, null, region.maxConcurrent(), "disabled in the federation file");
    }
    if (client == null) {
      double running = metrics.inFlight(region.name());
      return new RegionHealth(true, RegionProbe.HEALTHY, 0L, running, region.maxConcurrent(), null);
    }
    RegionProbe probe = client.probe(RegionProber.TIMEOUT);
    listener.probed(probe);
    return probe.health(region.maxConcurrent());
  }
}
