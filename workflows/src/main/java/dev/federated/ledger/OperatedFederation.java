package dev.federated.ledger;

import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.parsing.FederationConfigParser;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** The federation file together with what operators said at run time. */
public final class OperatedFederation {
  private OperatedFederation() {}

  /**
   * The federation in force: without the regions that were removed, and with those that were added.
   *
   * @param file the federation file
   * @param settings what operators said, by region
   * @throws dev.federated.parsing.InvalidDocumentException if a region that was added is not one
   */
  public static FederationConfig of(FederationConfig file, Map<String, LedgerSettings> settings) {
    Map<String, RegionConfig> regions = new LinkedHashMap<>();
    file.regions().forEach(region -> regions.put(region.name(), region));
    // By name, so that every worker comes to the same digest.
    Map<String, LedgerSettings> changes = new TreeMap<>();
    settings.forEach(
        (name, said) -> {
          if (said.removed() || said.added() != null) {
            changes.put(name, said);
          }
        });
    if (changes.isEmpty()) {
      return file;
    }
    changes.forEach(
        (name, said) -> {
          if (said.added() == null) {
            regions.remove(name);
          } else {
            regions.put(name, FederationConfigParser.region(said.added(), "added region " + name));
          }
        });
    String digest = file.digest() + "+" + Integer.toHexString(changes.hashCode());
    return file.withRegions(regions.values().stream().toList(), digest);
  }
}
