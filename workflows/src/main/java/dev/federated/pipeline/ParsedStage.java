package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.StageRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A single stage without problems.
 *
 * @param stage the stage; it has a federation block
 * @param warnings what its author should know, each with its place; often empty
 */
public record ParsedStage(StageDefinition stage, List<String> warnings) {
  public ParsedStage {
    warnings = List.copyOf(warnings);
  }

  /**
   * The stage with its templates filled in.
   *
   * @param input what {@code {{input}}} stands for, and the inputs of a stage that names none
   * @throws TemplateException if a template points nowhere
   * @throws IllegalStateException if the stage has no federation block
   */
  public StageRequest request(JsonNode input) throws TemplateException {
    FederatedStageConfig federation = stage.federation();
    if (federation == null) {
      throw new IllegalStateException("stage %s has no federation block".formatted(stage.id()));
    }
    InputScope scope = new InputScope(input);
    return new StageRequest(
        stage.id(),
        stage.type(),
        Template.resolveConfig(stage.type(), stage.config(), scope),
        inputs(input, scope),
        RegionInputs.resolved(federation, scope));
  }

  private JsonNode inputs(JsonNode input, TemplateScope scope) throws TemplateException {
    if (RegionInputs.replaceInputs(stage)) {
      return NullNode.instance;
    }
    return stage.inputs() == null ? input : Template.resolve(stage.inputs(), scope);
  }

  /** A stage on its own sees its input only. */
  private record InputScope(JsonNode input) implements TemplateScope {
    @Override
    public @Nullable JsonNode output(String stageId) {
      return null;
    }

    @Override
    public @Nullable JsonNode result(String stageId) {
      return null;
    }
  }
}
