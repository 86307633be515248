package dev.federated.pipeline;

import static dev.federated.stage.ScriptedRegions.json;
import static dev.federated.stage.ScriptedRegions.unavailable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.FederationConfig;
import dev.federated.model.KeyRoot;
import dev.federated.model.RegionConfig;
import dev.federated.model.StageOutcome;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.RemoteRequest;
import dev.federated.stage.RemoteResponse;
import dev.federated.stage.ScriptedRegions;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What each region of a pipeline's stage gets. */
@Timeout(60)
class DistributionInPipelineTest {
  private static final FederationConfig FEDERATION =
      FederationConfig.of(
          List.of(RegionConfig.builder("us").build(), RegionConfig.builder("eu").build()));

  private final ScriptedRegions regions = new ScriptedRegions();

  @AfterEach
  void close() {
    regions.close();
  }

  private static List<Problem> problems(String pipeline) {
    return catchThrowableOfType(
            InvalidDocumentException.class,
            () -> PipelineParser.parse(json(pipeline), "p.json", FEDERATION))
        .problems();
  }

  private static RemoteResponse echo(RemoteRequest request) {
    return new RemoteResponse(request.inputs(), 0, null, 1, 1);
  }

  private static PipelineRequest request(String pipeline, String input) {
    return new PipelineRequest(
        PipelineParser.parse(json(pipeline), "p.json", null).pipeline(), json(input));
  }

  private PipelineResult run(PipelineRequest request) {
    WorkflowStub stub =
        regions
            .client()
            .newUntypedWorkflowStub(
                PipelineWorkflow.TYPE,
                WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
    stub.start(request);
    try {
      return stub.getResult(PipelineResult.class);
    } catch (WorkflowFailedException e) {
      return ((ApplicationFailure) e.getCause()).getDetails().get(0, PipelineResult.class);
    }
  }

  @Test
  void aTemplateThatPointsNowhereIsFoundInARegionsInputs() {
    List<Problem> problems =
        problems(
            """
            {"id": "p", "stages": [{"id": "s", "federation": {"strategy": "parallel",
              "region_inputs": {"us": 1, "eu": {"a": "{{upstream.nowhere}}"}}}}]}
            """);

    assertThat(problems)
        .extracting(Problem::path)
        .containsExactly("stages[0].federation.region_inputs.eu.a");
  }

  @Test
  void aDefaultStrategyOfOneRegionDoesNotGoWithAPartition() {
    List<Problem> problems =
        problems(
            """
            {"id": "p", "federation": {"default_strategy": "nearest"}, "stages": [
              {"id": "s", "federation": {"distribution": "partition"}}]}
            """);

    assertThat(problems)
        .extracting(Problem::path)
        .containsExactly("stages[0].federation.distribution");
    assertThat(problems.get(0).message()).contains("the default strategy nearest");
  }

  @Test
  void inputsThatNobodyReadsAreAWarning() {
    ParsedPipeline parsed =
        PipelineParser.parse(
            json(
                """
                {"id": "p", "stages": [{"id": "s", "inputs": 5, "federation": {
                  "region_inputs": {"us": 1, "eu": {"secret": "x"}}}}]}
                """),
            "p.json",
            FEDERATION);

    assertThat(parsed.warnings())
        .hasSize(2)
        .anySatisfy(
            warning -> assertThat(warning).startsWith("stages[0].inputs: nothing reads this"))
        .anySatisfy(
            warning ->
                assertThat(warning)
                    .startsWith("stages[0].federation.region_inputs.eu: a secret is not resolved"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"child", "inline"})
  void everyRegionGetsItsOwnWithTemplatesFilledIn(String execution) {
    regions
        .region("us", DistributionInPipelineTest::echo)
        .region("eu", DistributionInPipelineTest::echo)
        .start();

    PipelineResult result =
        run(
            request(
                """
                {"id": "p", "federation": {"execution": "%s"}, "stages": [
                  {"id": "first"},
                  {"id": "s", "depends_on": ["first"], "federation": {"aggregation": "all",
                    "region_inputs": {"us": {"rows": "{{upstream.first.us}}"},
                                      "eu": "{{input.eu ?? 9}}"}}}]}
                """
                    .formatted(execution),
                "{\"us\": [1, 2]}"));

    assertThat(result.output()).isEqualTo(json("[{\"rows\": [1, 2]}, 9]"));
    assertThat(regions.requests)
        .extracting(RemoteRequest::inputs)
        .containsExactlyInAnyOrder(json("{\"rows\": [1, 2]}"), json("9"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"child", "inline"})
  void aRedriveOfThePipelineExecutesTheFailedPartOnly(String execution) {
    AtomicBoolean down = new AtomicBoolean(true);
    regions
        .region("us", DistributionInPipelineTest::echo)
        .region("eu", request -> down.get() ? unavailable().apply(request) : echo(request))
        .start();
    PipelineRequest request =
        request(
            """
            {"id": "p", "federation": {"execution": "%s"}, "stages": [
              {"id": "first"},
              {"id": "s", "depends_on": ["first"], "federation": {"strategy": "parallel",
                "distribution": "partition", "retry_on_failure": false,
                "on_partial_failure": "fail"}}]}
            """
                .formatted(execution),
            "[1, 2, 3, 4, 5]");
    PipelineResult first = run(request);
    assertThat(first.outcome()).isEqualTo(StageOutcome.FAILED);
    down.set(false);
    regions.requests.clear();
    regions.world().knows("us", region -> region.weight(9.0));

    PipelineResult result =
        run(
            request.redriving(
                new PipelineRedrive(
                    first.workflowId(),
                    first.runId(),
                    new KeyRoot(first.workflowId(), first.runId()),
                    first.stages(),
                    Map.of(),
                    false)));

    JsonNode output = result.output();
    // Region eu comes first by its name, so that the part that failed is the first one.
    assertThat(output).isEqualTo(json("[1, 2, 3, 4, 5]"));
    assertThat(regions.requests)
        .extracting(RemoteRequest::inputs)
        .containsExactly(json("[1, 2, 3]"));
  }
}
