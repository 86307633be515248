package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RoutingDecision;
import dev.federated.stage.StageResultJson;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.ReplayedStage;
import io.temporal.client.WorkflowNotFoundException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Shows past stages beside what another strategy would have made of them. */
final class ReplayReport {
  private final OutputOptions output;
  private final PrintWriter out;

  ReplayReport(OutputOptions output, PrintWriter out) {
    this.output = output;
    this.out = out;
  }

  int print(List<String> ids, @Nullable FederationStrategy by, Supplier<ServerSession> server) {
    FederationStrategy strategy = Objects.requireNonNull(by);
    List<ReplayedStage> stages = new ArrayList<>();
    try (ServerSession session = server.get()) {
      FederationCoordinator coordinator = new FederationCoordinator(session.client());
      for (String id : ids) {
        List<ReplayedStage> replayed = replay(coordinator, id, strategy, session);
        if (replayed.isEmpty()) {
          throw CommandException.badInput(
              "--replay", "workflow %s has recorded no decision of a stage".formatted(id));
        }
        stages.addAll(replayed);
      }
    }
    Totals totals = Totals.of(stages);
    if (output.json()) {
      JsonPrinter.print(out, json(strategy, stages, totals));
    } else {
      print(strategy, stages, totals);
    }
    return ExitCodes.SUCCEEDED;
  }

  private static List<ReplayedStage> replay(
      FederationCoordinator coordinator,
      String id,
      FederationStrategy strategy,
      ServerSession session) {
    try {
      return coordinator.replay(id, strategy);
    } catch (WorkflowNotFoundException e) {
      throw CommandException.badInput(
          "--replay",
          "there is no workflow %s in namespace %s"
              .formatted(id, session.client().getOptions().getNamespace()));
    } catch (IllegalStateException e) {
      throw CommandException.badInput("--replay", String.valueOf(e.getMessage()));
    }
  }

  /**
   * Sums over the stages of which both costs are known.
   *
   * @param compared how many these are
   * @param then what they were estimated to cost
   * @param now what the other strategy's choice is estimated to cost
   */
  private record Totals(int compared, double then, double now) {
    static Totals of(List<ReplayedStage> stages) {
      int compared = 0;
      double then = 0;
      double now = 0;
      for (ReplayedStage stage : stages) {
        if (stage.estimatedCostThen() != null && stage.estimatedCostNow() != null) {
          compared++;
          then += stage.estimatedCostThen();
          now += stage.estimatedCostNow();
        }
      }
      return new Totals(compared, then, now);
    }
  }

  private static ObjectNode json(
      FederationStrategy strategy, List<ReplayedStage> stages, Totals totals) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("strategy", strategy.wireName());
    ArrayNode list = json.putArray("stages");
    for (ReplayedStage stage : stages) {
      ObjectNode one = list.addObject();
      one.put("workflow_id", stage.workflowId()).put("stage_id", stage.stageId());
      one.set("then", StageResultJson.print(stage.then()));
      one.set("now", StageResultJson.print(stage.now()));
      one.put("not_recorded", stage.lacks());
      one.put("estimated_cost_then", stage.estimatedCostThen());
      one.put("estimated_cost_now", stage.estimatedCostNow());
      one.put("actual_cost", stage.actualCost());
    }
    json.put("stages_compared", totals.compared());
    json.put("total_estimated_cost_then", totals.then());
    json.put("total_estimated_cost_now", totals.now());
    return json;
  }

  private void print(FederationStrategy strategy, List<ReplayedStage> stages, Totals totals) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("stage", "then", "chosen", "cost", "paid", "by " + strategy.wireName(), "cost"));
    for (ReplayedStage stage : stages) {
      rows.add(
          List.of(
              stage.workflowId().endsWith(":" + stage.stageId())
                  ? stage.workflowId()
                  : stage.workflowId() + " " + stage.stageId(),
              stage.then().strategy().wireName(),
              chosen(stage.then()),
              DecisionText.money(stage.estimatedCostThen()),
              DecisionText.money(stage.actualCost()),
              stage.lacks() != null && stage.now().chosen().isEmpty()
                  ? "not recorded: " + stage.lacks()
                  : chosen(stage.now()),
              DecisionText.money(stage.estimatedCostNow())));
    }
    TextTable.print(out, rows, "");
    out.println(
        "%d of %d stages compared: estimated %s then, %s by %s"
            .formatted(
                totals.compared(),
                stages.size(),
                DecisionText.money(totals.then()),
                DecisionText.money(totals.now()),
                strategy.wireName()));
    out.flush();
  }

  private static String chosen(RoutingDecision decision) {
    return decision.chosen().isEmpty() ? DecisionText.NONE : String.join(", ", decision.chosen());
  }
}
