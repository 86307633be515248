package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** What the templates of a stage can refer to. The values are read and never changed. */
public interface TemplateScope {
  /** The pipeline's input. */
  JsonNode input();

  /**
   * The output of a stage that has ended; for a federated one its aggregate. JSON null is an
   * output; null means that there is none.
   */
  @Nullable JsonNode output(String stageId);

  /** The whole record of a federated stage that has ended; null for a stage that ran locally. */
  @Nullable JsonNode result(String stageId);
}
