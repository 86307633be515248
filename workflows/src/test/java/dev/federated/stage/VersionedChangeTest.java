package dev.federated.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.temporal.client.WorkflowOptions;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.testing.WorkflowReplayer;
import io.temporal.worker.Worker;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How workflow code is changed while histories of the old code are open; see docs/versions.md. */
class VersionedChangeTest {
  @WorkflowInterface
  public interface SmallWorkflow {
    @WorkflowMethod
    String run();
  }

  /** What was released. */
  public static final class Released implements SmallWorkflow {
    @Override
    public String run() {
      Workflow.sleep(Duration.ofSeconds(1));
      return "done";
    }
  }

  /** The change as one would write it first: a command more. */
  public static final class Careless implements SmallWorkflow {
    @Override
    public String run() {
      Workflow.sideEffect(String.class, () -> "looked again");
      Workflow.sleep(Duration.ofSeconds(1));
      return "done";
    }
  }

  /** The change as it is made: histories without the command go on without it. */
  public static final class Guarded implements SmallWorkflow {
    @Override
    public String run() {
      int version = Workflow.getVersion("second-look", Workflow.DEFAULT_VERSION, 1);
      if (version >= 1) {
        Workflow.sideEffect(String.class, () -> "looked again");
      }
      Workflow.sleep(Duration.ofSeconds(1));
      return "done";
    }
  }

  private static WorkflowExecutionHistory historyOf(Class<? extends SmallWorkflow> implementation) {
    try (TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance()) {
      Worker worker = environment.newWorker("small");
      worker.registerWorkflowImplementationTypes(implementation);
      environment.start();
      WorkflowOptions options =
          WorkflowOptions.newBuilder().setTaskQueue("small").setWorkflowId("small-1").build();
      SmallWorkflow stub =
          environment.getWorkflowClient().newWorkflowStub(SmallWorkflow.class, options);
      assertThat(stub.run()).isEqualTo("done");
      return environment.getWorkflowClient().fetchHistory("small-1");
    }
  }

  @Test
  void aChangeWithoutAGuardBreaksHistoriesOfTheReleasedCode() {
    WorkflowExecutionHistory released = historyOf(Released.class);

    assertThatThrownBy(() -> WorkflowReplayer.replayWorkflowExecution(released, Careless.class))
        .hasStackTraceContaining("NonDeterministic");
  }

  @Test
  void aGuardedChangeReplaysHistoriesOfTheReleasedCodeAndOfItsOwn() {
    WorkflowExecutionHistory released = historyOf(Released.class);
    WorkflowExecutionHistory changed = historyOf(Guarded.class);

    assertThatCode(() -> WorkflowReplayer.replayWorkflowExecution(released, Guarded.class))
        .doesNotThrowAnyException();
    assertThatCode(() -> WorkflowReplayer.replayWorkflowExecution(changed, Guarded.class))
        .doesNotThrowAnyException();
  }

  @Test
  void theGuideShowsTheGuardOfThisTest() throws Exception {
    String guide = Files.readString(Path.of("..", "docs", "versions.md")).replaceAll("\\s+", " ");
    String source =
        Files.readString(Path.of("src/test/java/dev/federated/stage/VersionedChangeTest.java"))
            .replaceAll("\\s+", " ");
    String guard =
        "int version = Workflow.getVersion(\"second-look\", Workflow.DEFAULT_VERSION, 1);"
            + " if (version >= 1) { Workflow.sideEffect(String.class, () -> \"looked again\"); }";
    assertThat(guide).contains(guard);
    assertThat(source).contains(guard);
  }
}
