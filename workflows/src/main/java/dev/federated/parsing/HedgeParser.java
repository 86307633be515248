package dev.federated.parsing;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.Hedge;
import dev.federated.model.RegionConfig;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads when a stage is executed in a further region because one takes long. */
final class HedgeParser {
  private static final double LEAST_SECONDS = 0.001;
  private static final double LONGEST_SECONDS = 86_400;
  private static final int MOST_HEDGES = 3;

  private HedgeParser() {}

  /** Reads the keys into a block whose regions and retries are read already. */
  static void parse(
      StrictObject block,
      @Nullable FederationConfig federation,
      FederatedStageConfig.Builder config) {
    config.idempotent(block.has("idempotent") ? block.bool("idempotent", false) : null);
    JsonNode given = block.node("hedge");
    if (given == null) {
      return;
    }
    if (!given.isObject()) {
      block
          .problems()
          .add(block.pathOf("hedge"), given, "has to be an object such as {\"after\": \"p95\"}");
      return;
    }
    StrictObject object = StrictObject.of(given, block.pathOf("hedge"), block.problems());
    Hedge when = when(object);
    when = when.withMaxExtraLoad(object.number("max_extra_load", 0, 1, when.maxExtraLoad()));
    when = when.withMax((int) object.integer("max", 1, MOST_HEDGES, when.max()));
    String loser = object.text("loser");
    if (loser != null && loser.equalsIgnoreCase("wait")) {
      when = when.waitingForLosers();
    } else if (loser != null && !loser.equalsIgnoreCase("cancel")) {
      object
          .problems()
          .addUnknown(object.pathOf("loser"), "choice", loser, List.of("cancel", "wait"));
    }
    object.finish();
    config.hedge(when);
    check(config.build(), block, federation);
  }

  private static Hedge when(StrictObject object) {
    Hedge byDefault = Hedge.afterPercentile(Hedge.DEFAULT_PERCENTILE);
    JsonNode after = object.node("after");
    if (after == null) {
      return byDefault;
    }
    if (after.isNumber()) {
      Double seconds = object.number("after", LEAST_SECONDS, LONGEST_SECONDS);
      return seconds == null ? byDefault : Hedge.afterSeconds(seconds);
    }
    List<String> names = Hedge.PERCENTILES.stream().map(Hedge::nameOf).toList();
    for (Double percentile : Hedge.PERCENTILES) {
      if (after.isTextual()
          && Hedge.nameOf(percentile).equals(after.asText().trim().toLowerCase(Locale.ROOT))) {
        return Hedge.afterPercentile(percentile);
      }
    }
    object
        .problems()
        .add(
            object.pathOf("after"),
            after.isValueNode() ? after : null,
            "has to be a number of seconds or one of " + String.join(", ", names));
    return byDefault;
  }

  /** A hedge that could never be started is a mistake. */
  private static void check(
      FederatedStageConfig config, StrictObject block, @Nullable FederationConfig federation) {
    if (config.maxAttempts() == 1) {
      add(
          block,
          "takes one of the attempts that max_retries allows, and there is only one; give at least"
              + " max_retries: 1 with retry_on_failure");
    }
    if (Boolean.FALSE.equals(config.idempotent())) {
      add(block, "executes a share in two regions at once, but the stage is not idempotent");
    } else if (config.idempotent() == null && federation != null) {
      checkKeys(config, block, federation);
    }
  }

  private static void checkKeys(
      FederatedStageConfig config, StrictObject block, FederationConfig federation) {
    Set<String> honouring = new TreeSet<>();
    for (RegionConfig region : federation.regions()) {
      boolean used =
          config.regions().isEmpty()
              || config.regions().contains(region.name())
              || region.name().equals(config.fallbackRegion());
      if (used && region.honoursKey()) {
        honouring.add(region.name());
      }
    }
    if (honouring.size() < 2) {
      add(
          block,
          "executes a share in two regions at once; say idempotent: true if the stage bears that, or"
              + " idempotency: true for at least two of its regions in the federation file if they"
              + " honour the idempotency key");
    }
  }

  private static void add(StrictObject block, String message) {
    block.problems().add(block.pathOf("hedge"), null, message);
  }
}
