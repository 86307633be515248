package dev.federated.stage;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.aggregation.Aggregator;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.Distribution;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.common.interceptors.WorkerInterceptorBase;
import io.temporal.common.interceptors.WorkflowInboundCallsInterceptor;
import io.temporal.common.interceptors.WorkflowInboundCallsInterceptorBase;
import io.temporal.common.interceptors.WorkflowOutboundCallsInterceptor;
import io.temporal.common.interceptors.WorkflowOutboundCallsInterceptorBase;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.WorkerFactoryOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What large stages cost. The regions are simulated: one worker takes the tasks of all their
 * queues, everything else is as it is.
 */
@Timeout(600)
class ScaleTest {
  /** Where Temporal ends a workflow. */
  private static final int MOST_EVENTS = 51_200;

  private static final long MOST_BYTES = 50L * 1024 * 1024;

  private static final String REGIONS = "simulated-regions";

  private final TestWorkflowEnvironment environment =
      TestWorkflowEnvironment.newInstance(
          TestEnvironmentOptions.newBuilder()
              .setWorkerFactoryOptions(
                  WorkerFactoryOptions.newBuilder().setWorkerInterceptors(new OneQueue()).build())
              .build());

  /** What a stage took. */
  private record Figures(
      int regions, int items, long milliseconds, int events, long bytes, int workflowTasks) {
    String row() {
      return "| %,d | %s | %.1f | %,d | %,d | %d |"
          .formatted(
              regions,
              items == 0 ? "–" : "%,d".formatted(items),
              milliseconds / 1000.0,
              events,
              bytes / 1024,
              workflowTasks);
    }
  }

  @AfterEach
  void close() {
    environment.close();
  }

  private void start(int regions) {
    FederationConfig federation =
        FederationConfig.builder()
            .regions(
                IntStream.rangeClosed(1, regions)
                    .mapToObj(i -> RegionConfig.builder("region-%04d".formatted(i)).build())
                    .toList())
            .build();
    environment
        .newWorker(FederatedQueues.CONTROL)
        .registerWorkflowImplementationFactory(
            FederatedStageWorkflow.class,
            () -> new FederatedStageWorkflowImpl(new FakeWorld(federation), Aggregator.BUILT_IN));
    environment
        .newWorker(REGIONS)
        .registerActivitiesImplementations(
            (RemoteExecuteActivity) request -> new RemoteResponse(request.inputs(), 0, null, 1, 1));
    environment.start();
  }

  private Figures run(int regions, FederatedStageConfig.Builder block, JsonNode inputs) {
    WorkflowStub stub =
        environment
            .getWorkflowClient()
            .newUntypedWorkflowStub(
                FederatedStageWorkflow.TYPE,
                WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
    long startedAt = System.nanoTime();
    stub.start(
        new StageRequest(
            "large",
            "transformer",
            JsonNodeFactory.instance.objectNode(),
            inputs,
            block
                .regions(
                    IntStream.rangeClosed(1, regions).mapToObj("region-%04d"::formatted).toList())
                .build()));
    FederatedStageResult result = ScriptedRegions.result(stub);
    long milliseconds = (System.nanoTime() - startedAt) / 1_000_000;
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.successfulRegions()).hasSize(regions);
    assertThat(result.aggregated()).hasSize(inputs.isArray() ? inputs.size() : regions);
    WorkflowExecutionHistory history =
        environment.getWorkflowClient().fetchHistory(stub.getExecution().getWorkflowId());
    int tasks =
        (int)
            history.getEvents().stream()
                .filter(event -> event.hasWorkflowTaskCompletedEventAttributes())
                .count();
    return new Figures(
        regions,
        inputs.isArray() ? inputs.size() : 0,
        milliseconds,
        history.getEvents().size(),
        history.getHistory().getSerializedSize(),
        tasks);
  }

  private static FederatedStageConfig.Builder everywhere() {
    return FederatedStageConfig.builder().aggregation(AggregationStrategy.ALL);
  }

  private static ArrayNode items(int count) {
    ArrayNode items = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < count; i++) {
      items.addObject().put("id", i).put("amount", i % 97).put("customer", "customer-" + i % 500);
    }
    return items;
  }

  private static FederatedStageConfig.Builder partition() {
    return FederatedStageConfig.builder().distribution(Distribution.PARTITION);
  }

  @Test
  void aThousandItemsInFiftyRegionsAreFarFromTemporalsLimits() {
    start(50);

    Figures figures = run(50, partition(), items(1_000));

    assertThat(figures.events()).isLessThan(MOST_EVENTS / 100);
    assertThat(figures.bytes()).isLessThan(MOST_BYTES / 100);
  }

  @Test
  @Tag("chaos")
  void aThousandRegionsAndTenThousandItemsCompleteInTimeThatGrowsLinearly() {
    start(1_000);
    var unused = run(100, everywhere(), JsonNodeFactory.instance.objectNode());
    List<Figures> table = new ArrayList<>();
    for (int regions : new int[] {100, 250, 500, 1_000}) {
      table.add(run(regions, everywhere(), JsonNodeFactory.instance.objectNode().put("n", 1)));
    }
    for (int count : new int[] {1_000, 5_000, 10_000}) {
      table.add(run(50, partition(), items(count)));
    }
    System.out.println("| regions | items | s | events | KiB of history | workflow tasks |");
    System.out.println("|---|---|---|---|---|---|");
    table.forEach(figures -> System.out.println(figures.row()));

    assertThat(table)
        .allSatisfy(
            figures -> {
              assertThat(figures.events()).isLessThan(MOST_EVENTS / 10);
              assertThat(figures.bytes()).isLessThan(MOST_BYTES / 10);
            });
    double each = table.get(1).milliseconds() / 250.0;
    double eachOfMany = table.get(3).milliseconds() / 1_000.0;
    // Growth with the square would make it four times as much.
    assertThat(eachOfMany).as("ms for one of 1,000 regions").isLessThan(2.5 * each);
  }

  /** Sends the tasks of every region's queue to the one worker. */
  private static final class OneQueue extends WorkerInterceptorBase {
    @Override
    public WorkflowInboundCallsInterceptor interceptWorkflow(WorkflowInboundCallsInterceptor next) {
      return new WorkflowInboundCallsInterceptorBase(next) {
        @Override
        public void init(WorkflowOutboundCallsInterceptor outbound) {
          super.init(
              new WorkflowOutboundCallsInterceptorBase(outbound) {
                @Override
                public <R> ActivityOutput<R> executeActivity(ActivityInput<R> input) {
                  ActivityOptions options =
                      ActivityOptions.newBuilder(input.getOptions()).setTaskQueue(REGIONS).build();
                  return super.executeActivity(
                      new ActivityInput<>(
                          input.getActivityName(),
                          input.getResultClass(),
                          input.getResultType(),
                          input.getArgs(),
                          options,
                          input.getHeader()));
                }
              });
        }
      };
    }
  }
}
