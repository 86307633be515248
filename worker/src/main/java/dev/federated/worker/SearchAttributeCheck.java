package dev.federated.worker;

import dev.federated.stage.StageSearchAttributes;
import io.grpc.StatusRuntimeException;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesResponse;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out once whether a namespace has the search attributes of federated stages. Without them an
 * upsert would block every stage, so whatever is not certain counts as no.
 */
final class SearchAttributeCheck {
  private static final Logger log = LoggerFactory.getLogger(SearchAttributeCheck.class);
  private static final long LONGEST_SECONDS = 5;

  private volatile boolean present;

  boolean present() {
    return present;
  }

  void look(WorkflowServiceStubs service, String namespace) {
    OperatorServiceStubs operator =
        OperatorServiceStubs.newServiceStubs(
            OperatorServiceStubsOptions.newBuilder()
                .setChannel(service.getRawChannel())
                .validateAndBuildWithDefaults());
    try {
      ListSearchAttributesResponse response =
          operator
              .blockingStub()
              .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
              .listSearchAttributes(
                  ListSearchAttributesRequest.newBuilder().setNamespace(namespace).build());
      present =
          StageSearchAttributes.ALL.stream()
              .allMatch(key -> response.containsCustomAttributes(key.getName()));
    } catch (StatusRuntimeException e) {
      log.debug("the server does not tell its search attributes: {}", e.getStatus());
      present = false;
    }
    if (!present) {
      log.info("stages carry no search attributes; federate setup registers them");
    }
  }
}
