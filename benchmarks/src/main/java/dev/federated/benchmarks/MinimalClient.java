package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;

/** The least that a Java program does to start a workflow. */
public final class MinimalClient {
  private MinimalClient() {}

  /**
   * Starts a workflow and prints its id.
   *
   * @param arguments the server's address, the workflow's type, its task queue
   */
  public static void main(String[] arguments) {
    WorkflowServiceStubs stubs =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder().setTarget(arguments[0]).build());
    WorkflowStub stub =
        WorkflowClient.newInstance(stubs)
            .newUntypedWorkflowStub(
                arguments[1], WorkflowOptions.newBuilder().setTaskQueue(arguments[2]).build());
    System.out.println(
        stub.start(JsonNodeFactory.instance.objectNode().put("n", 1)).getWorkflowId());
    System.exit(0);
  }
}
