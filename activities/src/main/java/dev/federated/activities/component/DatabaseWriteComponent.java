package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.zaxxer.hikari.HikariDataSource;
import dev.federated.activities.component.DatabaseDialect.ColumnKind;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code database_write}: writes {@code rows} (an object or an array of objects, taken as they are;
 * default the inputs) into a table of the embedded SQLite file or of a PostgreSQL database.
 *
 * <p>The idempotency key is inserted into the table {@code federation_writes} of the same database
 * in the transaction that writes the rows. A repeat finds it and writes nothing, also when the
 * process died between the commit and the answer; of two at once the second waits for the first.
 */
final class DatabaseWriteComponent implements StageComponent, AutoCloseable {
  /** The table of the idempotency keys. */
  static final String WRITES = "federation_writes";

  private static final Logger log = LoggerFactory.getLogger(DatabaseWriteComponent.class);
  private static final int ROWS_PER_BATCH = 500;

  /** Letters, digits and underscores, as long as PostgreSQL keeps a name without cutting it. */
  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z0-9_]{1,63}");

  /** Classes of SQLSTATE that may pass: connection, rollback, resources, operator intervention. */
  private static final Set<String> RETRYABLE_CLASSES = Set.of("08", "40", "53", "57", "58");

  /** Refused user, and no such database: reported as transient by a pool that keeps trying. */
  private static final Set<String> FINAL_CLASSES = Set.of("28", "3D");

  private static final String LOCK_NOT_AVAILABLE = "55P03";

  /** SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_FULL; sqlite.org/rescode.html. */
  private static final Set<Integer> RETRYABLE_SQLITE = Set.of(5, 6, 10, 13);

  private static final ConfigShape SHAPE =
      ConfigShape.empty()
          .optional("table", ConfigShape.Kind.TEXT)
          .optional("url", ConfigShape.Kind.TEXT)
          .optional("user", ConfigShape.Kind.TEXT)
          .optional("password", ConfigShape.Kind.SECRET)
          .optional("mode", ConfigShape.Kind.TEXT)
          .optional("key_columns", ConfigShape.Kind.ARRAY)
          .optional("columns", ConfigShape.Kind.ARRAY)
          .optional("create_table", ConfigShape.Kind.BOOLEAN)
          .data("rows");

  /** What tests do where a process may die. */
  interface Steps {
    /** The rows are written but not committed. */
    default void beforeCommit() {}

    /** The rows are committed but nobody knows. */
    default void afterCommit() {}
  }

  private final Path file;
  private final Clock clock;
  private final Steps steps;
  private final ConnectionPools pools = new ConnectionPools();

  DatabaseWriteComponent(Path file) {
    this(file, Clock.systemUTC(), new Steps() {});
  }

  DatabaseWriteComponent(Path file, Clock clock, Steps steps) {
    this.file = file;
    this.clock = clock;
    this.steps = steps;
  }

  @Override
  public String type() {
    return "database_write";
  }

  /** Where and how rows are written; names are quoted. */
  private record Target(
      DatabaseDialect dialect,
      String name,
      String table,
      Map<String, ColumnKind> columns,
      List<String> keyColumns,
      boolean upsert,
      boolean create) {
    String insert() {
      String names = quoted(columns.keySet());
      String marks = columns.keySet().stream().map(column -> "?").collect(Collectors.joining(", "));
      String insert = "INSERT INTO %s (%s) VALUES (%s)".formatted(table, names, marks);
      if (!upsert) {
        return insert;
      }
      String updates =
          columns.keySet().stream()
              .filter(column -> !keyColumns.contains(column))
              .map(column -> "%1$s = excluded.%1$s".formatted(quote(column)))
              .collect(Collectors.joining(", "));
      return "%s ON CONFLICT (%s) DO %s"
          .formatted(
              insert, quoted(keyColumns), updates.isEmpty() ? "NOTHING" : "UPDATE SET " + updates);
    }

    String createTable() {
      String definitions =
          columns.entrySet().stream()
              .map(column -> quote(column.getKey()) + " " + dialect.columnType(column.getValue()))
              .collect(Collectors.joining(", "));
      String key = keyColumns.isEmpty() ? "" : ", PRIMARY KEY (%s)".formatted(quoted(keyColumns));
      return "CREATE TABLE IF NOT EXISTS %s (%s%s)".formatted(table, definitions, key);
    }
  }

  /** Stops the statement that runs when the execution is cancelled. */
  private static final class Running {
    private final AtomicReference<@Nullable Statement> statement = new AtomicReference<>();
    private final int timeoutSeconds;

    Running(ComponentContext context) {
      timeoutSeconds = (int) Math.max(1, Math.min(86_400, context.remaining().toSeconds()));
      context.onCancel(this::cancel);
    }

    <T extends Statement> T now(T running) throws SQLException {
      running.setQueryTimeout(timeoutSeconds);
      statement.set(running);
      return running;
    }

    private void cancel() {
      Statement running = statement.get();
      if (running != null) {
        try {
          running.cancel();
        } catch (SQLException e) {
          log.debug("a statement could not be cancelled: {}", e.getSQLState());
        }
      }
    }
  }

  @Override
  public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
      throws ComponentException {
    ConfigValues values = new ConfigValues(config);
    List<JsonNode> rows = rows(values.data("rows", inputs));
    String url = values.text("url");
    DatabaseDialect dialect = url == null ? DatabaseDialect.SQLITE : DatabaseDialect.POSTGRESQL;
    Target target = target(values, rows, dialect, context);
    Running running = new Running(context);
    try (Connection connection = pool(values, url).getConnection()) {
      createTables(connection, target, running);
      return write(connection, target, rows, context.idempotencyKey(), running);
    } catch (SQLException e) {
      throw failure(target, e);
    }
  }

  private HikariDataSource pool(ConfigValues values, @Nullable String url)
      throws ComponentException, SQLException {
    if (url == null) {
      if (values.node("user") != null || values.node("password") != null) {
        throw new ComponentException(
            "user and password belong to a url; the embedded database has none", false);
      }
      return pools.sqlite(file);
    }
    PostgresUrl parsed = PostgresUrl.parse(url);
    if (parsed == null) {
      throw new ComponentException("url: has to begin with jdbc:postgresql:", false);
    }
    String user = values.text("user");
    String password = values.text("password");
    return pools.postgres(
        parsed.jdbc(),
        user == null ? parsed.user() : user,
        password == null ? parsed.password() : password);
  }

  private static List<JsonNode> rows(JsonNode rows) throws ComponentException {
    List<JsonNode> list = new ArrayList<>();
    if (rows.isArray()) {
      rows.forEach(list::add);
    } else {
      list.add(rows);
    }
    for (int i = 0; i < list.size(); i++) {
      if (!list.get(i).isObject()) {
        throw new ComponentException(
            "rows: has to be an object or an array of objects; %s is %s"
                .formatted(
                    rows.isArray() ? "item " + i : "it",
                    list.get(i).getNodeType().name().toLowerCase(Locale.ROOT)),
            false);
      }
    }
    return list;
  }

  private static Target target(
      ConfigValues values, List<JsonNode> rows, DatabaseDialect dialect, ComponentContext context)
      throws ComponentException {
    String name = values.text("table", context.stageId().replaceAll("[^A-Za-z0-9_]", "_"));
    List<String> parts = List.of(name.split("\\.", -1));
    if (parts.size() > (dialect == DatabaseDialect.POSTGRESQL ? 2 : 1)) {
      throw ConfigValues.wrong("table", "a name, or schema.name in PostgreSQL");
    }
    for (String part : parts) {
      checkIdentifier("table", part);
    }
    if (parts.get(parts.size() - 1).equalsIgnoreCase(WRITES)) {
      throw ConfigValues.wrong("table", "another name than " + WRITES);
    }
    String mode = values.text("mode", "insert");
    if (!mode.equals("insert") && !mode.equals("upsert")) {
      throw ConfigValues.wrong("mode", "insert or upsert");
    }
    List<String> keyColumns = values.texts("key_columns");
    Map<String, ColumnKind> columns = columns(values.texts("columns"), rows);
    if (mode.equals("upsert") && keyColumns.isEmpty()) {
      throw new ComponentException("key_columns: is required for mode upsert", false);
    }
    if (!rows.isEmpty() && !columns.keySet().containsAll(keyColumns)) {
      throw ConfigValues.wrong("key_columns", "among the columns " + columns.keySet());
    }
    return new Target(
        dialect,
        name,
        parts.stream().map(DatabaseWriteComponent::quote).collect(Collectors.joining(".")),
        columns,
        keyColumns,
        mode.equals("upsert"),
        values.bool("create_table", true));
  }

  /** The columns in order with what they hold: the configured ones, else every key of a row. */
  private static Map<String, ColumnKind> columns(List<String> configured, List<JsonNode> rows)
      throws ComponentException {
    Set<String> names = new LinkedHashSet<>(configured);
    if (configured.isEmpty()) {
      rows.forEach(row -> row.fieldNames().forEachRemaining(names::add));
    }
    Map<String, ColumnKind> columns = new LinkedHashMap<>();
    for (String name : names) {
      checkIdentifier("columns", name);
      ColumnKind kind = null;
      for (JsonNode row : rows) {
        JsonNode value = row.path(name);
        if (!value.isNull() && !value.isMissingNode()) {
          kind = kind == null ? ColumnKind.of(value) : kind.with(ColumnKind.of(value));
        }
      }
      columns.put(name, kind == null ? ColumnKind.TEXT : kind);
    }
    if (columns.isEmpty() && !rows.isEmpty()) {
      throw new ComponentException("rows: the objects have no keys", false);
    }
    return columns;
  }

  private static void checkIdentifier(String key, String name) throws ComponentException {
    if (!IDENTIFIER.matcher(name).matches()) {
      throw new ComponentException(
          "%s: '%s' is not a name of 1 to 63 letters, digits and underscores; rename it with a transformer, or set %s"
              .formatted(key, name, key),
          false);
    }
  }

  private static String quote(String identifier) {
    return '"' + identifier + '"';
  }

  private static String quoted(Iterable<String> identifiers) {
    List<String> quoted = new ArrayList<>();
    identifiers.forEach(identifier -> quoted.add(quote(identifier)));
    return String.join(", ", quoted);
  }

  private static void createTables(Connection connection, Target target, Running running)
      throws SQLException {
    createIfMissing(
        connection,
        target.dialect(),
        running,
        WRITES,
        "CREATE TABLE IF NOT EXISTS %s (idempotency_key VARCHAR(512) PRIMARY KEY, row_count BIGINT NOT NULL, written_at VARCHAR(40) NOT NULL)"
            .formatted(WRITES));
    if (target.create() && !target.columns().isEmpty()) {
      createIfMissing(connection, target.dialect(), running, target.table(), target.createTable());
    }
  }

  /** Asks first: who may write is not always somebody who may create. */
  private static void createIfMissing(
      Connection connection, DatabaseDialect dialect, Running running, String table, String create)
      throws SQLException {
    connection.setAutoCommit(true);
    try (Statement statement = running.now(connection.createStatement())) {
      try (ResultSet rows =
          statement.executeQuery("SELECT 1 FROM %s WHERE 1 = 0".formatted(table))) {
        rows.next();
        return;
      } catch (SQLException e) {
        if (!dialect.isMissingTable(e)) {
          throw e;
        }
      }
      try {
        statement.executeUpdate(create);
      } catch (SQLException e) {
        if (!dialect.mayBeThereNow(e)) {
          throw e;
        }
        // Does nothing if the table is there now, and says what is wrong if something else is.
        statement.executeUpdate(create);
      }
    }
  }

  private JsonNode write(
      Connection connection, Target target, List<JsonNode> rows, String key, Running running)
      throws SQLException {
    connection.setAutoCommit(false);
    try {
      if (!claim(connection, key, rows.size(), running)) {
        long recorded = recorded(connection, key, running);
        connection.rollback();
        return output(target, recorded, true);
      }
      insert(connection, target, rows, running);
      steps.beforeCommit();
      connection.commit();
    } catch (SQLException | RuntimeException e) {
      try {
        connection.rollback();
      } catch (SQLException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
    steps.afterCommit();
    return output(target, rows.size(), false);
  }

  /** Inserts the key; waits for another transaction that has inserted it and not ended yet. */
  private boolean claim(Connection connection, String key, int rows, Running running)
      throws SQLException {
    try (PreparedStatement claim =
        running.now(
            connection.prepareStatement(
                "INSERT INTO %s (idempotency_key, row_count, written_at) VALUES (?, ?, ?) ON CONFLICT (idempotency_key) DO NOTHING"
                    .formatted(WRITES)))) {
      claim.setString(1, key);
      claim.setLong(2, rows);
      claim.setString(3, clock.instant().toString());
      return claim.executeUpdate() == 1;
    }
  }

  private static long recorded(Connection connection, String key, Running running)
      throws SQLException {
    try (PreparedStatement select =
        running.now(
            connection.prepareStatement(
                "SELECT row_count FROM %s WHERE idempotency_key = ?".formatted(WRITES)))) {
      select.setString(1, key);
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          // Somebody deleted it in between; a repeat decides anew.
          throw new SQLException("the record of an earlier write is gone", "40000");
        }
        return row.getLong(1);
      }
    }
  }

  private static void insert(
      Connection connection, Target target, List<JsonNode> rows, Running running)
      throws SQLException {
    if (rows.isEmpty()) {
      return;
    }
    try (PreparedStatement insert = running.now(connection.prepareStatement(target.insert()))) {
      int waiting = 0;
      for (JsonNode row : rows) {
        int index = 1;
        for (String column : target.columns().keySet()) {
          JsonNode value = row.path(column);
          target.dialect().bind(insert, index++, value.isMissingNode() ? NullNode.instance : value);
        }
        insert.addBatch();
        if (++waiting == ROWS_PER_BATCH) {
          insert.executeBatch();
          waiting = 0;
        }
      }
      if (waiting > 0) {
        insert.executeBatch();
      }
    }
  }

  private static ObjectNode output(Target target, long rows, boolean repeated) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("table", target.name())
        .put("rows_written", rows)
        .put("repeated", repeated);
  }

  private static ComponentException failure(Target target, SQLException e) {
    SQLException reason = reason(e);
    return new ComponentException(
        "table %s: %s%s"
            .formatted(
                target.name(),
                String.valueOf(reason.getMessage()).replaceAll("\\s+", " "),
                reason.getSQLState() == null
                    ? ""
                    : " (SQLSTATE %s)".formatted(reason.getSQLState())),
        retryable(e),
        e);
  }

  /** The failure with a state: a batch and a pool wrap what the database said. */
  private static SQLException reason(SQLException e) {
    SQLException reason = e;
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql) {
        reason = sql;
      }
    }
    SQLException next = e.getNextException();
    return reason == e && next != null ? next : reason;
  }

  private static boolean retryable(SQLException e) {
    SQLException reason = reason(e);
    if (reason instanceof org.sqlite.SQLiteException sqlite) {
      // Extended codes keep the primary code in their lowest byte.
      return RETRYABLE_SQLITE.contains(sqlite.getResultCode().code & 0xff);
    }
    String state = reason.getSQLState();
    if (state == null || state.length() < 2) {
      return e instanceof SQLTransientException;
    }
    String stateClass = state.substring(0, 2);
    if (FINAL_CLASSES.contains(stateClass)) {
      return false;
    }
    return RETRYABLE_CLASSES.contains(stateClass)
        || state.equals(LOCK_NOT_AVAILABLE)
        || (e instanceof SQLTransientException && reason == e);
  }

  @Override
  public List<String> problems(JsonNode config) {
    List<String> problems = new ArrayList<>(SHAPE.problems(config));
    JsonNode url = config.path("url");
    if (url.isTextual() && !url.asText().contains("{{")) {
      String problem = PostgresUrl.problem(url.asText());
      if (problem != null) {
        problems.add(problem);
      }
    }
    JsonNode mode = config.path("mode");
    JsonNode keyColumns = config.path("key_columns");
    if (mode.asText().equals("upsert") && keyColumns.isEmpty() && !keyColumns.isTextual()) {
      problems.add("key_columns: is required for mode upsert");
    }
    return problems;
  }

  @Override
  public Set<String> dataKeys() {
    return SHAPE.dataKeys();
  }

  @Override
  public void close() {
    pools.close();
  }
}
