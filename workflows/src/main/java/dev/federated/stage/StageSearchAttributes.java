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

  /** How the stage ended. */
  public static final SearchAttributeKey<String> OUTCOME =
      SearchAttributeKey.forKeyword("FederationOutcome");

  /** The selected regions that failed. */
  public static final SearchAttributeKey<List<String>> FAILED_REGIONS =
      SearchAttributeKey.forKeywordList("FederationFailedRegions");

  /** All of them. */
  public static final List<SearchAttributeKey<?>> ALL =
      List.of(STAGE, STRATEGY, OUTCOME, FAILED_REGIONS);

  private StageSearchAttributes() {}

  /** What a stage that ended is found by. */
  static SearchAttributeUpdate<?>[] of(FederatedStageResult result) {
    return new SearchAttributeUpdate<?>[] {
      STAGE.valueSet(result.stageId()),
      STRATEGY.valueSet(result.strategy().wireName()),
      OUTCOME.valueSet(result.outcome().wireName()),
      FAILED_REGIONS.valueSet(result.failedRegions())
    };
  }
}
