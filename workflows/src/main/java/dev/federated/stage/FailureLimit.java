package dev.federated.stage;

import dev.federated.model.ToleratedFailures;
import org.jspecify.annotations.Nullable;

/** How many regions of a stage may fail: {@code tolerated_failures}. */
final class FailureLimit {
  /** Nothing is said of failures. */
  static final FailureLimit NONE = new FailureLimit(null, 0);

  private final @Nullable ToleratedFailures tolerated;
  private final int regions;

  /** The limit of a stage that is sent to so many regions. */
  FailureLimit(@Nullable ToleratedFailures tolerated, int regions) {
    this.tolerated = tolerated;
    this.regions = regions;
  }

  /** Why so many failures are too many; null if they are not, or if nothing is said of them. */
  @Nullable String exceededBy(int failed) {
    if (tolerated == null || failed <= tolerated.most(regions)) {
      return null;
    }
    String allowed = tolerated.count() == null ? ", %d regions".formatted(most()) : "";
    return "%d of %d regions failed, tolerated_failures is %s%s"
        .formatted(failed, regions, tolerated, allowed);
  }

  /** Whether so many failures are expressly allowed. */
  boolean allows(int failed) {
    return tolerated != null && failed <= most();
  }

  private int most() {
    return tolerated == null ? 0 : tolerated.most(regions);
  }
}
