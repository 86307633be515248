package dev.federated.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.ComponentRequest;
import dev.federated.pipeline.ParsedStage;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.pipeline.TemplateException;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.Federation;
import dev.federated.worker.config.FederationConfigLoader;
import dev.federated.worker.document.DocumentReader;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestWorkflowEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A federation for tests, whose regions do what scripts say: {@code @RegisterExtension}. Each test
 * has a Temporal test server of its own, which skips time, and regions that have not been called.
 * One instance serves one test at a time.
 */
public final class FederationExtension implements BeforeEachCallback, AfterEachCallback {
  private static final String DEFAULT_STAGE = "stage";
  private static final String DEFAULT_TYPE = "transformer";
  private static final int LARGEST_FILE_BYTES = 4 * 1024 * 1024;

  private final FederationConfig federation;
  private final Map<String, RegionScript> scripts;
  private final Map<String, Function<ComponentRequest, JsonNode>> components;
  private final Map<String, Class<?>[]> workflows;
  private @Nullable Running running;

  private FederationExtension(FederationConfig federation, Builder builder) {
    this.federation = federation;
    this.scripts = new LinkedHashMap<>(builder.scripts);
    this.components = new LinkedHashMap<>(builder.components);
    this.workflows = new LinkedHashMap<>(builder.workflows);
  }

  /** What lives as long as one test. */
  private record Running(
      TestWorkflowEnvironment environment, ScriptedWorkers workers, Path directory) {}

