package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.RegionError;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.starter.ParkedExecution;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;

/** Says that stages wait for a decision, and with which commands it is made. */
final class WaitingReport {
  private final ServerSession session;
  private final OutputOptions output;
  private final PrintWriter out;
  private final PrintWriter err;

  WaitingReport(ServerSession session, OutputOptions output, PrintWriter out, PrintWriter err) {
    this.session = session;
    this.output = output;
    this.out = out;
    this.err = err;
  }

  /** Prints it and gives the exit code. */
  int print(Execution<?> execution) {
    List<ParkedExecution> parked =
        new FederationCoordinator(session.client()).parked(execution.workflowId());
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("workflow_id", execution.workflowId())
        .put("run_id", execution.runId())
        .put("outcome", "waiting");
    ArrayNode stages = json.putArray("parked");
    ArrayNode commands = json.putArray("resume");
    StringBuilder text = new StringBuilder();
    if (session.brought()) {
      String dev = "federate dev";
      commands.add(dev);
      text.append("The server ends with this command; it is brought back by: ")
          .append(dev)
          .append('\n');
    }
    for (ParkedExecution one : parked) {
      ObjectNode stage = stages.addObject();
      stage.put("stage_id", one.stage().stageId()).put("workflow_id", one.workflowId());
      one.stage().successfulRegions().forEach(stage.putArray("successful_regions")::add);
      ObjectNode failed = stage.putObject("failed_regions");
      text.append("stage ").append(one.stage().stageId()).append(" waits for a decision\n");
      for (Map.Entry<String, RegionError> region : one.stage().failedRegions().entrySet()) {
        failed.put(region.getKey(), region.getValue().message());
        text.append("  ")
            .append(region.getKey())
            .append(": ")
            .append(region.getValue().message())
            .append('\n');
      }
      for (String command : commands(execution.workflowId(), one, parked.size() > 1)) {
        commands.add(command);
        text.append("  ").append(command).append('\n');
      }
    }
    if (output.json()) {
      JsonPrinter.print(out, json);
    } else {
      out.print(text);
      out.flush();
    }
    err.println(execution.workflowId() + " waiting");
    err.flush();
    return ExitCodes.WAITING;
  }

  private static List<String> commands(String id, ParkedExecution one, boolean several) {
    String resume = "federate resume " + id + (several ? " --stage " + one.stage().stageId() : "");
    String failed = String.join(" --retry ", one.stage().failedRegions().keySet());
    return failed.isEmpty()
        ? List.of(resume + " --abort")
        : List.of(resume + " --retry " + failed, resume + " --accept", resume + " --abort");
  }
}
