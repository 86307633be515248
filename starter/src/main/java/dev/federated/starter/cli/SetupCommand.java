package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.stage.StageSearchAttributes;
import dev.federated.starter.connection.ServerUnavailableException;
import dev.federated.starter.connection.TemporalConnection;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.common.SearchAttributeKey;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import java.util.Map;
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
    Map<String, IndexedValueType> there =
        operator
            .blockingStub()
            .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
            .listSearchAttributes(
                ListSearchAttributesRequest.newBuilder().setNamespace(namespace).build())
            .getCustomAttributesMap();
    AddSearchAttributesRequest.Builder missing =
        AddSearchAttributesRequest.newBuilder().setNamespace(namespace);
    for (SearchAttributeKey<?> key : StageSearchAttributes.ALL) {
      if (there.containsKey(key.getName())) {
        present.add(key.getName());
      } else {
        missing.putSearchAttributes(key.getName(), key.getValueType());
        added.add(key.getName());
      }
    }
    if (!added.isEmpty()) {
      var unused =
          operator
              .blockingStub()
              .withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS)
              .addSearchAttributes(missing.build());
    }
  }
}
