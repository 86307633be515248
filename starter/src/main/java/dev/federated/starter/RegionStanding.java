package dev.federated.starter;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.federated.ledger.LedgerCopy;
import dev.federated.ledger.LedgerSettings;
import dev.federated.ledger.LedgerState;
import dev.federated.ledger.OperatedFederation;
import dev.federated.model.CircuitState;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.model.WireRecord;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a region stands, as the control workers know it together.
 *
 * @param region its name
 * @param state {@code active}, {@code drained}, {@code disabled} by the federation file, or {@code
 *     removed}
 * @param added whether it was added at run time and is not in the federation file
 * @param online whether its last probe succeeded; null if that never changed
 * @param circuit its breaker; null if that never changed
 * @param inFlight executions that the workers know to run there
 * @param reason why it was drained, added or removed, in the operator's words, or null
 */
@WireRecord
@JsonInclude
public record RegionStanding(
    String region,
    String state,
    boolean added,
    @Nullable Boolean online,
    @Nullable CircuitState circuit,
    int inFlight,
    @Nullable String reason) {
  static List<RegionStanding> of(FederationConfig file, LedgerCopy.Known known) {
    List<RegionConfig> regions = new ArrayList<>(file.regions());
    for (RegionConfig region : OperatedFederation.of(file, known.settings()).regions()) {
      if (file.region(region.name()).isEmpty()) {
        regions.add(region);
      }
    }
    return regions.stream().map(region -> of(region, file, known)).toList();
  }

  private static RegionStanding of(
      RegionConfig region, FederationConfig file, LedgerCopy.Known known) {
    String name = region.name();
    LedgerSettings said = known.settings().getOrDefault(name, LedgerSettings.NONE);
    LedgerState.Health health = known.health().get(name);
    LedgerState.Circuit circuit = known.circuits().get(name);
    String state =
        said.removed()
            ? "removed"
            : !region.enabled() ? "disabled" : said.drained() ? "drained" : "active";
    return new RegionStanding(
        name,
        state,
        file.region(name).isEmpty(),
        health == null ? null : health.online(),
        circuit == null ? null : circuit.state(),
        known.inFlight().values().stream().mapToInt(there -> there.getOrDefault(name, 0)).sum(),
        said.reason());
  }
}
