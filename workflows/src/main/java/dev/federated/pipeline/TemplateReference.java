package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One template and what it refers to.
 *
 * @param place where it stands, such as {@code stages[1].config.url}
 * @param source the template as it is written, braces included
 * @param stageId the stage whose output it reads; null for the pipeline's input
 * @param path the way from the input or the output to the value; empty for the whole
 * @param fallback the value for a missing path; null if a missing path is an error
 */
public record TemplateReference(
    String place,
    String source,
    @Nullable String stageId,
    List<Segment> path,
    @Nullable JsonNode fallback) {
  public TemplateReference {
    path = List.copyOf(path);
  }

  /** Whether it begins at the output of a stage rather than at the pipeline's input. */
  public boolean readsStage() {
    return stageId != null;
  }

  /** One step of a path. */
  public sealed interface Segment {
    /**
     * The field of an object.
     *
     * @param name its name
     */
    record Field(String name) implements Segment {
      @Override
      public String toString() {
        return name;
      }
    }

    /**
     * The item of an array.
     *
     * @param index its position, 0 or more
     */
    record Item(int index) implements Segment {
      @Override
      public String toString() {
        return "[" + index + "]";
      }
    }
  }
}
