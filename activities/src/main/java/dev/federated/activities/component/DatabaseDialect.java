package dev.federated.activities.component;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Set;

/** Where the two databases of database_write differ. */
enum DatabaseDialect {
  POSTGRESQL {
    @Override
    String columnType(ColumnKind kind) {
      return switch (kind) {
        case INTEGER -> "BIGINT";
        case DOUBLE -> "DOUBLE PRECISION";
        case BOOLEAN -> "BOOLEAN";
        case TEXT -> "TEXT";
        case JSON -> "JSONB";
      };
    }

    /**
     * Every value goes as text of no type, so that the server reads it as the column's own type: a
     * number fits numeric without loss, and 1.5 is refused for an integer instead of rounded.
     */
    @Override
    void bind(PreparedStatement statement, int index, JsonNode value) throws SQLException {
      if (value.isNull()) {
        statement.setNull(index, Types.NULL);
      } else {
        statement.setString(index, value.isTextual() ? value.asText() : value.toString());
      }
    }

    @Override
    boolean isMissingTable(SQLException e) {
      return "42P01".equals(e.getSQLState());
    }

    /**
     * Two that create one table at once: the catalogue refuses the second, at the table's name
     * (42P07), at the type of its rows (42710), or at the catalogue's own index (23505).
     */
    @Override
    boolean mayBeThereNow(SQLException e) {
      return CREATED_AT_ONCE.contains(String.valueOf(e.getSQLState()));
    }
  },
  SQLITE {
    @Override
    String columnType(ColumnKind kind) {
      return switch (kind) {
        case INTEGER -> "INTEGER";
        case DOUBLE -> "REAL";
        case BOOLEAN -> "BOOLEAN";
        case TEXT, JSON -> "TEXT";
      };
    }

    @Override
    void bind(PreparedStatement statement, int index, JsonNode value) throws SQLException {
      if (value.isNull()) {
        statement.setNull(index, Types.NULL);
      } else if (value.isBoolean()) {
        statement.setInt(index, value.asBoolean() ? 1 : 0);
      } else if (value.isIntegralNumber() && value.canConvertToLong()) {
        statement.setLong(index, value.asLong());
      } else if (value.isFloatingPointNumber()) {
        statement.setDouble(index, value.asDouble());
      } else {
        statement.setString(index, value.isTextual() ? value.asText() : value.toString());
      }
    }

    @Override
    boolean isMissingTable(SQLException e) {
      return e.getMessage() != null && e.getMessage().contains("no such table");
    }

    @Override
    boolean mayBeThereNow(SQLException e) {
      return e.getMessage() != null && e.getMessage().contains("already exists");
    }
  };

  private static final Set<String> CREATED_AT_ONCE = Set.of("42P07", "42710", "23505");

  /** The type of a column that the component creates. */
  enum ColumnKind {
    INTEGER,
    DOUBLE,
    BOOLEAN,
    TEXT,
    JSON;

    /** The kind of one value; null has none. */
    static ColumnKind of(JsonNode value) {
      if (value.isIntegralNumber()) {
        return value.canConvertToLong() ? INTEGER : TEXT;
      }
      if (value.isNumber()) {
        return DOUBLE;
      }
      if (value.isBoolean()) {
        return BOOLEAN;
      }
      return value.isContainerNode() ? JSON : TEXT;
    }

    /** The kind that holds values of both. */
    ColumnKind with(ColumnKind other) {
      if (this == other) {
        return this;
      }
      boolean numbers =
          (this == INTEGER || this == DOUBLE) && (other == INTEGER || other == DOUBLE);
      return numbers ? DOUBLE : TEXT;
    }
  }

  abstract String columnType(ColumnKind kind);

  abstract void bind(PreparedStatement statement, int index, JsonNode value) throws SQLException;

  abstract boolean isMissingTable(SQLException e);

  /** Whether CREATE TABLE IF NOT EXISTS failed because somebody else may have just created it. */
  abstract boolean mayBeThereNow(SQLException e);
}
