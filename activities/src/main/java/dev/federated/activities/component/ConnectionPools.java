package dev.federated.activities.component;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** Connection pools by database, the longest unused idle one closed where there are too many. */
final class ConnectionPools implements AutoCloseable {
  private static final int MOST_POOLS = 16;
  private static final int MOST_CONNECTIONS = 4;
  private static final long CONNECTION_TIMEOUT_MS = 10_000;
  private static final long IDLE_TIMEOUT_MS = 60_000;

  /** How long one writer of the file waits for another, of this process or not. */
  private static final int SQLITE_BUSY_TIMEOUT_MS = 30_000;

  /** A database and who writes to it. Its text form shows nothing of it. */
  private record Key(String url, @Nullable String user, @Nullable String password) {
    @Override
    public String toString() {
      return "Key[***]";
    }
  }

  private final LinkedHashMap<Key, HikariDataSource> pools = new LinkedHashMap<>(16, 0.75f, true);
  private boolean closed;

  /** The pool of a PostgreSQL database by its JDBC url. */
  HikariDataSource postgres(String url, @Nullable String user, @Nullable String password)
      throws ComponentException, SQLException {
    HikariConfig config = config("database-write-postgresql");
    config.setJdbcUrl(url);
    config.setUsername(user);
    config.setPassword(password);
    config.setMaximumPoolSize(MOST_CONNECTIONS);
    config.addDataSourceProperty("stringtype", "unspecified");
    config.addDataSourceProperty("ApplicationName", "federated-execution");
    return pool(new Key(url, user, password), config);
  }

  /** The pool of a SQLite file, created with its directory where it is not there. */
  HikariDataSource sqlite(Path file) throws ComponentException, SQLException {
    Path absolute = file.toAbsolutePath();
    Path directory = absolute.getParent();
    try {
      if (directory != null) {
        Files.createDirectories(directory);
      }
    } catch (IOException e) {
      throw new ComponentException(
          "the directory of the embedded database %s cannot be created".formatted(absolute),
          false,
          e);
    }
    HikariConfig config = config("database-write-sqlite");
    config.setJdbcUrl("jdbc:sqlite:" + absolute);
    // One writer at a time is all that the file takes; here they queue instead of polling it.
    config.setMaximumPoolSize(1);
    config.setConnectionTimeout(SQLITE_BUSY_TIMEOUT_MS);
    config.addDataSourceProperty("journal_mode", "WAL");
    config.addDataSourceProperty("synchronous", "FULL");
    config.addDataSourceProperty("busy_timeout", String.valueOf(SQLITE_BUSY_TIMEOUT_MS));
    config.addDataSourceProperty("transaction_mode", "IMMEDIATE");
    return pool(new Key(config.getJdbcUrl(), null, null), config);
  }

  private static HikariConfig config(String name) {
    HikariConfig config = new HikariConfig();
    config.setPoolName(name);
    config.setMinimumIdle(0);
    config.setIdleTimeout(IDLE_TIMEOUT_MS);
    config.setConnectionTimeout(CONNECTION_TIMEOUT_MS);
    // One attempt at the first connection, so that a wrong address or password is told at once.
    config.setInitializationFailTimeout(1);
    config.setThreadFactory(
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        });
    return config;
  }

  private HikariDataSource pool(Key key, HikariConfig config)
      throws ComponentException, SQLException {
    HikariDataSource existing = existing(key);
    if (existing != null) {
      return existing;
    }
    // Outside the lock: a database that does not answer must not hold up the others.
    HikariDataSource created;
    try {
      created = new HikariDataSource(config);
    } catch (HikariPool.PoolInitializationException e) {
      if (e.getCause() instanceof SQLException cause) {
        throw cause;
      }
      throw e;
    }
    try {
      HikariDataSource kept = keep(key, created);
      if (kept != created) {
        created.close();
      }
      return kept;
    } catch (ComponentException e) {
      created.close();
      throw e;
    }
  }

  private synchronized @Nullable HikariDataSource existing(Key key) {
    return pools.get(key);
  }

  private synchronized HikariDataSource keep(Key key, HikariDataSource created)
      throws ComponentException {
    if (closed) {
      throw new ComponentException("this worker is shutting down", true);
    }
    HikariDataSource existing = pools.get(key);
    if (existing != null) {
      return existing;
    }
    Iterator<HikariDataSource> oldest = pools.values().iterator();
    while (pools.size() >= MOST_POOLS && oldest.hasNext()) {
      HikariDataSource candidate = oldest.next();
      if (candidate.getHikariPoolMXBean().getActiveConnections() == 0) {
        oldest.remove();
        candidate.close();
      }
    }
    if (pools.size() >= MOST_POOLS) {
      throw new ComponentException(
          "%d databases are in use at once, as many as this worker connects to"
              .formatted(MOST_POOLS),
          true);
    }
    pools.put(key, created);
    return created;
  }

  @Override
  public synchronized void close() {
    closed = true;
    pools.values().forEach(HikariDataSource::close);
    pools.clear();
  }
}
