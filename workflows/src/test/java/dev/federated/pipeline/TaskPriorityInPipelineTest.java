package dev.federated.pipeline;

import static dev.federated.stage.ScriptedRegions.answers;
import static dev.federated.stage.ScriptedRegions.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.ScriptedRegions;
import io.temporal.api.common.v1.Priority;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Priorities of a pipeline and of its stages, as they stand on the tasks. */
@Timeout(60)
class TaskPriorityInPipelineTest {
  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private static PipelineDefinition parsed(String block, String stages) {
    return PipelineParser.parse(
            json(
                "{\"id\": \"p\", \"federation\": {%s}, \"stages\": [%s]}".formatted(block, stages)),
            "pipeline.json",
            null)
        .pipeline();
  }

  @ParameterizedTest
  @CsvSource({"priority, 9", "fairness_weight, 1"})
  void aPriorityThatThereIsNotIsRefusedInThePipelinesBlockToo(String key, int value) {
    assertThatThrownBy(() -> parsed("\"%s\": %d".formatted(key, value), "{\"id\": \"a\"}"))
        .isInstanceOfSatisfying(
            InvalidDocumentException.class,
            e -> assertThat(e.problems().get(0).path()).isEqualTo("federation." + key));
  }

  @Test
  void quorumsAndWavesAreRefusedWhereTheDefaultStrategyDoesNotReadThem() {
    for (String key : List.of("grace_seconds", "pause_seconds")) {
      assertThatThrownBy(
              () ->
                  parsed(
                      "\"default_strategy\": \"nearest\"",
                      "{\"id\": \"a\", \"federation\": {\"%s\": 1}}".formatted(key)))
          .isInstanceOfSatisfying(
              InvalidDocumentException.class,
              e ->
                  assertThat(e.problems())
                      .singleElement()
                      .satisfies(
                          problem ->
                              assertThat(problem.path()).isEqualTo("stages[0].federation." + key)));
    }
  }

  @Test
  void stagesTakeWhatTheySayNothingOfFromThePipelineAndLocalOnesDoSoToo() {
    regions.region("us", answers("1")).start();
    PipelineDefinition pipeline =
        parsed(
            "\"execution\": \"inline\", \"priority\": 4, \"fairness_key\": \"tenant\"",
            """
            {"id": "local"},
            {"id": "own", "federation": {"regions": ["us"], "priority": 1}},
            {"id": "other", "federation": {"regions": ["us"], "fairness_key": "x", "fairness_weight": 2}}
            """);
    WorkflowStub stub =
        regions
            .client()
            .newUntypedWorkflowStub(
                PipelineWorkflow.TYPE,
                WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
    stub.start(new PipelineRequest(pipeline, json("1")));
    var unused = stub.getResult(JsonNode.class);

    Map<String, Priority> priorities =
        regions.client().fetchHistory(stub.getExecution().getWorkflowId()).getEvents().stream()
            .filter(HistoryEvent::hasActivityTaskScheduledEventAttributes)
            .collect(
                Collectors.toMap(
                    event -> event.getUserMetadata().getSummary().getData().toStringUtf8(),
                    event -> event.getActivityTaskScheduledEventAttributes().getPriority()));
    assertThat(priorities.get("\"local: local\"").getPriorityKey()).isEqualTo(4);
    assertThat(priorities.get("\"us: own\"").getPriorityKey()).isEqualTo(1);
    assertThat(priorities.get("\"us: own\"").getFairnessKey()).isEqualTo("tenant");
    assertThat(priorities.get("\"us: other\"").getPriorityKey()).isEqualTo(4);
    assertThat(priorities.get("\"us: other\"").getFairnessKey()).isEqualTo("x");
    assertThat(priorities.get("\"us: other\"").getFairnessWeight()).isEqualTo(2);
  }
}
