package dev.federated.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.SecretSource.Kind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretSourceTest {
  private static final String CANARY = "canary-4711";

  @Test
  void aLiteralIsInNoTextForm() {
    SecretSource literal = SecretSource.parse(CANARY);
    RegionConfig region = RegionConfig.builder("us").apiKey(literal).build();
    FederationConfig federation =
        FederationConfig.builder()
            .regions(List.of(region))
            .secrets(Map.of("db", new NamedSecret(literal, List.of("database_write"))))
            .build();

    assertThat(literal).hasToString("(literal)");
    assertThat(region.toString()).doesNotContain(CANARY);
    assertThat(federation.toString()).doesNotContain(CANARY);
  }

  @ParameterizedTest
  @CsvSource({
    "${US_KEY}, ENVIRONMENT, US_KEY",
    "file:/run/secrets/key, FILE, /run/secrets/key",
    "abc, LITERAL, abc",
    "$abc, LITERAL, $abc",
    "'file', LITERAL, 'file'",
  })
  void theFormSaysWhereTheSecretIs(String text, Kind kind, String reference) {
    assertThat(SecretSource.parse(text)).isEqualTo(new SecretSource(kind, reference));
  }

  @Test
  void variablesAndFilesAreShownAsTheyStandInTheFile() {
    assertThat(SecretSource.parse("${US_KEY}")).hasToString("${US_KEY}");
    assertThat(SecretSource.parse("file:/run/key")).hasToString("file:/run/key");
  }
}
