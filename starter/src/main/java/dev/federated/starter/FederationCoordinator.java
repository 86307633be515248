package dev.federated.starter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.ledger.LedgerSettings;
import dev.federated.ledger.RegionOperation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionConfig;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageRequest;
import dev.federated.parsing.RegionConfigJson;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineDescription;
import dev.federated.pipeline.PipelineRequest;
import dev.federated.pipeline.PipelineResult;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.stage.CheckHealthWorkflow;
import dev.federated.stage.ExplainStageWorkflow;
import dev.federated.stage.FederatedQueues;
import dev.federated.stage.FederatedStageException;
import dev.federated.stage.FederatedStageResult;
import dev.federated.stage.FederatedStageWorkflow;
import dev.federated.stage.Federation;
import dev.federated.stage.IdempotencyKey;
import dev.federated.stage.ParkedStage;
import dev.federated.stage.RegionHealth;
import dev.federated.stage.StageDecision;
import dev.federated.stage.StageDescription;
import io.temporal.api.enums.v1.WorkflowIdReusePolicy;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowExecutionDescription;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowTargetOptions;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.failure.ApplicationFailure;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs federated stages and pipelines on a Temporal server whose control and region workers are
 * elsewhere. Thread-safe.
 */
public final class FederationCoordinator {
  /** The component type of a stage that names none: its output is its input. */
  private static final String DEFAULT_TYPE = "transformer";

  /** Memo of every execution that this class starts: a digest of the request. */
  private static final String REQUEST_DIGEST = "federation_request";

  private static final Duration LONGEST_HEALTH_CHECK = Duration.ofSeconds(30);
  private static final Duration LONGEST_EXPLANATION = Duration.ofSeconds(30);
  private static final int RANDOM_ID_BYTES = 6;
  private static final SecureRandom RANDOM = new SecureRandom();

  private static final ObjectMapper CANONICAL =
      new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

  private final WorkflowClient client;

  /** Starts executions through that client, in its namespace. */
  public FederationCoordinator(WorkflowClient client) {
    this.client = client;
  }

  /**
   * Runs a stage whose regions pass their inputs on and waits for it.
   *
   * @throws FederatedStageException if the stage failed
   */
  public FederatedStageResult executeFederated(
      String stageId, FederatedStageConfig config, JsonNode inputs) {
    return executeFederated(
        new StageRequest(
            stageId, DEFAULT_TYPE, JsonNodeFactory.instance.objectNode(), inputs, config));
  }

  /**
   * Runs a stage and waits for it.
   *
   * @throws FederatedStageException if the stage failed
   */
  public FederatedStageResult executeFederated(StageRequest request) {
    return startFederated(request).result();
  }

