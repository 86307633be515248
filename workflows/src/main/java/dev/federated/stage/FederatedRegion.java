package dev.federated.stage;

import io.nexusrpc.Operation;
import io.nexusrpc.Service;

/**
 * The Nexus service of a region's worker for stages of other namespaces. Both operations are
 * workflows on the region's own queue.
 */
@Service(name = FederatedRegion.NAME)
public interface FederatedRegion {
  /** The service's name. */
  String NAME = "FederatedRegion";

  /**
   * Executes a share by {@link RegionExecutionWorkflow}, whose id is the region and the idempotency
   * key: who asks again attaches to what runs, or gets the result of what has succeeded.
   */
  @Operation
  RemoteResponse execute(RegionExecution execution);

  /**
   * Asks for the region's health by {@link RegionProbeWorkflow}.
   *
   * @param region its name
   */
  @Operation
  RegionHealth probe(String region);
}
