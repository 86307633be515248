package dev.federated.parsing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Documents as tests write them: JSON with single quotes, and NaN as YAML can give it. */
final class Documents {
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
          .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  /** Three regions, and one reduce function of its own. */
  static final FederationConfig FEDERATION =
      federation(
          "{regions: [{name: 'us-east-1'}, {name: 'eu-west-1'}, {name: 'ap-south-1'}],"
              + " reduce_functions: ['median']}");

  private Documents() {}

  static JsonNode json(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  static FederationConfig federation(String text) {
    return FederationConfigParser.parse(json(text), "federation.yaml", "digest");
  }

  /** The problems of a federation that has some. */
  static List<Problem> problemsOf(String text) {
    InvalidDocumentException thrown =
        catchThrowableOfType(InvalidDocumentException.class, () -> federation(text));
    assertThat(thrown).as(text).isNotNull();
    return thrown.problems();
  }

  /** The problem of a federation that has exactly one. */
  static Problem problemOf(String text) {
    List<Problem> problems = problemsOf(text);
    assertThat(problems).as(text).hasSize(1);
    return problems.get(0);
  }

  static FederatedStageConfig stage(String text) {
    Problems problems = new Problems("pipeline.json");
    FederatedStageConfig block = stage(text, FEDERATION, problems);
    assertThat(problems.found()).as(text).isEmpty();
    return block;
  }

  static FederatedStageConfig stage(
      String text, @Nullable FederationConfig federation, Problems problems) {
    return StageFederationParser.parse(json(text), "stages[0].federation", federation, problems);
  }

  static List<Problem> stageProblems(String text) {
    Problems problems = new Problems("pipeline.json");
    stage(text, FEDERATION, problems);
    assertThat(problems.found()).as(text).isNotEmpty();
    return problems.found();
  }

  static Problem stageProblem(String text) {
    List<Problem> problems = stageProblems(text);
    assertThat(problems).as(text).hasSize(1);
    return problems.get(0);
  }
}
