package dev.federated.starter.cli;

import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.WireName;
import dev.federated.pipeline.PipelineWorkflow;
import dev.federated.stage.ParkedStage;
import dev.federated.stage.StageDecision;
import dev.federated.starter.DecisionRefusedException;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.ParkedExecution;
import dev.federated.worker.config.FederationFile;
import io.temporal.client.WorkflowNotFoundException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Decides about a parked stage and waits for the result. */
@Command(
    name = "resume",
    description = "Decides about a stage that waits for a decision, and waits for the result.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class ResumeCommand implements Callable<Integer> {
  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FederationOptions federation = new FederationOptions();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Parameters(
      paramLabel = "ID",
      description = "The workflow id of the stage, or of a pipeline with a parked stage.")
  private String id = "";

  @Option(
      names = "--stage",
      paramLabel = "STAGE",
      description = "The stage, where several of the pipeline wait.")
  private @Nullable String stage;

  @Option(
      names = "--in",
      paramLabel = "REGION",
      description = "With --retry: the region that executes instead.")
  private @Nullable String in;

  @Option(
      names = "--new-key",
      description =
          "With --retry: use a new idempotency key, although the old execution may have happened.")
  private boolean newKey;

  @ArgGroup(multiplicity = "1")
  private Choice choice = new Choice();

  /** Exactly one of them. */
  static final class Choice {
    @Option(
        names = "--retry",
        arity = "1..*",
        paramLabel = "REGION",
        description = "Execute the shares of these regions again.")
    private List<String> retry = new ArrayList<>();

    @Option(
        names = "--skip",
        arity = "1..*",
        paramLabel = "REGION",
        description = "Do without these regions.")
    private List<String> skip = new ArrayList<>();

    @Option(
        names = "--accept",
        description = "Go on with what succeeded (this and no other decision).")
    private boolean accept;

    @Option(names = "--abort", description = "Let the stage fail.")
    private boolean abort;

    @Option(
        names = "--aggregate",
        paramLabel = "NAME",
        description = "Aggregate what succeeded in another way.")
    private @Nullable String aggregate;
  }

  @Override
  public Integer call() throws InterruptedException {
    CommandContext context = Federate.contextOf(federate);
    PrintWriter err = spec.commandLine().getErr();
    StageDecision decision = decision();
    FederationFile file =
        FederationOptions.loader(context).discover(federation.file(), null).orElse(null);
    try (ServerSession session =
        ServerSession.open(context, server, () -> federation.needed(file, context, null), err)) {
      FederationCoordinator coordinator = new FederationCoordinator(session.client());
      String type;
      try {
        type = session.client().newUntypedWorkflowStub(id).describe().getWorkflowType();
        ParkedStage after = coordinator.decide(parked(coordinator), decision);
        err.println(
            "stage %s %s".formatted(after.stageId(), after.parked() ? "waits again" : "goes on"));
      } catch (WorkflowNotFoundException e) {
        throw CommandException.badInput("ID", "there is no workflow " + id);
      } catch (DecisionRefusedException e) {
        throw CommandException.badInput("ID", String.valueOf(e.getMessage()));
      }
      Launch launch =
          new Launch(
              context, session, StartOptions.following(), output, spec.commandLine().getOut(), err);
      return type.equals(PipelineWorkflow.TYPE)
          ? launch.run((name, policy) -> coordinator.pipeline(id), () -> id, RunCommand.KIND)
          : launch.run((name, policy) -> coordinator.stage(id), () -> id, StageCommand.kind(id));
    }
  }

  private ParkedExecution parked(FederationCoordinator coordinator) {
    List<ParkedExecution> parked =
        coordinator.parked(id).stream()
            .filter(one -> stage == null || stage.equals(one.stage().stageId()))
            .toList();
    if (parked.isEmpty()) {
      throw CommandException.badInput(
          "ID",
          "no stage%s of workflow %s waits for a decision"
              .formatted(stage == null ? "" : " " + stage, id));
    }
    if (parked.size() > 1) {
      throw CommandException.badInput(
          "--stage",
          "%d stages of workflow %s wait; name one of %s"
              .formatted(
                  parked.size(), id, parked.stream().map(one -> one.stage().stageId()).toList()));
    }
    return parked.get(0);
  }

  private StageDecision decision() {
    if ((in != null || newKey) && choice.retry.isEmpty()) {
      throw CommandException.badInput(in == null ? "--new-key" : "--in", "goes with --retry");
    }
    if (!choice.retry.isEmpty()) {
      return new StageDecision(
          StageDecision.Action.RETRY, stage, choice.retry, in, newKey, null, null);
    }
    if (!choice.skip.isEmpty()) {
      return StageDecision.skip(choice.skip);
    }
    if (choice.aggregate != null) {
      AggregationStrategy aggregation =
          WireName.find(AggregationStrategy.class, choice.aggregate)
              .orElseThrow(
                  () ->
                      CommandException.badInput(
                          "--aggregate",
                          "'%s' is not one of %s"
                              .formatted(
                                  choice.aggregate, WireName.names(AggregationStrategy.class))));
      return StageDecision.aggregate(AggregationOptions.of(aggregation));
    }
    if (choice.abort) {
      return StageDecision.abort(null);
    }
    if (!choice.accept) {
      throw new IllegalStateException("exactly one decision is given");
    }
    return StageDecision.accept();
  }
}
