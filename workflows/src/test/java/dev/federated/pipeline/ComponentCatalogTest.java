package dev.federated.pipeline;

import static dev.federated.pipeline.Json.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.federated.parsing.Problem;
import dev.federated.parsing.Problems;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComponentCatalogTest {
  private static List<Problem> check(String type, String stageId, String config) {
    Problems problems = new Problems("p.json");
    ComponentCatalog.check(type, json(config), stageId, "config", problems);
    return problems.found();
  }

  @Test
  void anUnknownTypeHasNoKeys() {
    assertThatThrownBy(() -> ComponentCatalog.keys("nope"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nope");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "http_request~{}~url",
        "http_request~{url: null}~url",
        "http_request~{url: 5}~url",
        "http_request~{url: ''}~url",
        "http_request~{url: 'ftp://x'}~url",
        "http_request~{url: 'https://'}~url",
        "http_request~{url: 'https://x', method: 'FETCH'}~method",
        "http_request~{url: 'https://x', method: 1}~method",
        "http_request~{url: 'https://x', headers: []}~headers",
        "http_request~{url: 'https://x', headers: {a: 1}}~headers.a",
        "http_request~{url: 'https://x', timeout_seconds: 0}~timeout_seconds",
        "http_request~{url: 'https://x', timeout_seconds: 3601}~timeout_seconds",
        "http_request~{url: 'https://x', timeout_seconds: '30'}~timeout_seconds",
        "http_request~{url: 'https://x', expected_status: 200}~expected_status",
        "http_request~{url: 'https://x', expected_status: [200, 20]}~expected_status[1]",
        "http_request~{url: 'https://x', expected_status: [200.5]}~expected_status[0]",
        "http_request~{url: 'https://x', follow_redirects: 'yes'}~follow_redirects",
        "http_request~{url: 'https://x', follow_redirects: 'x{{input.f}}'}~follow_redirects",
        "http_request~{url: 'https://x', retries: 3}~retries",
        "json_transform~{jmespath_expression: 1}~jmespath_expression",
        "json_transform~{jmespath_expression: ' '}~jmespath_expression",
        "json_transform~{expression: '@'}~expression",
        "transformer~{jmespath_expression: 'a', expression: 'b'}~expression",
        "database_write~{table: 'a-b'}~table",
        "database_write~{table: 'a.b.c'}~table",
        "database_write~{table: 'x; drop table y'}~table",
        "database_write~{url: 'postgresql://db'}~url",
        "database_write~{user: {secret: 'a', x: 1}}~user",
        "database_write~{password: 'p'}~password",
        "database_write~{mode: 'replace'}~mode",
        "database_write~{mode: 'upsert'}~key_columns",
        "database_write~{mode: 'upsert', key_columns: []}~key_columns",
        "database_write~{key_columns: ['id', 'id']}~key_columns[1]",
        "database_write~{key_columns: 'id'}~key_columns",
        "database_write~{key_columns: ['id'], columns: ['a']}~key_columns[0]",
        "database_write~{columns: [1]}~columns[0]",
        "database_write~{rows: 5}~rows",
        "database_write~{rows: [{}, 5]}~rows",
        "database_write~{create_table: 1}~create_table",
        "database_write~{dsn_secret: 'x'}~dsn_secret",
        "filter~{}~jmespath_expression",
        "filter~{condition: 'a', data: {}}~data",
        "schema_validate~{}~schema",
        "schema_validate~{schema: true}~schema",
        "logger~{message: 5}~message",
        "logger~{level: 'trace'}~level",
        "database_write~{mode: 'INSERT'}~mode"
      })
  void aBadConfigIsRefused(String type, String config, String path) {
    assertThat(check(type, "stage", config))
        .extracting(Problem::path)
        .containsExactly("config." + path);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "http_request~{url: 'HTTPS://x.example.com/a', method: 'POST', body: null}",
        "http_request~{url: '{{input.scheme}}://x', method: '{{input.m}}'}",
        "http_request~{url: 'https://x', headers: {a: 'b', c: {secret: 's'}, d: 'x{{input.y}}'}}",
        "http_request~{url: 'https://x', headers: '{{input.h}}', timeout_seconds: '{{input.t}}'}",
        "http_request~{url: 'https://x', expected_status: [200, '{{input.s}}'], body: [1]}",
        "http_request~{url: 'https://x', timeout_seconds: 0.1, follow_redirects: false}",
        "http_request~{url: 'https://x', method: 'post'}",
        "json_transform~{}",
        "json_transform~{jmespath_expression: '@.{a: {b: c}}', data: null}",
        "transformer~{expression: 'a'}",
        "database_write~{}",
        "database_write~{table: 'reports.daily_1', rows: [{a: 1}, '{{input.r}}']}",
        "database_write~{table: 't_{{input.day}}', url: {secret: 's'}, user: 'u', password: {secret: 'p'}}",
        "database_write~{url: 'jdbc:postgresql://db/x', mode: 'upsert', key_columns: ['id']}",
        "database_write~{mode: '{{input.m}}', columns: '{{input.c}}', rows: {a: 1}, create_table: false}",
        "filter~{condition: 'a', data: []}",
        "filter~{jmespath_expression: '[?a]', data: '{{input}}'}",
        "schema_validate~{schema: {}, data: 1}",
        "logger~{message: '', level: 'warn', data: {}}",
        "logger~{}"
      })
  void aGoodConfigIsAccepted(String type, String config) {
    assertThat(check(type, "stage", config)).isEmpty();
  }

  @Test
  void theTableComesFromTheStagesIdWhereItCan() {
    assertThat(ComponentCatalog.defaultTable("store-all.v2")).isEqualTo("store_all_v2");
    assertThat(check("database_write", "store-all.v2", "{}")).isEmpty();
    assertThat(check("database_write", "2nd", "{}"))
        .extracting(Problem::path)
        .containsExactly("config.table");
    assertThat(check("database_write", "s".repeat(64), "{}")).hasSize(1);
    assertThat(check("database_write", "2nd", "{table: 'second'}")).isEmpty();
  }

  @Test
  void everyBuiltInTypeHasItsKeys() {
    assertThat(ComponentCatalog.names())
        .containsExactly(
            "http_request",
            "json_transform",
            "transformer",
            "database_write",
            "filter",
            "schema_validate",
            "logger");
    assertThat(ComponentCatalog.keys("logger"))
        .extracting(ConfigKey::name)
        .containsExactly("message", "level", "data");
  }
}
