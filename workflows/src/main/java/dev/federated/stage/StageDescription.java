package dev.federated.stage;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.Redrive;
import dev.federated.model.Residency;
import dev.federated.model.StageRequest;
import java.util.List;

/** What Temporal's UI says of a stage before it has run: its summary and its details. */
public final class StageDescription {
  private StageDescription() {}

  /** One line for lists of workflows. */
  public static String summary(StageRequest request) {
    return Markdown.summary("federated stage " + request.stageId());
  }

  /**
   * Where and how the stage was asked to run, as Markdown. Nothing of its config and inputs, which
   * may be confidential.
   */
  public static String details(StageRequest request) {
    FederatedStageConfig config = request.federation();
    StringBuilder text = new StringBuilder();
    text.append("**")
        .append(Markdown.escaped(request.stageId(), 100))
        .append("** runs component ")
        .append(Markdown.escaped(request.type(), 100))
        .append("\n");
    item(text, "strategy", strategy(config));
    item(text, "regions", regions(config));
    if (config.fallbackRegion() != null) {
      item(text, "fallback", Markdown.escaped(config.fallbackRegion(), 100));
    }
    if (!config.requiredTags().isEmpty()) {
      item(text, "required tags", Markdown.names(config.requiredTags()));
    }
    if (config.residency() != null) {
      item(text, "residency", residency(config.residency()));
    }
    if (config.partitioned()) {
      item(text, "partitioned by", config.partitionByOrDefault().wireName());
    }
    if (config.regionInputs() != null) {
      item(text, "inputs", "one for each region");
    }
    if (config.onPartialFailure() != null) {
      item(text, "on partial failure", config.onPartialFailure().wireName());
    }
    Redrive redrive = request.redrive();
    if (redrive != null) {
      item(text, "redrives workflow", Markdown.escaped(redrive.workflowId(), 300));
    }
    return text.toString();
  }

  /** The strategy that a block asks for. */
  public static String strategy(FederatedStageConfig config) {
    return config.strategy() == null ? "the federation's default" : config.strategy().wireName();
  }

  /** The regions that a block names. */
  public static String regions(FederatedStageConfig config) {
    return config.regions().isEmpty()
        ? "every enabled region of the federation"
        : Markdown.names(config.regions());
  }

  private static String residency(Residency residency) {
    if (residency.regions() != null) {
      return Markdown.names(residency.regions());
    }
    return "regions with every tag of "
        + Markdown.names(residency.tags() == null ? List.of() : residency.tags());
  }

  private static void item(StringBuilder text, String name, String value) {
    text.append("\n- ").append(name).append(": ").append(value);
  }
}
