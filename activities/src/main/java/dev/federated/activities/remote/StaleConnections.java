package dev.federated.activities.remote;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.ConnectionPool;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a request once more, on a connection of its own, if the pooled connection that it was sent
 * on turns out to be dead: the other side had restarted or closed it while it was idle. OkHttp
 * looks at a connection before it sends only after 10 s of idleness.
 *
 * <p>Dead is a connection that an earlier call has left, that broke before the first byte of an
 * answer, and within the notice: a dead one breaks after a round trip, while one that breaks later
 * has carried the request to somebody, who may have executed it. What is repeated has to be
 * idempotent all the same, because somebody may die within a round trip as well.
 */
final class StaleConnections implements Interceptor {
  private static final Logger log = LoggerFactory.getLogger(StaleConnections.class);

  /** Keeps no connection, so that a call through it makes its own. */
  private final ConnectionPool none = new ConnectionPool(0, 1, TimeUnit.SECONDS);

  private final Duration notice;

  /**
   * Repeats what breaks within that time.
   *
   * @param notice longest time in which a dead connection shows itself: a round trip, and a lost
   *     packet or two
   */
  StaleConnections(Duration notice) {
    this.notice = notice;
  }

  @Override
  public Response intercept(Chain chain) throws IOException {
    Watch watch = new Watch();
    chain.call().addEventListener(watch);
    try {
      return chain.proceed(chain.request());
    } catch (IOException e) {
      if (chain.call().isCanceled() || !watch.foundDead(e)) {
        throw e;
      }
      log.info(
          "{}:{}: a pooled connection was dead, the request is sent again on a new one",
          chain.request().url().host(),
          chain.request().url().port());
      return chain.withConnectionPool(none).proceed(chain.request());
    }
  }

  /** What a call has found of its connection. */
  private final class Watch extends EventListener {
    private volatile boolean pooled = true;
    private volatile boolean answered;
    private volatile @Nullable Long acquired;

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      pooled = false;
    }

    @Override
    public void connectionAcquired(Call call, Connection connection) {
      acquired = System.nanoTime();
    }

    @Override
    public void responseHeadersStart(Call call) {
      answered = true;
    }

    private boolean foundDead(IOException e) {
      Long since = acquired;
      return pooled
          && !answered
          && since != null
          && System.nanoTime() - since <= notice.toNanos()
          && (broken(e) || broken(e.getCause()));
    }

    private static boolean broken(@Nullable Throwable e) {
      return e instanceof SocketException || e instanceof EOFException;
    }
  }
}
