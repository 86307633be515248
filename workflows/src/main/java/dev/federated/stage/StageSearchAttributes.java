package dev.federated.stage;

import io.temporal.common.SearchAttributeKey;
import io.temporal.common.SearchAttributeUpdate;
import java.util.List;

/** The optional search attributes of federated stages. */
public final class StageSearchAttributes {
  /** The stage's id. */
  public static final SearchAttributeKey<String> STAGE =
      SearchAttributeKey.forKeyword("FederationStage");

  /** The strategy that selected. */
  public static final SearchAttributeKey<String> STRATEGY =
      SearchAttributeKey.forKeyword("FederationStrategy");

  /** How the stage ended, or {@link #PARKED} while it waits for a decision. */
  public static final SearchAttributeKey<String> OUTCOME =
      SearchAttributeKey.forKeyword("FederationOutcome");

  /** The selected regions that failed. */
  public static final SearchAttributeKey<List<String>> FAILED_REGIONS =
      SearchAttributeKey.forKeywordList("FederationFailedRegions");

  /** The outcome of a stage that is parked. */
  public static final String PARKED = "parked";

  /**
   * Bytes of JSON that the list of failed regions may have, below the 2 KiB that a server takes as
   * one value (its {@code limit.searchAttributesSizeOfValue}): a longer one would block the
   * workflow's task for ever.
   */
  private static final int LONGEST_LIST_BYTES = 1_800;

  /** All of them. */
  public static final List<SearchAttributeKey<?>> ALL =
      List.of(STAGE, STRATEGY, OUTCOME, FAILED_REGIONS);

  private StageSearchAttributes() {}

  /** What a stage that ended is found by. */
  static SearchAttributeUpdate<?>[] of(FederatedStageResult result) {
    return of(result, result.outcome().wireName());
  }

  /** What a stage that waits for a decision is found by. */
  static SearchAttributeUpdate<?>[] parked(FederatedStageResult result) {
    return of(result, PARKED);
  }

  /** Takes away what {@link #parked} said of a stage whose regions execute again. */
  static SearchAttributeUpdate<?>[] notParked() {
    return new SearchAttributeUpdate<?>[] {OUTCOME.valueUnset(), FAILED_REGIONS.valueUnset()};
  }

  private static SearchAttributeUpdate<?>[] of(FederatedStageResult result, String outcome) {
    return new SearchAttributeUpdate<?>[] {
      STAGE.valueSet(result.stageId()),
      STRATEGY.valueSet(result.strategy().wireName()),
      OUTCOME.valueSet(outcome),
      FAILED_REGIONS.valueSet(fitting(result.failedRegions()))
    };
  }

  /** As many of the names, from the first, as one value holds. */
  private static List<String> fitting(List<String> names) {
    long bytes = 2;
    for (int i = 0; i < names.size(); i++) {
      bytes += PayloadSizes.encoded(names.get(i)) + 1;
      if (bytes > LONGEST_LIST_BYTES) {
        return names.subList(0, i);
      }
    }
    return names;
  }
}
