package dev.federated.stage;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Looks after the health of the region whose worker runs this. */
@ActivityInterface
public interface ProbeRegionActivity {
  /** The activity type. */
  String PROBE_REGION = "ProbeRegion";

  /** Asks the region for its health once; an unhealthy region is an answer, not a failure. */
  @ActivityMethod(name = PROBE_REGION)
  RegionHealth probe(String region);
}
