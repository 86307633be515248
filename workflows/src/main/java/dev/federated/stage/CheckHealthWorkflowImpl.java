package dev.federated.stage;

import dev.federated.model.RegionSnapshot;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.util.LinkedHashMap;
import java.util.Map;

/** See {@link CheckHealthWorkflow}. */
public final class CheckHealthWorkflowImpl implements CheckHealthWorkflow {
  private final World world;

  /** With what the control worker knows. */
  public CheckHealthWorkflowImpl(World world) {
    this.world = world;
  }

  @Override
  public Map<String, RegionHealth> check() {
    RegionSnapshot[] regions =
        Workflow.sideEffect(
            RegionSnapshot[].class, () -> world.everyRegion().toArray(RegionSnapshot[]::new));
    HealthProbe probe = new HealthProbe(world);
    Map<String, Promise<RegionHealth>> probes = new LinkedHashMap<>();
    for (RegionSnapshot region : regions) {
      probes.put(region.name(), probe.probe(region));
    }
    Map<String, RegionHealth> health = new LinkedHashMap<>();
    probes.forEach((region, answer) -> health.put(region, answer.get()));
    return health;
  }
}
