package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.stage.StageSearchAttributes;
import dev.federated.starter.connection.ServerUnavailableException;
import dev.federated.starter.connection.TemporalConnection;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.common.SearchAttributeKey;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Registers the search attributes of federated stages in a namespace. */
@Command(
    name = "setup",
    description = "Registers the search attributes of federated stages in the namespace.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class SetupCommand implements Callable<Integer> {
  private static final long LONGEST_SECONDS = 20;

  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() {
    CommandContext context = Federate.contextOf(federate);
    TemporalConnection connection = TemporalConnection.load(context.environment());
    try (ServerSession session = ServerSession.over(connection)) {
      OperatorServiceStubs operator =
          OperatorServiceStubs.newServiceStubs(
              OperatorServiceStubsOptions.newBuilder()
                  .setChannel(session.client().getWorkflowServiceStubs().getRawChannel())
                  .validateAndBuildWithDefaults());
      ObjectNode done = JsonNodeFactory.instance.objectNode();
      done.put("server", connection.address()).put("namespace", connection.namespace());
      register(operator, connection.namespace(), done.putArray("added"), done.putArray("present"));
      if (output.json()) {
        JsonPrinter.print(spec.commandLine().getOut(), done);
      } else {
        spec.commandLine()
            .getOut()
            .printf(
                "namespace %s at %s: added %s, there before %s%n",
                connection.namespace(),
                connection.address(),
                done.get("added"),
                done.get("present"));
      }
      return ExitCodes.SUCCEEDED;
    } catch (StatusRuntimeException e) {
      throw new ServerUnavailableException(
          "the server at %s did not register the search attributes: %s; on Temporal Cloud they are added in its UI"
              .formatted(connection.address(), e.getStatus().getCode()),
          e);
    }
  }

  private static void register(
      OperatorServiceStubs operator, String namespace, ArrayNode added, ArrayNode present) {
    Set<String> there = registered(operator, namespace);
    for (SearchAttributeKey<?> key : StageSearchAttributes.ALL) {
      boolean isNew = !there.contains(key.getName()) && add(operator, namespace, key);
      (isNew ? added : present).add(key.getName());
    }
  }

  /** What the namespace has; empty if the server does not tell, as the in-JVM server. */
  private static Set<String> registered(OperatorServiceStubs operator, String namespace) {
    try {
      return operator
          .blockingStub()
          .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
          .listSearchAttributes(
              ListSearchAttributesRequest.newBuilder().setNamespace(namespace).build())
          .getCustomAttributesMap()
          .keySet();
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED) {
        return Set.of();
      }
      throw e;
    }
  }

  /** Whether it was not there before. */
  private static boolean add(
      OperatorServiceStubs operator, String namespace, SearchAttributeKey<?> key) {
    try {
      var unused =
          operator
              .blockingStub()
              .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
              .addSearchAttributes(
                  AddSearchAttributesRequest.newBuilder()
                      .setNamespace(namespace)
                      .putSearchAttributes(key.getName(), key.getValueType())
                      .build());
      return true;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.ALREADY_EXISTS) {
        return false;
      }
      throw e;
    }
  }
}
