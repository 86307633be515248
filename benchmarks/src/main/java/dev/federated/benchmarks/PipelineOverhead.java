package dev.federated.benchmarks;

import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineExecution;
import dev.federated.pipeline.StageDefinition;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.WorkflowIdPolicy;
import java.util.ArrayList;
import java.util.List;

/** A pipeline of three federated stages beside a workflow that fans out three times. */
final class PipelineOverhead {
  private static final int REGIONS = 3;
  private static final int STAGES = 3;
  private static final int[] CLIENTS = {1, 8};
  private static final int INPUT_BYTES = 1_000;

  private final Duel duel;

  PipelineOverhead(Scale scale) {
    this.duel = new Duel(scale);
  }

  Table run() throws Exception {
    Table table =
        new Table(
            "Pipeline of three federated stages",
            "clients",
            "contestant",
            "pipelines/s",
            "throughput ratio",
            "p50 ms",
            "p50 ratio",
            "p99 ms",
            "workflow tasks",
            "events of the first history");
    table.note(
        "Bar: inline at most 1.1 times the p50 of the hand-written workflow; as children, reported.");
    try (DevServer server = DevServer.embeddedWithoutSearchAttributes();
        Site site = Site.local(server.address(), REGIONS)) {
      StageRequest request = site.stage(REGIONS, INPUT_BYTES);
      Contestant byHand = site.untyped("by hand", "HandWrittenPipeline", request, STAGES);
      List<Contestant> contestants =
          List.of(
              byHand,
              pipeline(site, request, PipelineExecution.INLINE),
              pipeline(site, request, PipelineExecution.CHILD),
              byHand.named("by hand again"));
      duel.warmUp(contestants.subList(0, 2), STAGES);
      for (int clients : CLIENTS) {
        List<Measured> measured = duel.run(contestants, clients);
        for (Measured one : measured) {
          HistoryCost cost = HistoryCost.of(site.client(), one.workflowIds());
          table.row(
              Integer.toString(clients),
              one.name(),
              "%.1f".formatted(one.throughput()),
              one.throughputBeside(measured.get(0)).toString(),
              "%.0f".formatted(one.p50()),
              one.p50Beside(measured.get(0)).toString(),
              "%.0f".formatted(one.p99()),
              "%.2f".formatted(cost.tasks()),
              "%.1f".formatted(cost.events()));
        }
      }
    }
    return table;
  }

  private static Contestant pipeline(Site site, StageRequest request, PipelineExecution execution) {
    List<StageDefinition> stages = new ArrayList<>();
    for (int i = 1; i <= STAGES; i++) {
      stages.add(
          new StageDefinition(
              "stage" + i,
              request.type(),
              request.config(),
              null,
              i == 1 ? List.of() : List.of("stage" + (i - 1)),
              request.federation()));
    }
    PipelineDefinition pipeline =
        new PipelineDefinition("pipeline", null, execution, null, null, stages);
    FederationCoordinator coordinator = site.coordinator();
    return new Contestant(
        execution == PipelineExecution.INLINE ? "pipeline, inline" : "pipeline, children",
        () -> {
          String id = FederationCoordinator.newWorkflowId("pipeline");
          var unused =
              coordinator
                  .startPipeline(
                      pipeline, request.inputs(), id, WorkflowIdPolicy.SAME_REQUEST_ATTACHES)
                  .result();
          return id;
        });
  }
}
