package dev.federated.stage;

import dev.federated.model.RegionSnapshot;

/** See {@link RegionProbeWorkflow}. */
public final class RegionProbeWorkflowImpl implements RegionProbeWorkflow {
  @Override
  public RegionHealth probe(String region) {
    return new HealthProbe(name -> false).probe(RegionSnapshot.builder(region).build()).get();
  }
}
