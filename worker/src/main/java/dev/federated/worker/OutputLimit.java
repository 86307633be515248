package dev.federated.worker;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.claimcheck.LargeData;
import dev.federated.model.FederationConfig;
import dev.federated.parsing.Problem;
import dev.federated.worker.config.FederationFile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How large an output may be that this process hands to Temporal. */
final class OutputLimit {
  private OutputLimit() {}

  /** The most bytes of JSON, with that store or without one. */
  static int bytes(LargeData largeData) {
    return largeData.isPresent()
        ? FederationConfig.MOST_OUTPUT_BYTES
        : FederationConfig.MOST_OUTPUT_BYTES_IN_HISTORY;
  }

  /** What is wrong with a federation's max_output_bytes in this process, or null. */
  static @Nullable Problem problem(FederationFile file, LargeData largeData) {
    int asked = file.config().maxOutputBytes();
    return asked <= bytes(largeData)
        ? null
        : new Problem(
            file.name(),
            "max_output_bytes",
            JsonNodeFactory.instance.numberNode(asked),
            "is %,d, and outputs over %,d bytes need a store of large data; set %s, or lower it"
                .formatted(asked, bytes(largeData), LargeData.VARIABLE),
            List.of());
  }
}