  /** A federation to which everything has to be said. */
  public static Builder newBuilder() {
    return new Builder();
  }

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    Path directory = Files.createTempDirectory("federation");
    TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance();
    ScriptedWorkers.Builder builder =
        ScriptedWorkers.newBuilder(federation).databaseFile(directory.resolve("data.db"));
    scripts.forEach(builder::region);
    components.forEach(builder::component);
    workflows.forEach(builder::workflows);
    running = new Running(environment, builder.start(environment.getWorkflowClient()), directory);
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    Running ended = running;
    running = null;
    if (ended == null) {
      return;
    }
    ended.workers().close();
    ended.environment().close();
    try (Stream<Path> files = Files.list(ended.directory())) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(ended.directory());
  }

  private Running running() {
    if (running == null) {
      throw new IllegalStateException(
          "the federation runs inside a test only; is the field annotated with @RegisterExtension?");
    }
    return running;
  }

  /** The federation's settings. */
  public FederationConfig config() {
    return federation;
  }

  /** A client of the test's server, such as to start a workflow of the user's own. */
  public WorkflowClient client() {
    return running().environment().getWorkflowClient();
  }

  /** The test's server, such as to let time pass in it. */
  public TestWorkflowEnvironment environment() {
    return running().environment();
  }

  /**
   * Lets a region do something else from its next call on, until the end of the test.
   *
   * @throws IllegalArgumentException if the federation has no region of that name
   */
  public void script(String region, RegionScript script) {
    running().workers().script(region, script);
  }

  /** Runs a stage without inputs to its end. Failed stages have a result, too. */
  public FederatedStageResult runStage(FederatedStageConfig federated) {
    return runStage(federated, "{}");
  }

  /** Runs a stage with those inputs, JSON, to its end. */
  public FederatedStageResult runStage(FederatedStageConfig federated, String inputs) {
    return runStage(
        new StageRequest(
            DEFAULT_STAGE,
            DEFAULT_TYPE,
            JsonNodeFactory.instance.objectNode(),
            RegionScript.parse(inputs),
            federated));
  }

  /**
   * Runs the stage of a JSON file, as {@code federate stage} does.
   *
   * @param input JSON
   * @throws dev.federated.parsing.InvalidDocumentException with every problem of the file
   * @throws IllegalArgumentException if a template of the stage points nowhere
   */
  public FederatedStageResult runStage(Path file, String input) {
    ParsedStage stage = PipelineParser.parseStage(read(file), file.toString(), federation);
    try {
      return runStage(stage.request(RegionScript.parse(input)));
    } catch (TemplateException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  /** Runs a stage to its end. Failed stages have a result, too. */
  public FederatedStageResult runStage(StageRequest request) {
    WorkflowStub stub = stub(FederatedStageWorkflow.TYPE);
    stub.start(request);
    try {
      return stub.getResult(FederatedStageResult.class);
    } catch (WorkflowFailedException e) {
      FederatedStageResult result =
          Federation.resultOf(Objects.requireNonNullElse(e.getCause(), e));
      if (result == null) {
        throw e;
      }
      return result;
    }
  }

  /**
   * Runs the pipeline of a JSON file, as {@code federate run} does.
   *
   * @param input JSON
   * @throws dev.federated.parsing.InvalidDocumentException with every problem of the file
   */
  public PipelineResult runPipeline(Path file, String input) {
    return runPipeline(
        PipelineParser.parse(read(file), file.toString(), federation).pipeline(),
        RegionScript.parse(input));
  }

  /** Runs a pipeline to its end. Failed pipelines have a result, too. */
  public PipelineResult runPipeline(PipelineDefinition pipeline, JsonNode input) {
    WorkflowStub stub = stub(PipelineWorkflow.TYPE);
    stub.start(new PipelineRequest(pipeline, input));
    try {
      return stub.getResult(PipelineResult.class);
    } catch (WorkflowFailedException e) {
      if (e.getCause() instanceof ApplicationFailure failure
          && PipelineWorkflow.FAILED.equals(failure.getType())) {
        return failure.getDetails().get(0, PipelineResult.class);
      }
      throw e;
    }
  }

  private WorkflowStub stub(String type) {
    return client()
        .newUntypedWorkflowStub(
            type, WorkflowOptions.newBuilder().setTaskQueue(FederatedQueues.CONTROL).build());
  }

  private static JsonNode read(Path file) {
    String name = file.toString();
    return DocumentReader.json(DocumentReader.bytes(file, name, LARGEST_FILE_BYTES), name);
  }

  /** Every call of every region in this test, in the order in which they ended. */
  public List<RegionCall> calls() {
    return running().workers().calls();
  }

  /** The calls of one region. */
  public List<RegionCall> calls(String region) {
    return calls().stream().filter(call -> call.region().equals(region)).toList();
  }

  /** How often each idempotency key was executed, over all regions. */
  public Map<String, Integer> executionsByKey() {
    return running().workers().executionsByKey();
  }

  /** The idempotency keys that were executed more than once; empty is what a drill hopes for. */
  public List<String> duplicates() {
    return executionsByKey().entrySet().stream()
        .filter(executions -> executions.getValue() > 1)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Builds the extension. */
  public static final class Builder {
    private final Map<String, RegionScript> scripts = new LinkedHashMap<>();
    private final Map<String, Function<ComponentRequest, JsonNode>> components =
        new LinkedHashMap<>();
    private final Map<String, Class<?>[]> workflows = new LinkedHashMap<>();
    private @Nullable FederationConfig federation;

    private Builder() {}

    /** The federation; required. */
    public Builder federation(FederationConfig federation) {
      this.federation = federation;
      return this;
    }

    /**
     * The federation, from its YAML or JSON file. Secrets in it are not resolved.
     *
     * @throws dev.federated.parsing.InvalidDocumentException with every problem of the file
     */
    public Builder federation(Path file) {
      Path directory = Path.of("").toAbsolutePath();
      return federation(
          new FederationConfigLoader(Map.of(), directory).load(file.toString()).config());
    }

    /** What a region does in every test; default {@link RegionScript#up}. */
    public Builder region(String name, RegionScript script) {
      scripts.put(name, script);
      return this;
    }

    /**
     * What local components of a type give. Types without a fake are executed by the real
     * component, {@code http_request} included.
     */
    public Builder component(String type, Function<ComponentRequest, JsonNode> fake) {
      components.put(type, fake);
      return this;
    }

    /** Workflows of the user's own that call stages, on a queue of their own. */
    public Builder workflows(String taskQueue, Class<?>... types) {
      workflows.put(taskQueue, types.clone());
      return this;
    }

    /**
     * The extension.
     *
     * @throws IllegalStateException if there is no federation
     * @throws IllegalArgumentException if a script is for a region that the federation lacks
     */
    public FederationExtension build() {
      if (federation == null) {
        throw new IllegalStateException("federation(…) has to be given");
      }
      for (String region : scripts.keySet()) {
        ScriptedWorkers.requireRegion(federation, region);
      }
      return new FederationExtension(federation, this);
    }
  }
}