  /** Starts a stage under a new workflow id, {@code <stage id>-<12 hex digits>}. */
  public Execution<FederatedStageResult> startFederated(StageRequest request) {
    return startFederated(
        request, newWorkflowId(request.stageId()), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
  }

  /**
   * Starts a stage under a workflow id of the caller's.
   *
   * @throws WorkflowIdInUseException if the id is taken and the policy does not allow to share it
   */
  public Execution<FederatedStageResult> startFederated(
      StageRequest request, String workflowId, WorkflowIdPolicy policy) {
    return start(
        FederatedStageWorkflow.TYPE,
        request,
        StageDescription.summary(request),
        StageDescription.details(request),
        workflowId,
        policy,
        FederatedStageResult.class,
        FederationCoordinator::stageFailure);
  }

  /** A stage that was started before. */
  public Execution<FederatedStageResult> stage(String workflowId) {
    return new Execution<>(
        client.newUntypedWorkflowStub(workflowId),
        FederatedStageResult.class,
        FederationCoordinator::stageFailure,
        true);
  }

  /** Starts a pipeline under a new workflow id, {@code <pipeline id>-<12 hex digits>}. */
  public Execution<PipelineResult> startPipeline(PipelineDefinition pipeline, JsonNode input) {
    return startPipeline(
        pipeline, input, newWorkflowId(pipeline.id()), WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
  }

  /**
   * Starts a pipeline under a workflow id of the caller's.
   *
   * @throws WorkflowIdInUseException if the id is taken and the policy does not allow to share it
   */
  public Execution<PipelineResult> startPipeline(
      PipelineDefinition pipeline, JsonNode input, String workflowId, WorkflowIdPolicy policy) {
    PipelineRequest request = new PipelineRequest(pipeline, input);
    return start(
        PipelineWorkflow.TYPE,
        request,
        PipelineDescription.summary(request),
        PipelineDescription.details(request),
        workflowId,
        policy,
        PipelineResult.class,
        FederationCoordinator::pipelineFailure);
  }

  /** A pipeline that was started before. */
  public Execution<PipelineResult> pipeline(String workflowId) {
    return new Execution<>(
        client.newUntypedWorkflowStub(workflowId),
        PipelineResult.class,
        FederationCoordinator::pipelineFailure,
        true);
  }

  /** The health of each region of the control worker's federation, asked in the region itself. */
  public Map<String, RegionHealth> checkHealth() {
    return checkHealth(LONGEST_HEALTH_CHECK);
  }

  /**
   * As {@link #checkHealth()}, in that time.
   *
   * @param longest how long it may take; a region without a worker takes 5 seconds
   * @throws WorkflowFailedException if it takes longer, such as without control worker
   */
  public Map<String, RegionHealth> checkHealth(Duration longest) {
    WorkflowStub stub =
        client.newUntypedWorkflowStub(
            CheckHealthWorkflow.TYPE,
            WorkflowOptions.newBuilder()
                .setWorkflowId(newWorkflowId("health"))
                .setTaskQueue(FederatedQueues.CONTROL)
                .setWorkflowRunTimeout(longest)
                .setStaticSummary("health of every region")
                .build());
    stub.start();
    return CANONICAL.convertValue(
        stub.getResult(JsonNode.class), new TypeReference<Map<String, RegionHealth>>() {});
  }

  /**
   * What a stage would decide now, by what a control worker knows: health, breakers, load, drained
   * regions. Executes nothing, and takes no region's turn.
   */
  public RoutingDecision explain(StageRequest request) {
    return explain(request, LONGEST_EXPLANATION);
  }

  /**
   * As {@link #explain(StageRequest)}, in that time.
   *
   * @throws WorkflowFailedException if it takes longer, such as without control worker
   */
  public RoutingDecision explain(StageRequest request, Duration longest) {
    WorkflowStub stub =
        client.newUntypedWorkflowStub(
            ExplainStageWorkflow.TYPE,
            WorkflowOptions.newBuilder()
                .setWorkflowId(newWorkflowId("explain-" + request.stageId()))
                .setTaskQueue(FederatedQueues.CONTROL)
                .setWorkflowRunTimeout(longest)
                .setStaticSummary("what stage %s would decide".formatted(request.stageId()))
                .build());
    stub.start(request.federation());
    return stub.getResult(RoutingDecision.class);
  }

  /**
   * What another strategy would have decided for past stages, by what they recorded when they
   * decided, and at what cost.
   *
   * @param workflowId a stage or a pipeline, closed or not; a pipeline that runs its stages inline
   *     has to be closed
   * @return the stage, or the pipeline's federated stages that have decided, in its order; without
   *     an inline one whose snapshot cannot be told from its record
   * @throws io.temporal.client.WorkflowNotFoundException if there is no such workflow
   * @throws IllegalStateException if it is neither a stage nor a pipeline
   */
  public List<ReplayedStage> replay(String workflowId, FederationStrategy strategy) {
    return new PastStages(client).replay(workflowId, strategy);
  }

  /**
   * What the federation executed, counted anew.
   *
   * @throws io.temporal.client.WorkflowUpdateException if no control worker answers
   */
  public FederationStats stats() {
    return new RegionLedger(client).stats();
  }

  /** Where the regions of a federation file stand, and those that were added at run time. */
  public List<RegionStanding> regions(FederationConfig file) {
    return RegionStanding.of(file, new RegionLedger(client).known());
  }

  /**
   * Keeps stages away from a region, for every control worker, until {@link #enableRegion}. What
   * runs there ends. Control workers know within seconds; it outlives them.
   *
   * @param reason why, for those who find it, or null
   * @throws OperationRefusedException if the federation has no such region
   */
  public LedgerSettings drainRegion(String region, @Nullable String reason) {
    return operate(RegionOperation.Action.DRAIN, region, null, reason);
  }

  /**
   * Lets stages run in a region again that was drained.
   *
   * @throws OperationRefusedException if the federation has no such region
   */
  public LedgerSettings enableRegion(String region, @Nullable String reason) {
    return operate(RegionOperation.Action.ENABLE, region, null, reason);
  }

  /**
   * Adds a region that the control workers' federation file does not have, without restarting them.
   * Its key is not sent: the region's own worker has it.
   *
   * @throws OperationRefusedException if there is a region of that name
   */
  public LedgerSettings addRegion(RegionConfig region, @Nullable String reason) {
    return operate(RegionOperation.Action.ADD, region.name(), RegionConfigJson.of(region), reason);
  }

  /**
   * Removes a region, whether it was added or is in the federation file: stages that name it fail.
   *
   * @throws OperationRefusedException if the federation has no such region
   */
  public LedgerSettings removeRegion(String region, @Nullable String reason) {
    return operate(RegionOperation.Action.REMOVE, region, null, reason);
  }

  private LedgerSettings operate(
      RegionOperation.Action action,
      String region,
      @Nullable JsonNode config,
      @Nullable String reason) {
    return new RegionLedger(client).operate(new RegionOperation(action, region, config, reason));
  }

  /**
   * The record of a closed stage, however it ended: of a cancelled one what each region had done by
   * then. Empty if it left none, as one that was terminated.
   *
   * @throws IllegalStateException if it still runs
   */
  public Optional<FederatedStageResult> stageRecord(String workflowId) {
    Operator operator = new Operator(client);
    return operator.stageRecord(operator.closed(workflowId));
  }

  /**
   * The record of a closed pipeline, however it ended: of one that was cancelled or terminated what
   * each stage had done by then.
   *
   * @throws IllegalStateException if it still runs
   */
  public PipelineResult pipelineRecord(String workflowId) {
    Operator operator = new Operator(client);
    return operator.pipelineRecord(operator.closed(workflowId));
  }

  /** The stages of an execution that wait for a decision; empty if none does. */
  public List<ParkedExecution> parked(String workflowId) {
    return new Operator(client).parked(workflowId);
  }

  /**
   * Decides about a parked stage; returns when the effect is known.
   *
   * @return where the stage stands after it: parked again, or not
   * @throws DecisionRefusedException if it cannot be carried out; the stage stays parked
   */
  public ParkedStage decide(ParkedExecution where, StageDecision decision) {
    return new Operator(client).decide(where, decision);
  }

  /**
   * Runs what failed in a closed stage again, and aggregates it with what succeeded, which is not
   * executed. The new workflow's id is {@code <root id>~r<n>}.
   *
   * @throws IllegalStateException if it still runs, or outputs that succeeded were left out of its
   *     result because that was too large
   */
  public Execution<FederatedStageResult> redriveStage(String workflowId, RedriveOptions options) {
    return redriveStage(closed(workflowId), options);
  }

  /**
   * As {@link #redriveStage(String, RedriveOptions)}, for one that was described by {@link
   * #closed}.
   */
  public Execution<FederatedStageResult> redriveStage(
      WorkflowExecutionDescription closed, RedriveOptions options) {
    check(closed, FederatedStageWorkflow.TYPE);
    Operator operator = new Operator(client);
    return startFederated(
        operator.stageToRedrive(closed, options),
        operator.nextId(closed.getExecution().getWorkflowId()),
        WorkflowIdPolicy.SAME_REQUEST_ATTACHES);
  }

  /**
   * Runs the failed stages of a closed pipeline again, and those after them. Within a federated
   * stage only the regions that failed run. The new workflow's id is {@code <root id>~r<n>}.
   *
   * @throws IllegalStateException if it or a stage of it still runs, or outputs that succeeded were
   *     left out of its result because that was too large
   */
  public Execution<PipelineResult> redrivePipeline(String workflowId, RedriveOptions options) {
    return redrivePipeline(closed(workflowId), options);
  }

  /**
   * As {@link #redrivePipeline(String, RedriveOptions)}, for one that was described by {@link
   * #closed}.
   */
  public Execution<PipelineResult> redrivePipeline(
      WorkflowExecutionDescription closed, RedriveOptions options) {
    check(closed, PipelineWorkflow.TYPE);
    Operator operator = new Operator(client);
    PipelineRequest request = operator.pipelineToRedrive(closed, options);
    return start(
        PipelineWorkflow.TYPE,
        request,
        PipelineDescription.summary(request),
        PipelineDescription.details(request),
        operator.nextId(closed.getExecution().getWorkflowId()),
        WorkflowIdPolicy.SAME_REQUEST_ATTACHES,
        PipelineResult.class,
        FederationCoordinator::pipelineFailure);
  }

  /**
   * Describes a closed execution, such as to redrive what it turns out to be.
   *
   * @throws IllegalStateException if it still runs
   */
  public WorkflowExecutionDescription closed(String workflowId) {
    return new Operator(client).closed(workflowId);
  }

  private static void check(WorkflowExecutionDescription closed, String type) {
    if (!closed.getWorkflowType().equals(type)) {
      throw new IllegalStateException(
          "workflow %s is a %s, not a %s"
              .formatted(closed.getExecution().getWorkflowId(), closed.getWorkflowType(), type));
    }
  }

  /** A workflow id that nobody has: the stem and 12 random hexadecimal digits. */
  public static String newWorkflowId(String stem) {
    byte[] random = new byte[RANDOM_ID_BYTES];
    RANDOM.nextBytes(random);
    return stem + "-" + HexFormat.of().formatHex(random);
  }

  private <T> Execution<T> start(
      String type,
      Object request,
      String summary,
      String details,
      String workflowId,
      WorkflowIdPolicy policy,
      Class<T> resultType,
      Function<WorkflowFailedException, @Nullable RuntimeException> failure) {
    String digest = digest(request);
    WorkflowIdReusePolicy reuse =
        policy == WorkflowIdPolicy.RERUN
            ? WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
            : WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE;
    WorkflowStub stub =
        client.newUntypedWorkflowStub(
            type,
            WorkflowOptions.newBuilder()
                .setWorkflowId(workflowId)
                .setTaskQueue(FederatedQueues.CONTROL)
                .setWorkflowIdReusePolicy(reuse)
                .setMemo(Map.of(REQUEST_DIGEST, digest))
                .setStaticSummary(summary)
                .setStaticDetails(details)
                .build());
    try {
      stub.start(request);
      return new Execution<>(stub, resultType, failure, false);
    } catch (WorkflowExecutionAlreadyStarted e) {
      if (policy == WorkflowIdPolicy.RERUN) {
        throw new WorkflowIdInUseException(
            workflowId, "workflow id %s is in use by a running execution".formatted(workflowId));
      }
      String runId = e.getExecution().getRunId();
      WorkflowTargetOptions.Builder target =
          WorkflowTargetOptions.newBuilder().setWorkflowId(workflowId);
      if (!runId.isEmpty()) {
        target.setRunId(runId);
      }
      WorkflowStub existing = client.newUntypedWorkflowStub(target.build(), Optional.of(type));
      if (!digest.equals(existing.describe().getMemo(REQUEST_DIGEST, String.class))) {
        throw new WorkflowIdInUseException(
            workflowId,
            "workflow id %s was used for another request; choose another id, or repeat the request"
                    .formatted(workflowId)
                + " unchanged to see its result");
      }
      return new Execution<>(existing, resultType, failure, true);
    }
  }

  private static String digest(Object request) {
    try {
      JsonNode tree = CANONICAL.valueToTree(request);
      Object sorted = CANONICAL.treeToValue(tree, Object.class);
      return IdempotencyKey.of(CANONICAL.writeValueAsString(sorted));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the request cannot be written as JSON", e);
    }
  }

  private static @Nullable RuntimeException stageFailure(WorkflowFailedException e) {
    FederatedStageResult result = e.getCause() == null ? null : Federation.resultOf(e.getCause());
    return result == null ? null : new FederatedStageException(result, e);
  }

  private static @Nullable RuntimeException pipelineFailure(WorkflowFailedException e) {
    if (e.getCause() instanceof ApplicationFailure failure
        && PipelineWorkflow.FAILED.equals(failure.getType())) {
      return new PipelineFailedException(failure.getDetails().get(0, PipelineResult.class), e);
    }
    return null;
  }

  /** The history of an execution, for a replay test of the caller's. */
  public WorkflowExecutionHistory history(String workflowId) {
    return client.fetchHistory(workflowId);
  }
}
