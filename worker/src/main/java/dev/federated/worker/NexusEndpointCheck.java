package dev.federated.worker;

import com.google.protobuf.ByteString;
import dev.federated.model.RegionSnapshot;
import io.grpc.StatusRuntimeException;
import io.temporal.api.operatorservice.v1.ListNexusEndpointsRequest;
import io.temporal.api.operatorservice.v1.ListNexusEndpointsResponse;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says of regions in other namespaces that their Nexus endpoint does not exist: a server fails the
 * workflow task of whoever uses it, again and again, so that its stages stand still.
 */
final class NexusEndpointCheck {
  private static final Logger log = LoggerFactory.getLogger(NexusEndpointCheck.class);
  private static final long LONGEST_SECONDS = 5;
  private static final int PAGE = 100;

  private final Supplier<Set<String>> names;
  private final Consumer<String> warn;

  /** Asks that server, and warns in the log. */
  NexusEndpointCheck(WorkflowServiceStubs service) {
    this(() -> names(service), log::warn);
  }

  /**
   * A check of other endpoints.
   *
   * @param names tells the names of all endpoints
   */
  NexusEndpointCheck(Supplier<Set<String>> names, Consumer<String> warn) {
    this.names = names;
    this.warn = warn;
  }

  /** Looks once, if any of the regions has an endpoint; a server that does not tell is no news. */
  void look(List<RegionSnapshot> regions) {
    List<RegionSnapshot> reached =
        regions.stream()
            .filter(
                region -> !Boolean.FALSE.equals(region.enabled()) && region.nexusEndpoint() != null)
            .toList();
    if (reached.isEmpty()) {
      return;
    }
    Set<String> there;
    try {
      there = names.get();
    } catch (StatusRuntimeException e) {
      log.debug("the server does not tell its Nexus endpoints: {}", e.getStatus());
      return;
    }
    for (RegionSnapshot region : reached) {
      if (!there.contains(region.nexusEndpoint())) {
        warn.accept(
            "region %s: there is no Nexus endpoint '%s'; stages that use it stand still until it is made, as by: temporal operator nexus endpoint create"
                .formatted(region.name(), region.nexusEndpoint()));
      }
    }
  }

  private static Set<String> names(WorkflowServiceStubs service) {
    OperatorServiceStubs operator =
        OperatorServiceStubs.newServiceStubs(
            OperatorServiceStubsOptions.newBuilder()
                .setChannel(service.getRawChannel())
                .validateAndBuildWithDefaults());
    Set<String> names = new HashSet<>();
    ByteString next = ByteString.EMPTY;
    do {
      ListNexusEndpointsResponse page =
          operator
              .blockingStub()
              .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
              .listNexusEndpoints(
                  ListNexusEndpointsRequest.newBuilder()
                      .setPageSize(PAGE)
                      .setNextPageToken(next)
                      .build());
      page.getEndpointsList().forEach(endpoint -> names.add(endpoint.getSpec().getName()));
      next = page.getNextPageToken();
    } while (!next.isEmpty());
    return names;
  }
}
